"""Answers that mean failure, in the words of specification 26 §4."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from refimpl.errors import DeniedError, LimitExceededError, NotFoundError, StatusError, TransferError
from refimpl.http import codes
from refimpl.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.http.transport import Response

#: How much is read of an answer that means failure, in bytes.
ERROR_LIMIT = 64 << 10
_SHOWN_PARAMETERS = frozenset({"scope", "service", "mount", "from", "digest", "n", "last"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def status_error(response: Response) -> StatusError:
    """The error for an answer; its body is read and the connection given back."""
    body = b""
    try:
        if response.method != "HEAD":
            body = response.read_all(ERROR_LIMIT)
    except TransferError:
        body = b""
    except LimitExceededError:
        body = f"body exceeds {ERROR_LIMIT} byte limit".encode()
    finally:
        response.close()
    message = f"{response.method} {redact(response.url)}: {response.without_credentials(_reason(response, body))}"
    retry_after = _seconds(response.header("Retry-After"))
    status = response.status
    if status == codes.NOT_FOUND:
        return NotFoundError(message, status, retry_after)
    if status in {codes.UNAUTHORIZED, codes.FORBIDDEN}:
        return DeniedError(message, status, retry_after)
    return StatusError(message, status, retry_after)


def _reason(response: Response, body: bytes) -> str:
    from http import HTTPStatus

    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    code = f"unexpected status code {response.status} {phrase}"
    if response.method == "HEAD":
        return f"{code} (HEAD responses have no body, use GET for details)"
    if not body:
        return code
    said = diagnostics(body)
    if not said:
        return f"{code}: {_printable(body.decode('utf-8', 'replace'))}"
    if len(said) == 1:
        return said[0]
    return f"multiple errors returned: {'; '.join(said)}"


def diagnostics(body: bytes) -> list[str]:
    """The errors that a body in the form of the distribution specification names; none if it isn't in that form."""
    try:
        document = json.loads(body, parse_int=_number, parse_float=_number)
        errors = _members(document).get("errors")
        return [_printable(_diagnostic(_members(error))) for error in errors] if isinstance(errors, list) else []
    except (ValueError, RecursionError):
        return []


def _number(text: str) -> float | None:
    """The nearest float; None where there is none, as Go leaves it out."""
    number = float(text)
    return number if math.isfinite(number) else None


def _diagnostic(error: Mapping[str, Any]) -> str:
    code, message = (value if isinstance(value := error.get(name), str) else "" for name in ("code", "message"))
    detail = error.get("detail")
    if detail is None:
        return f"{code}: {message}"
    from refimpl.golang.printing import format_value

    return f"{code}: {message}; {format_value(detail)}"


def _members(value: object) -> dict[str, Any]:
    """The members of an object by their names in small letters, as Go reads them."""
    return {name.lower(): member for name, member in value.items()} if isinstance(value, dict) else {}


def _printable(text: str) -> str:
    """What a registry says, without what a terminal would obey."""
    text = text.encode("utf-8", "replace").decode() if not text.isprintable() else text
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def redact(url: str) -> str:
    """A URL for texts: without its password, and with the values of known parameters only."""
    before, mark, query = url.partition("?")
    if mark:
        pairs = sorted(parse_qsl(query.partition("#")[0], keep_blank_values=True))
        shown = [(name, value if name in _SHOWN_PARAMETERS else "REDACTED") for name, value in pairs]
        query = urlencode(shown, errors="replace")
    return without_secrets(before) + mark + query


def _seconds(text: str) -> float | None:
    """What ``Retry-After`` says, in seconds from now (RFC 9110 §10.2.3); None if it says nothing that can be read."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if not text or text.isdecimal():
        return None
    import time
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text[:100]).timestamp() - time.time())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
