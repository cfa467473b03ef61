from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.deadline import Deadline
from refimpl.errors import StatusError, UnreachableError
from refimpl.http.challenge import challenges
from refimpl.http.transport import Transport
from refimpl.oci.dockerconfig import ANONYMOUS, Credentials
from refimpl.oci.token import TOKEN_LIMIT, TokenServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = Credentials("user", "pass")
IDENTITY = Credentials("user", "pass", identity_token="identity")
TOKEN = Response(200, (), b'{"token":"T0K"}')


class World:
    """Servers that remember what they were asked, and a transport."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.seen: list[Request] = []
        self.transport = Transport({}, Deadline(20), user_agent="test")
        self._stack.callback(self.transport.close)

    def server(self, answer: Callable[[Request], Response]) -> Server:
        def handle(request: Request) -> Response:
            self.seen.append(request)
            return answer(request)

        return self._stack.enter_context(Server(handle))

    def token(self, server: Server, credentials: Credentials = PASSWORD) -> str:
        realm = TokenServer(f"{server.url}/token", "s", server.address, "http")
        return realm.token(self.transport, credentials, "repository:a/b:pull")

    def close(self) -> None:
        self._stack.close()

    @property
    def asked(self) -> list[tuple[str, str, str]]:
        return [(one.method, one.path, one.headers.get("Authorization", "")) for one in self.seen]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def redirect(status: int, location: str) -> Callable[[Request], Response]:
    return lambda request: Response(status, (("Location", location),)) if request.path == "/token" else TOKEN


@pytest.mark.parametrize(
    ("answer", "token"),
    [
        ({"token": "t"}, "t"),
        ({"access_token": "a"}, "a"),
        ({"token": "t", "access_token": "a"}, "a"),
        ({"access_token": "", "token": "t"}, "t"),
        ({"Access_Token": "a"}, "a"),
        ({"token": "t", "expires_in": "soon", "issued_at": [], "refresh_token": None}, "t"),
        ({"token": "t", "expires_in": {"a": []}}, "t"),
    ],
    ids=str,
)
def test_forms_of_answers(world: World, answer: Any, token: str) -> None:
    assert world.token(world.server(lambda _: Response(200, (), json.dumps(answer).encode()))) == token
    assert world.seen[0].raw_query == "scope=repository%3Aa%2Fb%3Apull&service=s"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"token"',
        b'{"token":5}',
        b'{"token":""}',
        b'{"token":"a\\nb"}',
        b'{"token":"\\ud800"}',
        b'{"expires_in":%s}' % (b"9" * 5000),
        b"[" * TOKEN_LIMIT,
        b'{"token":' * (TOKEN_LIMIT // 10),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_answers_without_a_token(world: World, body: bytes) -> None:
    server = world.server(lambda _: Response(200, (), body))
    with pytest.raises(UnreachableError, match=r'^no token in bearer response of "http://127.0.0.1:\d+/token"$'):
        world.token(server)


def test_an_answer_that_is_too_large(world: World) -> None:
    server = world.server(lambda _: Response(200, (), b" " * TOKEN_LIMIT + b'{"token":"t"}'))
    with pytest.raises(UnreachableError, match=r"^body exceeds 65536 byte limit$"):
        world.token(server)


def test_an_identity_token_is_sent_in_a_form(world: World) -> None:
    assert world.token(world.server(lambda _: TOKEN), IDENTITY) == "T0K"
    assert world.asked == [("POST", "/token", "")]
    assert b"refresh_token=identity" in world.seen[0].body


def test_a_server_without_oauth2_is_asked_the_usual_way(world: World) -> None:
    server = world.server(lambda request: Response(404) if request.method == "POST" else TOKEN)
    assert world.token(server, IDENTITY) == "T0K"
    assert [one[:2] for one in world.asked] == [("POST", "/token"), ("GET", "/token")]
    assert world.asked[1][2].startswith("Basic ")


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_other_refusals_are_final(world: World, status: int) -> None:
    with pytest.raises(StatusError) as caught:
        world.token(world.server(lambda _: Response(status)), IDENTITY)
    assert caught.value.status == status
    assert len(world.seen) == 1


@pytest.mark.parametrize("status", [400, 404, 405, 410])
def test_a_token_server_doesnt_say_what_the_registry_has(world: World, status: int) -> None:
    with pytest.raises(UnreachableError, match=rf"status code {status} "):
        world.token(world.server(lambda _: Response(status)))


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_form_is_redirected_within_the_origin(world: World, status: int, method: str) -> None:
    assert world.token(world.server(redirect(status, "/other")), IDENTITY) == "T0K"
    assert [one[:2] for one in world.asked] == [("POST", "/token"), (method, "/other")]
    assert (b"refresh_token=identity" in world.seen[1].body) == (method == "POST")


@pytest.mark.parametrize("status", [307, 308])
def test_an_identity_token_goes_to_no_other_origin(world: World, status: int) -> None:
    server = world.server(redirect(status, "http://elsewhere.test/token"))
    with pytest.raises(UnreachableError, match=r"refusing token-server redirect to .* has an identity token in it"):
        world.token(server, IDENTITY)


def test_a_password_stays_within_the_origin(world: World) -> None:
    assert world.token(world.server(redirect(307, "/other"))) == "T0K"
    assert all(one[2].startswith("Basic ") for one in world.asked)
    assert len(world.asked) == 2


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.1:1/x", 'realm host "127.0.0.1" is a private or link-local address'),
        ("http://2130706433/x", 'realm host "2130706433" is a private or link-local address'),
        ("http://u:secret@169.254.169.254/x", 'realm host "169.254.169.254" is a private or link-local address'),
        ("ftp://elsewhere.test/x", 'realm scheme "ftp" not allowed; must be https'),
        ("http://[", r"parse|is no URL"),
    ],
)
def test_redirects_lead_nowhere_inside(world: World, location: str, reason: str) -> None:
    with pytest.raises(UnreachableError, match=reason) as caught:
        world.token(world.server(redirect(307, location)))
    assert "secret" not in str(caught.value)
    assert len(world.seen) == 1


def test_a_redirect_to_another_host_takes_no_password_along(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refimpl.oci.token.is_inside", lambda _: False)  # both are here
    other = world.server(lambda _: TOKEN)
    assert world.token(world.server(redirect(307, f"{other.url}/other"))) == "T0K"
    assert [one[1] for one in world.asked] == ["/token", "/other"]
    assert world.asked[0][2].startswith("Basic ")
    assert world.asked[1][2] == ""


def test_endless_redirects(world: World) -> None:
    with pytest.raises(UnreachableError, match="stopped after 10 redirects"):
        world.token(world.server(redirect(307, "/token")))


@pytest.mark.parametrize(
    ("realm", "scheme", "text"),
    [
        ("", "https", "malformed www-authenticate, missing realm: map[realm:]"),
        ("http://auth.test/t", "https", 'realm scheme "http" not allowed for a secure registry; use https'),
        ("http://registry.test/t", "https", 'realm scheme "http" not allowed for a secure registry; use https'),
        ("file:///etc/passwd", "https", 'realm scheme "file" not allowed'),
        ("//auth.test/t", "https", 'realm scheme "" not allowed; must be https (or http for insecure registries)'),
        ("http://[", "http", "missing ']' in host"),
        ("https://registry.test:99999/", "http", "invalid port"),
        ("https://localhost:5001/t", "https", 'realm host "localhost" is a private or link-local address'),
    ],
)
def test_refused_realms(realm: str, scheme: str, text: str) -> None:
    (challenge,) = challenges([f'Bearer realm="{realm}"'])
    with pytest.raises(UnreachableError) as caught:
        TokenServer.of(challenge, "registry.test", scheme)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("realm", "registry", "scheme"),
    [
        ("https://auth.test/t", "registry.test", "https"),
        ("https://gitlab.local/t", "registry.gitlab.local", "https"),
        ("http://auth.test/t", "registry.local", "http"),
        ("http://localhost:5000/t", "localhost:5000", "http"),
        ("https://10.0.0.1:443/t", "10.0.0.1", "https"),
        ("https://[::1]:5000/t", "[::1]:5000", "https"),
        ("https://LOCALHOST:5000/t", "localhost:5000", "http"),
    ],
)
def test_realms_that_are_asked(realm: str, registry: str, scheme: str) -> None:
    (challenge,) = challenges([f'Bearer realm="{realm}"'])
    assert TokenServer.of(challenge, registry, scheme).realm == realm


def test_a_realms_own_query_is_kept(world: World) -> None:
    server = world.server(lambda _: TOKEN)
    realm = TokenServer(f"{server.url}/token?account=x&scope=y#z", "", server.address, "http")
    assert realm.token(world.transport, ANONYMOUS, "s") == "T0K"
    assert world.seen[0].raw_query == "account=x&scope=s"
    assert world.asked[0][2] == ""
