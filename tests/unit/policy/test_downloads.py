from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.http import Request, Response, Server, Wire
from refimpl.deadline import Deadline
from refimpl.errors import PolicyError, TimeoutExceededError
from refimpl.policy.sources import web_archive
from refimpl.policy.sources.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGO = b"package main\n"


def make_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("deep/a.rego", REGO)
    return stream.getvalue()


def cut_short(wire: Wire) -> None:
    wire.head(200, [("Content-Length", "100")])
    wire.write(b"package")
    wire.close()


def handle(request: Request) -> Response:
    match request.path:
        case "/a.rego" | "/x/b%20c.rego":
            return Response(200, (), REGO)
        case "/p.zip":
            return Response(200, (), make_zip())
        case "/moved":
            return Response(302, (("Location", "/a.rego"),))
        case "/short":
            return Response(200, (), writer=cut_short)
        case "/":
            return Response(200, (), b"index")
        case _:
            return Response(404, (), b"nothing here")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    server = Server(handle, tls=authority.server)
    yield server.url
    server.close()


@pytest.fixture
def environ(authority: Authority, tmp_path: Path) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(authority.write(tmp_path / "ca.pem"))}


@pytest.fixture
def web(environ: dict[str, str]) -> Iterator[Web]:
    web = Web(environ)
    yield web
    web.close()


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    path = tmp_path / "destination"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a.rego", "a.rego"), ("/a.rego?x=1", "a.rego"), ("/x/b%20c.rego", "b c.rego"), ("/moved", "moved")],
)
def test_a_file_is_stored_by_its_base_name(url: str, web: Web, destination: Path, path: str, name: str) -> None:
    assert web_archive.fetch(url + path, destination, web=web) == f"http::{url.removeprefix('https://')}{path}"
    assert {file.name: file.read_bytes() for file in destination.iterdir()} == {name: REGO}


def test_archives_are_unpacked(url: str, web: Web, destination: Path) -> None:
    web_archive.fetch(f"{url}/p.zip", destination, web=web)
    assert [path.relative_to(destination).as_posix() for path in destination.rglob("*") if path.is_file()] == [
        "deep/a.rego"
    ]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("", "specify a path to a file to download"),
        ("/nope", "received non-200 response code: 404"),
        ("/", "failed to create file: {url}/ names none"),
        ("/short", 'failed to write to file: Get "{url}/short": unexpected EOF'),
    ],
)
def test_what_doesnt_come_is_told(url: str, web: Web, destination: Path, path: str, error: str) -> None:
    with pytest.raises(PolicyError) as told:
        web_archive.fetch(url + path, destination, web=web)
    assert str(told.value) == error.format(url=url)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("named", [True, False])
def test_checksums_are_compared(url: str, web: Web, destination: Path, algorithm: str, *, named: bool) -> None:
    digits = hashlib.new(algorithm, REGO, usedforsecurity=False).hexdigest()
    prefix = f"{algorithm}:" if named else ""
    web_archive.fetch(f"{url}/a.rego?x=1&checksum={prefix}{digits.upper()}", destination, web=web)
    assert (destination / "a.rego").read_bytes() == REGO
    with pytest.raises(PolicyError, match=f"checksum {algorithm}:{'0' * len(digits)} expected, but got {digits}"):
        web_archive.fetch(f"{url}/a.rego?checksum={prefix}{'0' * len(digits)}", destination, web=web)


@pytest.mark.parametrize(
    "said", ["file:https://h/SHA256SUMS", "sha256:00", "crc32:00000000", "x" * 64, "md5:" + "0" * 64]
)
def test_checksums_of_unknown_forms_are_refused(url: str, web: Web, destination: Path, said: str) -> None:
    with pytest.raises(PolicyError, match=f"checksum {said} is of no known form"):
        web_archive.fetch(f"{url}/a.rego?checksum={said}", destination, web=web)


def test_a_refused_connection_is_told(web: Web, destination: Path) -> None:
    with pytest.raises(PolicyError) as told:
        web_archive.fetch("HTTPS://127.0.0.1:1/x", destination, web=web)
    assert str(told.value) == (
        'failed to download from URL: Get "https://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'
    )


def test_git_settings_dont_count(url: str, destination: Path) -> None:
    with pytest.raises(PolicyError, match="certificate signed by unknown authority"):
        web_archive.fetch(f"{url}/a.rego", destination, web=Web({"GIT_SSL_NO_VERIFY": "true"}))


def test_the_deadline_ends_it(url: str, environ: dict[str, str], destination: Path) -> None:
    with pytest.raises(TimeoutExceededError):
        web_archive.fetch(f"{url}/a.rego", destination, web=Web(environ, Deadline(0)))
