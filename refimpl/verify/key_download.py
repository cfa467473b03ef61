"""Keys by URL (specification 20 §3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.deadline import Deadline
from refimpl.errors import KeyMaterialError, RegistryError
from refimpl.http import codes
from refimpl.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMIT = 1 << 20


def download(url: str, *, environ: Mapping[str, str], deadline: Deadline | None = None) -> bytes:
    """What is at `url`.

    Raises:
        KeyMaterialError: no answer, one that isn't a success, for an error page is no key, or one of more than 1 MiB.
    """
    transport = Transport(environ, deadline or Deadline(None), user_agent="Go-http-client/1.1")
    try:
        with transport.exchange("GET", url) as response:
            if response.status != codes.OK:
                raise KeyMaterialError(f"GET {url}: unexpected status code {response.status}")
            return response.read_all(_LIMIT)
    except RegistryError as error:
        raise KeyMaterialError(str(error)) from None
    finally:
        transport.close()
