"""The protocol line by line; over real connections it is tested with the sources."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from refimpl.policy.sources.upload_pack import ProtocolError, fetch

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS = "https://h/r.git"
MAIN, SIDE = b"a" * 40, b"b" * 40
PACK = b"PACK\0and more"
RESULT = "application/x-git-upload-pack-result"


def lines(*payloads: bytes) -> bytes:
    return b"".join(b"%04x%b" % (len(payload) + 4, payload) for payload in payloads)


SERVICE = lines(b"# service=git-upload-pack\n") + b"0000"


def offer(capabilities: bytes) -> bytes:
    return SERVICE + lines(MAIN + b" HEAD\0" + capabilities + b"\n", SIDE + b" refs/heads/side\n") + b"0000"


class FakeAnswer:
    def __init__(self, body: bytes, url: str, content_type: str) -> None:
        self._body = BytesIO(body)
        self.url = url
        self.content_type = content_type
        self.closed = False

    def read(self, size: int, /) -> bytes:
        return self._body.read(size)

    def close(self) -> None:
        self.closed = True


class FakeServer:
    """Gives its bodies one after the other."""

    def __init__(self, *bodies: bytes, redirected: str = "", content_type: str = RESULT) -> None:
        self._bodies = list(bodies)
        self._redirected = redirected
        self._content_type = content_type
        self.asked: list[tuple[str, Mapping[str, str], bytes | None]] = []
        self.answers: list[FakeAnswer] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes | None = None, /) -> FakeAnswer:
        self.asked.append((url, headers, body))
        self.answers.append(FakeAnswer(self._bodies.pop(0), self._redirected or url, self._content_type))
        return self.answers[-1]


def fetched(server: FakeServer, *, shallow: bool = True, by_id: bool = False) -> bytes:
    pack = BytesIO()
    fetch(server, ADDRESS, lambda found: [found.get(b"HEAD", MAIN)], pack.write, shallow=shallow, by_id=by_id)
    assert all(answer.closed for answer in server.answers)
    return pack.getvalue()


def test_bands_are_parted_and_history_is_cut() -> None:
    shallows = lines(b"shallow " + MAIN) + b"0000"
    bands = lines(b"\x01" + PACK[:4], b"\x02for people", b"\x01" + PACK[4:]) + b"0000"
    server = FakeServer(offer(b"shallow side-band-64k agent=x"), shallows + lines(b"NAK\n") + bands)
    assert fetched(server) == PACK
    (first, _, nothing), (second, headers, request) = server.asked
    assert (first, nothing) == (f"{ADDRESS}/info/refs?service=git-upload-pack", None)
    assert (second, headers["Accept"]) == (f"{ADDRESS}/git-upload-pack", RESULT)
    wanted = lines(b"want " + MAIN + b" side-band-64k agent=git/ec-ref\n", b"deepen 1\n")
    assert request == wanted + b"0000" + lines(b"done\n")


def test_a_server_that_can_neither_cut_history_nor_part_bands() -> None:
    server = FakeServer(offer(b"multi_ack"), lines(b"NAK\n") + PACK)
    assert fetched(server) == PACK
    assert server.asked[1][2] == lines(b"want " + MAIN + b"\n") + b"0000" + lines(b"done\n")


def test_all_history_is_asked_for_without_a_depth() -> None:
    server = FakeServer(offer(b"shallow"), lines(b"NAK\n") + PACK)
    assert fetched(server, shallow=False) == PACK
    assert b"deepen" not in (server.asked[1][2] or b"")


def test_several_objects_are_wanted_in_a_line_each() -> None:
    server = FakeServer(offer(b"ofs-delta"), lines(b"NAK\n"))
    fetch(server, ADDRESS, lambda found: sorted(found.values()), BytesIO().write, shallow=False)
    assert (server.asked[1][2] or b"").startswith(lines(b"want " + MAIN + b" ofs-delta\n", b"want " + SIDE + b"\n"))


@pytest.mark.parametrize("heading", [SERVICE, b""])
def test_version_2_gives_an_object_by_its_name(heading: bytes) -> None:
    offered = lines(b"version 2\n", b"agent=x\n", b"ls-refs\n", b"fetch=shallow filter\n", b"object-format=sha1\n")
    shallows = lines(b"shallow-info\n", b"shallow " + MAIN + b"\n") + b"0001"
    bands = lines(b"packfile\n", b"\x02for people", b"\x01" + PACK) + b"0000"
    server = FakeServer(heading + offered + b"0000", shallows + bands)
    assert fetched(server, by_id=True) == PACK
    assert [headers["Git-Protocol"] for _, headers, _ in server.asked] == ["version=2", "version=2"]
    command = lines(b"command=fetch\n", b"agent=git/ec-ref\n", b"object-format=sha1\n")
    wanted = lines(b"no-progress\n", b"ofs-delta\n", b"want " + MAIN + b"\n", b"deepen 1\n", b"done\n")
    assert server.asked[1][2] == command + b"0001" + wanted + b"0000"


def test_a_server_that_knows_no_version_2_is_asked_as_it_can() -> None:
    server = FakeServer(offer(b"side-band-64k"), lines(b"NAK\n", b"\x01" + PACK) + b"0000")
    assert fetched(server, by_id=True) == PACK


def test_where_a_redirect_led_the_next_request_goes() -> None:
    moved = "https://h/moved.git/info/refs?service=git-upload-pack"
    server = FakeServer(offer(b""), lines(b"NAK\n") + PACK, redirected=moved)
    assert fetched(server) == PACK
    assert server.asked[1][0] == "https://h/moved.git/git-upload-pack"


@pytest.mark.parametrize(
    ("bodies", "trouble"),
    [
        ([b""], "invalid pkt-len found: b''"),
        ([b"zzzz"], "invalid pkt-len found: b'zzzz'"),
        ([b"0009abc"], "unexpected EOF"),
        ([b"0000"], "unexpected first line"),
        ([SERVICE + lines(b"nothing\n") + b"0000"], "unexpected line b'nothing'"),
        ([SERVICE + lines(b"ERR not\n here\n")], "not here"),
        ([offer(b""), lines(b"ERR not our ref")], "not our ref"),
        ([offer(b""), lines(b"ACK " + MAIN)], "unexpected line b'ACK "),
        ([offer(b""), b"0000"], "unexpected line b''"),
        ([offer(b"side-band-64k"), lines(b"NAK\n", b"\x03upload-pack: no\n")], "upload-pack: no"),
        ([offer(b"side-band-64k"), lines(b"NAK\n", b"\x01PA")], "invalid pkt-len found: b''"),
        ([SERVICE + lines(b"version 2\n") + b"0000", b"0000"], "no pack"),
    ],
)
def test_nonsense_and_refusals_are_told(bodies: list[bytes], trouble: str) -> None:
    server = FakeServer(*bodies)
    with pytest.raises(ProtocolError) as told:
        fetched(server)
    assert str(told.value).startswith(trouble)
    assert all(answer.closed for answer in server.answers)


def test_a_redirect_to_something_else_is_told() -> None:
    with pytest.raises(ProtocolError, match="redirected to https://h/login"):
        fetched(FakeServer(b"", redirected="https://h/login"))


def test_a_page_instead_of_a_pack_is_told() -> None:
    with pytest.raises(ProtocolError, match="invalid content type 'text/html'"):
        fetched(FakeServer(offer(b""), b"<html>", content_type="text/html"))
