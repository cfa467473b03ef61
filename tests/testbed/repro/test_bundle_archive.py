"""Archives of scenarios: what was written is read, and nothing else that calls itself one."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.repro.archive import Blobs, read_bundle, write_bundle
from ec_acceptance.testbed.repro.document import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DOCUMENT = b'{"format": 1}'


def _archive(*members: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if change is not None:
                change(member)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _as(kind: bytes, target: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = kind, target

    return change


def _bomb() -> bytes:
    """257 MiB of zeros in a header that is read before anything is looked at."""
    head = tarfile.TarInfo("bomb")
    head.type, head.size = tarfile.XHDTYPE, 300 << 20
    return gzip.compress(head.tobuf(tarfile.PAX_FORMAT)[:512].ljust(512, b"\0") + bytes(257 << 20), 1)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    blobs = Blobs()
    digest = blobs.add(b"content", "a file")
    write_bundle(tmp_path / "b", {"format": 1, "what": digest}, blobs)
    bundle = read_bundle(tmp_path / "b")
    assert bundle.content(bundle.document["what"]) == b"content"


def test_equal_contents_give_equal_archives(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_bundle(tmp_path / name, {"format": 1}, Blobs())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_does_not_fit_is_noted() -> None:
    blobs = Blobs()
    assert blobs.add(bytes(65 << 20), "the layer") is None
    assert blobs.left_out == [f"the layer: {65 << 20} bytes"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no archive that can be read"),
        (b"garbage", "no archive that can be read"),
        (gzip.compress(b"garbage" * 1000), "no archive that can be read"),
        (_archive(("repro.json", _DOCUMENT))[:-20], "no archive that can be read"),
        (_archive(), "it has no repro.json"),
        (_archive(("repro.json", b"[")), "repro.json is no JSON"),
        (_archive(("repro.json", b"[" * 200_000)), "repro.json is no JSON"),
        (_archive(("repro.json", b"[]")), "the document is not an object"),
        (_archive(("repro.json", b"{}")), "the document has no format"),
        (_archive(("repro.json", b'{"format": 2}')), "it is of format 2"),
        (_archive(("repro.json", _DOCUMENT), ("../../evil", b"")), "a member that doesn't belong to it: '../../evil'"),
        (_archive(("repro.json", _DOCUMENT), ("/etc/passwd", b"")), "a member that doesn't belong to it"),
        (_archive(("blobs/" + "0" * 64, b"x"), ("repro.json", _DOCUMENT)), "has another digest"),
        (_archive(("repro.json", b""), change=_as(tarfile.SYMTYPE, "/etc/passwd")), "a member that is no file"),
        (_archive(("repro.json", b""), change=_as(tarfile.LNKTYPE, "/etc/passwd")), "a member that is no file"),
        (_archive(("repro.json", b""), change=_as(tarfile.CHRTYPE)), "a member that is no file"),
        (_archive(("repro.json", b" " * ((32 << 20) + 1))), "is too large"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(BundleError) as caught:
        read_bundle(tmp_path / "b")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_more_is_decompressed_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(_bomb())
    with pytest.raises(BundleError, match="more than 256 MiB"):
        read_bundle(tmp_path / "b")


def test_a_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no archive that can be read: Is a directory"):
        read_bundle(tmp_path)
