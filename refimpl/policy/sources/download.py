"""Single files and archives from the web (specification 11 §4.3)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from urllib3.exceptions import HTTPError

from refimpl.errors import PolicyError
from refimpl.policy.sources import archive
from refimpl.policy.sources.content import Budget, inside
from refimpl.policy.sources.web import FetchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from urllib3 import BaseHTTPResponse

    from refimpl.policy.sources.web import Web

__all__ = ["fetch"]

_OK = 200
_CHUNK = 1 << 16


def fetch(url: str, destination: Path, *, web: Web) -> str:
    """Download a file by the base name of its URL's path; archives are unpacked. The pinned URL is the answer.

    Raises:
        PolicyError: not brought.
    """
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/"))
    path = inside(destination, name)
    if path is None:
        raise PolicyError("specify a path to a file to download")
    try:
        response, _ = web.request("GET", url)
        with response:
            if response.status != _OK:
                raise PolicyError(f"received non-200 response code: {response.status}")
            Budget(url).write(_chunks(response), path)
    except FetchError as error:
        raise PolicyError(f"failed to download from URL: {error}") from None
    except HTTPError as error:
        raise PolicyError(f"failed to write to file: {error}") from None
    if archive.unpacked(path, destination, name=name):
        path.unlink(missing_ok=True)
    return "http::" + url[url.index("://") + 3 :]


def _chunks(response: BaseHTTPResponse) -> Iterator[bytes]:
    yield from response.stream(_CHUNK, decode_content=True)
