"""What a registry refuses, with the codes of the OCI distribution specification 1.1."""

from __future__ import annotations

import json
from typing import Any

from ec_acceptance.testbed.servers.http import Response

__all__ = ["RegistryFault", "UnavailableError", "UnreachableError", "error_response"]


class RegistryFault(Exception):  # noqa: N818  # an answer of the protocol, not a mistake of the program
    """One error of the protocol: `status`, `code` (such as `MANIFEST_UNKNOWN`), `message` and `detail`."""

    def __init__(self, status: int, code: str, message: str, detail: Any = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    def response(self, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        """The answer that says so."""
        return error_response(self.status, self.code, self.message, self.detail, headers)


class UnavailableError(Exception):
    """The wanted kind of registry cannot be had on this machine; the text says why."""


class UnreachableError(UnavailableError):
    """There is none that can be used at the address that was given."""


def error_response(
    status: int, code: str, message: str, detail: Any = None, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """An answer with a body of the specification's form, `{"errors":[{"code","message","detail"}]}`."""
    entry = {"code": code, "message": message, **({} if detail is None else {"detail": detail})}
    body = json.dumps({"errors": [entry]}, separators=(",", ":")).encode() + b"\n"
    return Response(status, (("Content-Type", "application/json"), *headers), body)
