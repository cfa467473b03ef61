"""Fetching from a git server over HTTP: the client's side of upload-pack, in its versions 0 and 2.

As in git's documents gitprotocol-http, gitprotocol-pack and gitprotocol-v2. Dulwich has a client too; loading that
takes longer than all the rest that is done for a source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Answer", "Exchange", "ProtocolError", "fetch"]

_SERVICE: Final = "git-upload-pack"
_REFERENCES: Final = f"/info/refs?service={_SERVICE}"
_AGENT = b"agent=git/ec-ref"
_WANTED_CAPABILITIES: Final[tuple[bytes, ...]] = (b"side-band-64k", b"ofs-delta", b"no-progress")
_OBJECT_ID: Final = re.compile(rb"[0-9a-f]{40}")
_LENGTH: Final = re.compile(rb"[0-9a-fA-F]{4}")
_END: Final = b"0000"
_DELIMITER: Final = b"0001"
_HEAD: Final = 4
_DATA_BAND, _ERROR_BAND = 1, 3
_CHUNK: Final = 1 << 16


class ProtocolError(ValueError):
    """What a server sent isn't the protocol, or tells of an error."""


class Answer(Protocol):
    """An answer with status 200."""

    url: str
    """Where it came from, after redirects."""
    content_type: str

    def read(self, size: int, /) -> bytes:
        """As many bytes as asked for, fewer only at the end."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class Exchange(Protocol):
    """Sends a GET, or a POST when there is a body."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes | None = None, /) -> Answer:
        """Give the answer."""
        ...


@record
class _Advertisement:
    """What a server says at first; version 2 names no references then."""

    version: int
    capabilities: tuple[bytes, ...]
    references: Mapping[bytes, bytes]


def fetch(
    exchange: Exchange,
    address: str,
    choose: Callable[[Mapping[bytes, bytes]], list[bytes]],
    write: Callable[[bytes], object],
    *,
    shallow: bool,
    by_id: bool = False,
) -> None:
    """Have a pack written.

    Args:
        exchange: sends requests.
        address: of the repository.
        choose: given the server's references, returns the objects that are wanted, at least one.
        write: takes the pack, in parts.
        shallow: commits come without their parents, if the server can do it.
        by_id: ask for version 2, in which a server gives each object that it has; `choose` is given no references.

    Raises:
        ProtocolError: the server refused, or sent nonsense.
    """
    versioned = {"Git-Protocol": "version=2"} if by_id else {}
    answer = exchange(address + _REFERENCES, {"Accept": "*/*", **versioned})
    try:
        if not answer.url.endswith(_REFERENCES):
            raise ProtocolError(f"redirected to {answer.url}")
        address = answer.url.removesuffix(_REFERENCES)
        advertised = _advertised(answer)
    finally:
        answer.close()
    request = _request_v2 if advertised.version == 2 else _request
    headers = {
        "Content-Type": f"application/x-{_SERVICE}-request",
        "Accept": f"application/x-{_SERVICE}-result",
        **versioned,
    }
    body = request(choose(advertised.references), advertised.capabilities, shallow=shallow)
    answer = exchange(f"{address}/{_SERVICE}", headers, body)
    try:
        if answer.content_type.partition(";")[0] != headers["Accept"]:
            raise ProtocolError(f"invalid content type {answer.content_type!r}")
        for part in _pack(answer, advertised, shallow=shallow):
            write(part)
    finally:
        answer.close()


def _advertised(answer: Answer) -> _Advertisement:
    lines = list(_section(answer))
    if lines == [b"# service=" + _SERVICE.encode()]:
        lines = list(_section(answer))
    elif lines[:1] != [b"version 2"]:
        raise ProtocolError("unexpected first line")
    if lines[:1] == [b"version 2"]:
        return _Advertisement(2, tuple(lines[1:]), {})
    capabilities: tuple[bytes, ...] = ()
    references = {}
    for line in lines:
        text, zero, rest = line.partition(b"\0")
        if zero:
            capabilities = tuple(rest.split())
        if text == b"version 1" or text.startswith(b"shallow "):
            continue
        object_id, _, name = text.partition(b" ")
        if not _OBJECT_ID.fullmatch(object_id):
            raise ProtocolError(f"unexpected line {line[:80]!r}")
        references[name] = object_id
    return _Advertisement(0, capabilities, references)


