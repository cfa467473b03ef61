"""Answers that mean failure, in the words of specification 26 §4."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from refimpl.oci.errors import DeniedError, LimitExceededError, NotFoundError, StatusError, TransferError

if TYPE_CHECKING:
    from refimpl.oci.transport import Response

__all__ = ["status_error"]

_BODY_LIMIT = 1 << 20
_SHOWN_PARAMETERS = frozenset({"scope", "service", "mount", "digest"})


def status_error(response: Response) -> StatusError:
    """The error for an answer; its body is read and the connection given back."""
    body = b""
    try:
        if response.method != "HEAD":
            body = response.read_all(_BODY_LIMIT)
    except (TransferError, LimitExceededError):
        body = b""
    finally:
        response.close()
    message = f"{response.method} {_redacted(response.url)}: {_reason(response, body)}"
    retry_after = _seconds(response.header("Retry-After"))
    status = response.status
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(message, status, retry_after)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return DeniedError(message, status, retry_after)
    return StatusError(message, status, retry_after)


def _reason(response: Response, body: bytes) -> str:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    code = f"unexpected status code {response.status} {phrase}"
    if response.method == "HEAD":
        return f"{code} (HEAD responses have no body, use GET for details)"
    if not body:
        return code
    diagnostics = _diagnostics(body)
    if not diagnostics:
        return f"{code}: {body.decode('utf-8', 'replace')}"
    if len(diagnostics) == 1:
        return diagnostics[0]
    return f"multiple errors returned: {'; '.join(diagnostics)}"


def _diagnostics(body: bytes) -> list[str]:
    try:
        errors = json.loads(body)["errors"]
        return [_diagnostic(error) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _diagnostic(error: dict[str, Any]) -> str:
    text = f"{error.get('code') or ''}: {error.get('message') or ''}"
    detail = error.get("detail")
    return text if detail is None else f"{text}; {_printed(detail)}"


def _printed(value: object) -> str:
    """A JSON value as Go's ``%v`` prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_printed(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_printed, value))}]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.17g}" if float(f"{value:.6g}") != value else f"{value:.6g}"
    return str(value)


def _redacted(url: str) -> str:
    split = urlsplit(url)
    if not split.query:
        return url
    pairs = parse_qsl(split.query, keep_blank_values=True)
    query = "&".join(f"{name}={value if name in _SHOWN_PARAMETERS else 'REDACTED'}" for name, value in sorted(pairs))
    return urlunsplit(split._replace(query=query))


def _seconds(text: str) -> float | None:
    text = text.strip()
    if text.isdecimal():
        return float(text)
    if not text:
        return None
    import time
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
