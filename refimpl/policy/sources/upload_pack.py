"""The client's side of git's smart HTTP: what a server advertises, and a pack of what is wanted.

Dulwich has a client, too. Loading it takes a twelfth of a small run's time, and it does more of what a server says than
is good: it fetches packs from any address that the answer names, and speaks the dumb protocol if that is what it gets.

Sources: git's gitprotocol-common, gitprotocol-http, gitprotocol-pack and gitprotocol-v2.
"""

from __future__ import annotations

import re
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from refimpl.errors import PolicyError
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Ask = Callable[[str, Mapping[str, str], bytes | None], "Answer"]
    """Sends a request and judges the answer's status: URL, header fields, and the body if it is a POST."""

FAILED = "error cloning repository"
_SERVICE = "git-upload-pack"
_DISCOVERY = f"/info/refs?service={_SERVICE}"
_VERSION_2 = {"Git-Protocol": "version=2"}
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
_REFERENCE = re.compile(rb"([0-9a-f]{40}) ([^\x00-\x20\x7f]+)")
_HEAD = 4
_CHUNK = 1 << 16
_CAPABILITIES = (b"no-progress", b"ofs-delta", b"shallow", b"side-band-64k")
_PACK, _PROGRESS, _FATAL = b"\1", b"\2", b"\3"


