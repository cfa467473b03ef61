"""Single files and archives from the web (specification 11 §4.3)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from refimpl.errors import PolicyError, RegistryError
from refimpl.oci.url import UnreadableURLError, parse
from refimpl.policy.sources import archive
from refimpl.policy.sources.content import Budget, inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refimpl.oci.transport import Response
    from refimpl.policy.sources.web import Web

__all__ = ["fetch"]

_OK = 200
_CHUNK = 1 << 16


def fetch(url: str, destination: Path, *, web: Web) -> str:
    """Download a file by the base name of its URL's path; archives are unpacked. The pinned URL is the answer.

    Raises:
        PolicyError: not brought.
    """
    url = "https://" + url.partition("://")[2]
    try:
        remote = unquote(parse(url).path)
    except UnreadableURLError as error:
        raise PolicyError(str(error)) from None
    if not remote:
        raise PolicyError("specify a path to a file to download")
    name = posixpath.basename(remote.rstrip("/"))
    try:
        response = web.exchange("GET", url)
    except RegistryError as error:
        raise PolicyError(f"failed to download from URL: {error}") from None
    with response:
        if response.status != _OK:
            raise PolicyError(f"received non-200 response code: {response.status}")
        path = inside(destination, name)
        if path is None:
            raise PolicyError(f"failed to create file: {url} names none")
        try:
            Budget(url).write(_chunks(response), path)
        except RegistryError as error:
            raise PolicyError(f"failed to write to file: {error}") from None
    if archive.unpacked(path, destination, name=name):
        path.unlink(missing_ok=True)
    return "http::" + url.removeprefix("https://")


def _chunks(response: Response) -> Iterator[bytes]:
    while chunk := response.read(_CHUNK):
        yield chunk
