"""Archives of rules that something happened to: headers damaged, ends missing, members there twice.

What happened stands in a scenario's words, `DAMAGES`. Archives of tar are damaged before they are compressed, unless
the words are about the compression.
"""

from __future__ import annotations

import bz2
import io
import zipfile
from typing import TYPE_CHECKING

from ec_acceptance.testbed.archive import gzip, tar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DAMAGES", "damaged"]

_BLOCK = 512
_ENTRY = b"PK\x01\x02"


def damaged(name: str, files: Sequence[tuple[str, bytes]], damage: str) -> bytes:
    """An archive of the form that its name says (tar, tar.gz, tar.bz2, zip, gz), damaged.

    Args:
        name: of the archive.
        files: at least two; of one that is only compressed the first alone.
        damage: one of `DAMAGES`.

    Raises:
        KeyError: no such damage of this form.
    """
    if name.endswith(".zip"):
        return _ZIP[damage](_zipped(files))
    data, ends = tar(files) if ".t" in name else (files[0][1], (0,))
    if damage in _TAR:
        data = _TAR[damage](data, ends[0])
        damage = "is whole"
    if name.endswith("gz"):
        data = gzip(data)[0]
    elif name.endswith("bz2"):
        data = bz2.compress(data)
    return _COMPRESSED[damage](data)


def _changed(data: bytes, at: int, bit: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def _zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def _shorter_directory(data: bytes) -> bytes:
    """The last entry of the directory gone from it, as when its size is damaged; the count is as it was."""
    last, end = data.rindex(_ENTRY), len(data) - 22
    size = last - data.index(_ENTRY)
    return data[:last] + data[end : end + 12] + size.to_bytes(4, "little") + data[end + 16 :]


def _folder_in_directory(data: bytes) -> bytes:
    """The last letter of the last file's name a slash, in the directory alone: one bit, and the file is a folder."""
    last = data.rindex(_ENTRY)
    at = last + 46 + int.from_bytes(data[last + 28 : last + 30], "little") - 1
    return _changed(data, at, data[at] ^ ord("/"))


def _changed_content(data: bytes) -> bytes:
    """A byte of the last file's content, whose checksum then is another."""
    return _changed(data, data.index(_ENTRY) - 1)


_TAR: dict[str, Callable[[bytes, int], bytes]] = {
    "has a damaged second header": lambda data, at: _changed(data, at + 3),
    "breaks off within the second header": lambda data, at: data[: at + 100],
    "breaks off before the second header": lambda data, at: data[:at],
    "has an empty block before the second header": lambda data, at: data[:at] + bytes(_BLOCK) + data[at:],
    "has the marks of its end before the second header": lambda data, at: data[:at] + bytes(2 * _BLOCK) + data[at:],
}
_COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "is whole": lambda data: data,
    "lacks its last byte": lambda data: data[:-1],
    "has another checksum": lambda data: _changed(data, len(data) - 6),
    "has a second part with a damaged begin": lambda data: data + _changed(data, 1),
    "is followed by rubbish": lambda data: data + b"rubbish",
    "begins as none": lambda data: _changed(data, 1),
}
_ZIP: dict[str, Callable[[bytes], bytes]] = {
    "is whole": lambda data: data,
    "lacks its last byte": lambda data: data[:-1],
    "is followed by rubbish": lambda data: data + b"rubbish",
    "begins as none": lambda data: _changed(data, 1),
    "has a directory that ends early": _shorter_directory,
    "has a file that is a folder in its directory": _folder_in_directory,
    "has another checksum": _changed_content,
}
#: What may have happened to an archive.
DAMAGES = frozenset({*_TAR, *_COMPRESSED, *_ZIP})
