"""The TUF root that trust starts from: a file or a URL, and the checksum that it must have."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.command_line.commands import SIGSTORE_INITIALIZE
from refimpl.command_line.flags import parse_flags
from refimpl.command_line.options import Options
from refimpl.commands.sigstore_initialize import sigstore_initialize
from refimpl.errors import KeyMaterialError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROOT = b"no root at all"


def _serve(request: Request) -> Response:
    return Response(200, (), _ROOT) if request.path == "/root.json" else Response(404, (), b"{}")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Server(_serve) as server:
        yield server.url


def _why(folder: Path, *flags: str) -> str:
    """Why the cache isn't filled, which has then what it had before."""
    cache = folder / "cache"
    cache.mkdir()
    (cache / "kept").write_text("as it was")
    parsed = parse_flags(SIGSTORE_INITIALIZE, [*flags, "--mirror", "http://127.0.0.1:1"])
    with pytest.raises(KeyMaterialError) as refused:
        sigstore_initialize(parsed, Options(timeout=60), {"TUF_ROOT": str(cache)})
    assert [(one.name, one.read_text()) for one in cache.iterdir()] == [("kept", "as it was")]
    return str(refused.value)


def test_without_a_root_there_is_nothing_to_start_from(tmp_path: Path) -> None:
    assert _why(tmp_path).startswith("--root must name the TUF root to start from")


def test_a_url_where_nothing_is(url: str, tmp_path: Path) -> None:
    assert _why(tmp_path, "--root", f"{url}/other.json") == f"GET {url}/other.json: unexpected status code 404"


def test_a_root_at_a_url_must_be_one(url: str, tmp_path: Path) -> None:
    good = hashlib.sha256(_ROOT).hexdigest()
    why = _why(tmp_path, "--root", f"{url}/root.json", "--root-checksum", good.upper())
    assert why.startswith("TUF mirror http://127.0.0.1:1: metadata is not what it should be: ")


@pytest.mark.parametrize(
    ("checksum", "why"),
    [
        ("0" * 64, f"--root has another checksum: expected {'0' * 64} but got {hashlib.sha256(_ROOT).hexdigest()}"),
        ("sha512:00", f"--root has another checksum: expected 00 but got {hashlib.sha512(_ROOT).hexdigest()}"),
        ("md5:00", "--root-checksum md5:00: must be SHA-256 in hexadecimal, or sha512:<hexadecimal>"),
    ],
)
def test_a_root_of_another_checksum(url: str, checksum: str, why: str, tmp_path: Path) -> None:
    assert _why(tmp_path, "--root", f"{url}/root.json", "--root-checksum", checksum) == why
