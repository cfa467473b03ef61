"""What a git server says, packet by packet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from refimpl.policy.sources.upload_pack import Advertisement, RefusedError, discover, fetch_pack

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE, TWO = b"1" * 40, b"2" * 40
FLUSH, DELIMITER = b"0000", b"0001"
ADDRESS = "https://git.test/x.git"
ADVERTISED, RESULT = "application/x-git-upload-pack-advertisement", "application/x-git-upload-pack-result"


def packets(*lines: bytes) -> bytes:
    return b"".join(line if line in {FLUSH, DELIMITER} else b"%04x%s" % (len(line) + 4, line) for line in lines)


@dataclass
class Answered:
    url: str
    content_type: str
    body: bytes
    closed: bool = False

    def read(self, size: int) -> bytes:
        part, self.body = self.body[:size], self.body[size:]
        return part

    def close(self) -> None:
        self.closed = True


@dataclass
class Server:
    """Gives one answer to each request, and remembers it."""

    body: bytes
    content_type: str = RESULT
    url: str = ""
    asked: list[tuple[str, Mapping[str, str], bytes | None]] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Answered:
        self.asked.append((url, headers, body))
        self.answers.append(Answered(self.url or url, self.content_type, self.body))
        return self.answers[-1]


def advertised(*lines: bytes, version: int = 0, url: str = "") -> Advertisement:
    server = Server(packets(*lines), ADVERTISED, url)
    found = discover(ADDRESS, server, version=version)
    assert all(answer.closed for answer in server.answers)
    return found


SERVICE = (b"# service=git-upload-pack\n", FLUSH)


def test_references_and_capabilities() -> None:
    found = advertised(
        *SERVICE, ONE + b" HEAD\0ofs-delta shallow symref=HEAD:refs/heads/a\n", TWO + b" refs/heads/a-b\n", FLUSH
    )
    assert found.references == {b"HEAD": ONE, b"refs/heads/a-b": TWO}
    assert found.capabilities == {b"ofs-delta", b"shallow", b"symref=HEAD:refs/heads/a"}
    assert (found.address, found.version, found.gives_parts) == (ADDRESS, 0, True)


def test_a_repository_that_is_cut_off_itself() -> None:
    found = advertised(*SERVICE, ONE + b" HEAD\0x\n", b"shallow " + TWO + b"\n", FLUSH)
    assert found.references == {b"HEAD": ONE}
    assert not found.gives_parts


@pytest.mark.parametrize("lines", [(*SERVICE, FLUSH), (*SERVICE, b"0" * 40 + b" capabilities^{}\0x\n", FLUSH)])
def test_a_repository_without_references(lines: tuple[bytes, ...]) -> None:
    assert set(advertised(*lines).references.values()) <= {b"0" * 40}


@pytest.mark.parametrize("before", [(), SERVICE])
@pytest.mark.parametrize(("fetch", "parts"), [(b"fetch=shallow filter\n", True), (b"fetch\n", False), (b"x\n", False)])
def test_version_2(before: tuple[bytes, ...], fetch: bytes, *, parts: bool) -> None:
    found = advertised(*before, b"version 2\n", b"ls-refs\n", fetch, FLUSH, version=2)
    assert (found.version, found.references, found.gives_parts) == (2, {}, parts)


def test_the_version_is_asked_for() -> None:
    for version, named in ((0, None), (2, "version=2")):
        server = Server(packets(*SERVICE, FLUSH), ADVERTISED)
        discover(ADDRESS, server, version=version)
        [(url, headers, body)] = server.asked
        assert (url, body) == (f"{ADDRESS}/info/refs?service=git-upload-pack", None)
        assert headers.get("Git-Protocol") == named


def test_redirects_lead_to_another_address() -> None:
    found = advertised(*SERVICE, FLUSH, url="https://other.test/y/info/refs?service=git-upload-pack")
    assert found.address == "https://other.test/y"
    with pytest.raises(RefusedError, match=r"redirected to https://other\.test/login"):
        advertised(*SERVICE, FLUSH, url="https://other.test/login")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((), "unexpected EOF"),
        ((b"# service=git-upload-pack\n",), "unexpected EOF"),
        ((b"# service=git-upload-pack\n", b"more\n", FLUSH), "isn't followed by a flush"),
        ((*SERVICE, ONE + b" HEAD\0x\n"), "unexpected EOF"),
        ((*SERVICE, b"ERR no\x0asuch\n", FLUSH), "no such"),
        ((*SERVICE, ONE[1:] + b" HEAD\n", FLUSH), "isn't a list of references"),
        ((*SERVICE, ONE + ONE[:24] + b" HEAD\n", FLUSH), "isn't a list of references"),
        ((*SERVICE, ONE + b"\n", FLUSH), "isn't a list of references"),
        ((*SERVICE, ONE + b" HEAD\n" + TWO + b" x\n", FLUSH), "isn't a list of references"),
    ],
)
def test_what_is_no_advertisement(lines: tuple[bytes, ...], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        advertised(*lines)


@pytest.mark.parametrize("body", [b"zzzz", b"+00a12345678", b"0x10", b"-001", b"0003", b"00"])
def test_what_is_no_packet(body: bytes) -> None:
    with pytest.raises(RefusedError, match=r"invalid pkt-len found|unexpected EOF"):
        discover(ADDRESS, Server(body, ADVERTISED), version=0)


def part(channel: int, data: bytes) -> bytes:
    return bytes([channel]) + data


OLD = Advertisement(ADDRESS, 0, {}, frozenset({b"shallow", b"side-band-64k", b"multi_ack"}))
NEW = Advertisement(ADDRESS, 2, {}, frozenset({b"fetch=shallow", b"object-format=sha1"}))


def fetched(offer: Advertisement, *lines: bytes, whole: bool = False, more: bytes = b"") -> tuple[bytes, bytes]:
    """The pack, and what was asked."""
    server, pack = Server(packets(*lines) + more), bytearray()
    fetch_pack(offer, [ONE, TWO], server, pack.extend, whole=whole)
    [(url, headers, body)] = server.asked
    assert url == f"{ADDRESS}/git-upload-pack"
    assert headers["Content-Type"] == "application/x-git-upload-pack-request"
    assert headers.get("Git-Protocol") == ("version=2" if offer.version else None)
    assert body is not None
    assert server.answers[0].closed
    return bytes(pack), body


def test_a_pack_without_history() -> None:
    pack, asked = fetched(
        OLD, b"shallow " + ONE, FLUSH, b"NAK\n", part(2, b"Counting\r"), part(1, b"PA"), part(1, b"CK"), FLUSH
    )
    assert pack == b"PACK"
    assert asked == packets(
        b"want %s shallow side-band-64k\n" % ONE, b"want %s\n" % TWO, b"deepen 1\n", FLUSH, b"done\n"
    )


def test_a_pack_with_all_history() -> None:
    pack, asked = fetched(OLD, b"NAK\n", part(1, b"PACK"), FLUSH, whole=True)
    assert pack == b"PACK"
    assert b"deepen" not in asked


def test_a_server_that_only_gives_everything_at_once() -> None:
    simple = Advertisement(ADDRESS, 0, {}, frozenset())
    pack, asked = fetched(simple, b"NAK\n", more=b"PACK" * 50_000)
    assert pack == b"PACK" * 50_000
    assert asked == packets(b"want %s\n" % ONE, b"want %s\n" % TWO, FLUSH, b"done\n")


@pytest.mark.parametrize("before", [(), (b"shallow-info\n", b"shallow " + ONE, DELIMITER)])
def test_a_pack_by_version_2(before: tuple[bytes, ...]) -> None:
    pack, asked = fetched(NEW, *before, b"packfile\n", part(1, b"PACK"), FLUSH)
    assert pack == b"PACK"
    assert asked == packets(
        *(b"command=fetch\n", b"object-format=sha1\n", DELIMITER, b"no-progress\n", b"ofs-delta\n"),
        *(b"want %s\n" % ONE, b"want %s\n" % TWO, b"deepen 1\n", b"done\n", FLUSH),
    )


@pytest.mark.parametrize(
    ("offer", "lines", "why"),
    [
        (OLD, (), "unexpected EOF"),
        (OLD, (b"elsewhere\n", FLUSH), "isn't what is cut off"),
        (OLD, (FLUSH, b"ACK " + ONE + b"\n", part(1, b"PACK"), FLUSH), "has no NAK"),
        (OLD, (FLUSH, b"ERR upload-pack: not our ref\n"), "upload-pack: not our ref"),
        (OLD, (FLUSH, b"NAK\n", part(3, b"out of\nmemory"), FLUSH), "out of memory"),
        (OLD, (FLUSH, b"NAK\n", part(4, b"PACK"), FLUSH), "no known channel"),
        (OLD, (FLUSH, b"NAK\n", b"", FLUSH), "no known channel"),
        (OLD, (FLUSH, b"NAK\n", part(1, b"PACK")), "unexpected EOF"),
        (NEW, (), "unexpected EOF"),
        (NEW, (b"packfile-uris\n", ONE + b" https://elsewhere.test/pack\n", DELIMITER), "has no packfile"),
        (NEW, (b"packfile\n", part(1, b"PACK")), "unexpected EOF"),
    ],
)
def test_what_is_no_pack(offer: Advertisement, lines: tuple[bytes, ...], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        fetched(offer, *lines)


def test_an_answer_of_another_kind() -> None:
    with pytest.raises(RefusedError, match="the server's answer is text/html, not a pack"):
        fetch_pack(OLD, [ONE], Server(b"", "text/html"), bytearray().extend, whole=False)