class RefusedError(PolicyError):
    """The server doesn't give what was wanted, or answers what isn't git's protocol."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{FAILED}: {why}")


class Answer(Protocol):
    """What a request came to.

    Attributes:
        url: where the answer comes from, after redirects.
        content_type: the header field; empty without one.
    """

    url: str
    content_type: str

    def read(self, size: int, /) -> bytes:
        """As many bytes as asked for, fewer only at the end."""

    def close(self) -> None:
        """Release the connection."""


@record
class Advertisement:
    """What a server says of a repository.

    Attributes:
        address: of the repository: where redirects led.
        version: of the protocol, 0 or 2.
        references: names and 40 hex digits each; none in version 2, which is asked for them on their own.
        capabilities: as they stand there.
    """

    address: str
    version: int
    references: Mapping[bytes, bytes]
    capabilities: frozenset[bytes]

    @property
    def gives_parts(self) -> bool:
        """Whether the server can leave out the history."""
        if self.version == 0:
            return b"shallow" in self.capabilities
        fetch = next((one for one in self.capabilities if one.startswith(b"fetch=")), b"")
        return b"shallow" in fetch.removeprefix(b"fetch=").split(b" ")


def discover(address: str, ask: Ask, *, version: int) -> Advertisement:
    """Ask what there is.

    Args:
        address: of the repository, without a slash at its end.
        ask: sends the request.
        version: of the protocol, 0 or 2; a server may answer in version 0 all the same.

    Raises:
        RefusedError: the answer is an error, or none of git's.
    """
    with closing(ask(address + _DISCOVERY, {"Accept": "*/*", **(_VERSION_2 if version else {})}, None)) as answer:
        if not answer.content_type.startswith(f"application/x-{_SERVICE}-advertisement"):
            raise RefusedError("invalid pkt-len found" if answer.read(1) else "empty input")
        if not answer.url.endswith(_DISCOVERY):
            raise RefusedError(f"redirected to {answer.url}, which isn't where a repository is asked for")
        found = answer.url.removesuffix(_DISCOVERY)
        packets = _packets(answer.read)
        first = _following(packets)
        if first == f"# service={_SERVICE}\n".encode():
            if list(_section(packets)):
                raise RefusedError("the service's name isn't followed by a flush")
            first = _following(packets)
        if first is None:
            return Advertisement(found, 0, {}, frozenset())
        lines = _section(chain((first,), packets))
        if first == b"version 2\n":
            return Advertisement(found, 2, {}, frozenset(line.rstrip(b"\n") for line in lines))
        return _read_references(found, lines)


def _read_references(address: str, lines: Iterator[bytes]) -> Advertisement:
    references: dict[bytes, bytes] = {}
    capabilities: frozenset[bytes] = frozenset()
    for line in lines:
        named, nul, offered = line.rstrip(b"\n").partition(b"\0")
        if nul and not references:
            capabilities = frozenset(offered.split())
        if named.startswith(b"shallow "):  # the server's own history is cut off there
            continue
        found = _REFERENCE.fullmatch(named)
        if found is None:
            raise RefusedError("the server's answer isn't a list of references")
        references[found[2]] = found[1]
    return Advertisement(address, 0, references, capabilities)


def fetch_pack(
    advertised: Advertisement,
    wanted: Sequence[bytes],
    ask: Ask,
    write: Callable[[bytes], object],
    *,
    whole: bool,
) -> None:
    """Ask for a pack.

    Args:
        advertised: of the repository.
        wanted: one object or more.
        ask: sends the request.
        write: takes the pack, piece by piece.
        whole: with all history, which is left out otherwise if the server can do that.

    Raises:
        RefusedError: the server doesn't give it, or answers what isn't git's protocol.
    """
    part = not whole and advertised.gives_parts
    result = f"application/x-{_SERVICE}-result"
    headers = {"Content-Type": f"application/x-{_SERVICE}-request", "Accept": result}
    if advertised.version:
        headers |= _VERSION_2
    request = _request(advertised, wanted, part=part)
    with closing(ask(f"{advertised.address}/{_SERVICE}", headers, request)) as answer:
        if answer.content_type.partition(";")[0] != result:
            raise RefusedError(f"the server's answer is {answer.content_type or 'of no kind'}, not a pack")
        packets = _packets(answer.read)
        if advertised.version:
            _skip_to_pack(packets)
        else:
            if part:
                _skip_shallow(_section(packets))
            _expect(packets, b"NAK")
            if b"side-band-64k" not in advertised.capabilities:
                while data := answer.read(_CHUNK):
                    write(data)
                return
        for packet in _section(packets):
            channel, data = packet[:1], packet[1:]
            if channel == _PACK:
                write(data)
            elif channel == _FATAL:
                raise RefusedError(_line(data))
            elif channel != _PROGRESS:
                raise RefusedError("a packet of the server is of no known channel")


def _request(advertised: Advertisement, wanted: Sequence[bytes], *, part: bool) -> bytes:
    wants = [b"want " + one for one in wanted]
    deepen = [b"deepen 1"] if part else []
    if advertised.version:
        return b"".join(
            (
                _packet(b"command=fetch"),
                *([_packet(b"object-format=sha1")] if b"object-format=sha1" in advertised.capabilities else []),
                b"0001",
                *map(_packet, (b"no-progress", b"ofs-delta", *wants, *deepen, b"done")),
                b"0000",
            )
        )
    wants[0] = b" ".join((wants[0], *(one for one in _CAPABILITIES if one in advertised.capabilities)))
    return b"".join((*map(_packet, (*wants, *deepen)), b"0000", _packet(b"done")))


def _packet(line: bytes) -> bytes:
    return b"%04x%s\n" % (_HEAD + len(line) + 1, line)


def _packets(read: Callable[[int], bytes]) -> Iterator[bytes | None]:
    """The packets to the end of the answer; None for one without content, which ends a section."""
    while head := read(_HEAD):
        if not _LENGTH.fullmatch(head):
            raise RefusedError("invalid pkt-len found")
        size = int(head, 16)
        if size == _HEAD - 1:
            raise RefusedError("invalid pkt-len found")
        data = read(size - _HEAD) if size > _HEAD else b""
        if len(data) != max(0, size - _HEAD):
            raise RefusedError("unexpected EOF")
        yield data if size >= _HEAD else None


def _following(packets: Iterator[bytes | None]) -> bytes | None:
    for packet in packets:
        return packet
    raise RefusedError("unexpected EOF")


def _section(packets: Iterator[bytes | None]) -> Iterator[bytes]:
    for packet in packets:
        if packet is None:
            return
        if packet.startswith(b"ERR "):
            raise RefusedError(_line(packet[4:]))
        yield packet
    raise RefusedError("unexpected EOF")


def _skip_shallow(lines: Iterator[bytes]) -> None:
    for line in lines:
        if not line.startswith((b"shallow ", b"unshallow ")):
            raise RefusedError("the server's answer isn't what is cut off")


def _skip_to_pack(packets: Iterator[bytes | None]) -> None:
    first = _following(packets)
    if first == b"shallow-info\n":
        _skip_shallow(_section(packets))
        first = _following(packets)
    _expect(chain((first,), packets), b"packfile")


def _expect(packets: Iterator[bytes | None], line: bytes) -> None:
    if next(_section(packets), b"").rstrip(b"\n") != line:
        raise RefusedError(f"the server's answer has no {line.decode()}")


def _line(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())