def _request(wanted: list[bytes], capabilities: tuple[bytes, ...], *, shallow: bool) -> bytes:
    ours = [name for name in _WANTED_CAPABILITIES if name in capabilities]
    if any(name.startswith(b"agent=") for name in capabilities):
        ours.append(_AGENT)
    first, *others = wanted
    lines = [b" ".join((b"want", first, *ours)), *(b"want " + object_id for object_id in others)]
    if shallow and b"shallow" in capabilities:
        lines.append(b"deepen 1")
    return _joined(lines) + _END + _joined([b"done"])


def _request_v2(wanted: list[bytes], capabilities: tuple[bytes, ...], *, shallow: bool) -> bytes:
    heading = [b"command=fetch"]
    if any(name.startswith(b"agent=") for name in capabilities):
        heading.append(_AGENT)
    heading += [name for name in capabilities if name == b"object-format=sha1"]
    lines = [b"no-progress", b"ofs-delta", *(b"want " + object_id for object_id in wanted)]
    if shallow and _fetches_shallow(capabilities):
        lines.append(b"deepen 1")
    return _joined(heading) + _DELIMITER + _joined([*lines, b"done"]) + _END


def _fetches_shallow(capabilities: Iterable[bytes]) -> bool:
    return any(name.startswith(b"fetch=") and b"shallow" in name[len(b"fetch=") :].split() for name in capabilities)


def _pack(answer: Answer, advertised: _Advertisement, *, shallow: bool) -> Iterator[bytes]:
    """What follows the headings: the pack."""
    capabilities = advertised.capabilities
    if advertised.version == 2:
        while (heading := _line(answer)) != b"packfile":
            if heading is None:
                raise ProtocolError("no pack")
            for _ in _section(answer):
                pass
        yield from _data(answer)
        return
    if shallow and b"shallow" in capabilities:
        for _ in _section(answer):  # where history was cut
            pass
    heading = _line(answer)
    if heading != b"NAK":  # nothing in common: we named nothing
        raise ProtocolError(f"unexpected line {(heading or b'')[:80]!r}")
    if b"side-band-64k" in capabilities:
        yield from _data(answer)
        return
    while part := answer.read(_CHUNK):
        yield part


def _data(answer: Answer) -> Iterator[bytes]:
    """The bands but for those that are for people.

    Raises:
        ProtocolError: the server's own words in the band for errors.
    """
    for line in _section(answer, strip=False):
        if line[:1] == bytes([_DATA_BAND]):
            yield line[1:]
        elif line[:1] == bytes([_ERROR_BAND]):
            raise ProtocolError(_said(line[1:]))


def _section(answer: Answer, *, strip: bool = True) -> Iterator[bytes]:
    """The lines up to the next line that only separates."""
    while (line := _line(answer, strip=strip)) is not None:
        yield line


def _line(answer: Answer, *, strip: bool = True) -> bytes | None:
    head = answer.read(_HEAD)
    if not _LENGTH.fullmatch(head):
        raise ProtocolError(f"invalid pkt-len found: {head!r}")
    size = int(head, 16) - _HEAD
    if size < 0:
        return None
    line = answer.read(size)
    if len(line) < size:
        raise ProtocolError("unexpected EOF")
    if line.startswith(b"ERR "):
        raise ProtocolError(_said(line[4:]))
    return line.removesuffix(b"\n") if strip else line


def _said(words: bytes) -> str:
    return " ".join(words.decode(errors="replace").split())


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(b"%04x%b\n" % (len(line) + _HEAD + 1, line) for line in lines)
