"""HTTP clients for tests: they ask what they are told to, and take nothing from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from pathlib import Path

WAIT = 60.0

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
"""What a request ends in whose connection is closed before its answer is whole; a time-out is another error."""


class Session(requests.Session):
    """A session without proxies, credentials and redirects of its own; `ca` is a file of authorities to trust."""

    def __init__(self, ca: Path | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.max_redirects = 0
        if ca is not None:
            self.verify = str(ca)

    def ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        json: object = None,
        auth: tuple[str, str] | None = None,
    ) -> requests.Response:
        """One request; its answer's body is read, whatever the status."""
        return self.request(
            method, url, data=body, headers=headers, json=json, auth=auth, allow_redirects=False, timeout=WAIT
        )


def ask(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> requests.Response:
    """One request by a session of its own."""
    with Session() as session:
        return session.ask(method, url, body, headers)
