"""What the server of a source in git answers, right or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from repositories import refusal

from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.policy.sources import content, git

if TYPE_CHECKING:
    from pathlib import Path

    from ec_acceptance.testbed.servers.certificates import Authority
    from ec_acceptance.testbed.servers.git import GitServer, Repository
    from refimpl.policy.sources.web import Web

ADVERTISEMENT = (("Content-Type", "application/x-git-upload-pack-advertisement"),)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(404, (), b""), "repository not found: "),
        (Response(404, (), b"gone\n"), "repository not found: gone\n"),
        (Response(401, (), b""), "authentication required: "),
        (Response(403, (), b"no"), "authorization failed: no"),
        (
            Response(500, (), b"no"),
            'unexpected client error: unexpected requesting "{url}/x.git/info/refs?service=git-upload-pack" {code}',
        ),
        (Response(200, (("Content-Type", "text/html"),), b"<html>"), "invalid pkt-len found"),
        (Response(200, (), b""), "empty input"),
    ],
)
def test_what_a_server_answers_is_told(
    authority: Authority, web: Web, destination: Path, response: Response, error: str
) -> None:
    server = Server(lambda _: response, tls=authority.server)
    try:
        told = refusal(f"git::{server.url}/x", destination, web)
    finally:
        server.close()
    assert told == "error cloning repository: " + error.format(url=server.url, code="status code: 500")


@pytest.mark.parametrize("body", [b"", b"zzzz", b"001e# service=git-upload-pack\n0000", b"ffff", b"0000" * 3])
def test_nonsense_is_told_in_one_line(authority: Authority, web: Web, destination: Path, body: bytes) -> None:
    server = Server(lambda _: Response(200, ADVERTISEMENT, body), tls=authority.server)
    try:
        told = refusal(f"git::{server.url}/x", destination, web)
    finally:
        server.close()
    assert told.startswith("error cloning repository: ")
    assert "\n" not in told


def test_redirects_are_followed_but_not_to_plain_http(
    authority: Authority, server: GitServer, repository: Repository, web: Web, destination: Path
) -> None:
    plain = Server(lambda _: Response(200, ADVERTISEMENT, b""))
    target = server.url

    def redirect(request: Request) -> Response:
        return Response(302, (("Location", f"{target}{request.path}?{request.raw_query}"),))

    front = Server(redirect, tls=authority.server)
    try:
        assert git.fetch(f"git::{front.url}/git/p", destination, web=web).endswith(repository.head)
        target = plain.url
        assert "insecure" in refusal(f"git::{front.url}/git/p", destination, web)
    finally:
        front.close()
        plain.close()


def test_an_answer_without_end_is_not_read_to_the_last(
    server: GitServer, repository: Repository, web: Web, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"git::{server.url}/git/p"
    assert repository.head
    with monkeypatch.context() as few:
        few.setattr(git, "_MAX_ADVERTISED", 100)
        assert "the server's answer doesn't end" in refusal(url, destination, web)
    monkeypatch.setattr(content, "MAX_BYTES", 100)
    assert "the server's answer doesn't end" in refusal(url, destination, web)


def test_a_redirect_of_the_advertisement_takes_no_password_along(
    authority: Authority, server: GitServer, repository: Repository, destination: Path, web: Web
) -> None:
    def elsewhere(request: Request) -> Response:
        query = f"?{request.raw_query}" if request.raw_query else ""
        return Response(302, (("Location", f"{server.url}{request.path}{query}"),))

    del repository
    with Server(elsewhere, tls=authority.server) as first:
        git.fetch(f"git::https://me:secret@{first.address}/git/p", destination, web=web)
    assert (destination / "main.rego").is_file()
    assert {one.method for one in server.request_log.requests} == {"GET", "POST"}
    assert not [one for one in server.request_log.requests if "Authorization" in one.headers]
