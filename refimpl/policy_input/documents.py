"""Documents of JSON and YAML that users have judged: files, and bodies of requests (docs/commands.md)."""

from __future__ import annotations

import math
import re
from typing import Any

from refimpl.golang import jsontext

_BOM = b"\xef\xbb\xbf"
_HUGE = re.compile(rb"[0-9]{300}|[0-9][eE]\+?[0-9]{3}")
"""What every number beyond 64-bit floats has in it."""


class UnreadableDocumentError(ValueError):
    """A text is neither what it should be, nor within limits."""


def parse_documents(content: bytes, kind: str, *, most_values: int) -> list[Any]:
    """The documents of a file, or of a request's body.

    Args:
        content: with or without a byte order mark.
        kind: ``json`` or ``yaml``.
        most_values: that JSON may have.

    Raises:
        UnreadableDocumentError: it isn't what `kind` says; the text says how it fails, in one line.
    """
    content = content.removeprefix(_BOM)
    if kind == "json":
        return [_json(content, most_values)]
    parts = _split(content)
    failed = "unmarshal yaml" if len(parts) == 1 else "unmarshal multiple documents: unmarshal subdocument yaml"
    return [document for part in parts for document in _yaml(part, failed)]


def spread(documents: list[Any]) -> list[Any]:
    """What rules are asked about one after the other: of one list its elements, else each document."""
    if len(documents) == 1 and isinstance(documents[0], list):
        return documents[0]
    return documents


def _json(content: bytes, most_values: int) -> Any:
    from refimpl.golang.document import DocumentError, parse

    try:
        value = parse(content, most_values=most_values).value
        if _HUGE.search(content):
            _check_numbers(value)
    except DocumentError as error:
        raise UnreadableDocumentError(f"unmarshal json: {error}") from None
    return value


def _check_numbers(value: Any) -> None:
    from refimpl.golang.document import DocumentError
    from refimpl.golang.numbers import format_number

    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int | jsontext.Number) and not _is_float(value):
            raise DocumentError(f"json: cannot unmarshal number {format_number(value)} into Go value of type float64")


def _is_float(number: int | jsontext.Number) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


def _yaml(content: bytes, failed: str) -> list[Any]:
    from refimpl.golang import yamltext

    try:
        return yamltext.loads_all(content)
    except ValueError as error:
        words = "yaml: invalid Unicode" if isinstance(error, UnicodeError) else error
        raise UnreadableDocumentError(f"{failed}: error converting YAML to JSON: {words}") from None


def _split(content: bytes) -> list[bytes]:
    """A file's documents, as the contract's program finds them: only plain lines of dashes part them.

    What is between may hold more documents, which that program loses.
    """
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    separator = newline + b"---" + newline
    parts = content.split(separator)
    for place in range(len(parts) - 2, -1, -1):
        before, directives = _split_directives(parts[place])
        if directives:  # they belong to the document after them
            parts[place : place + 2] = [*before, directives + separator + parts[place + 1]]
    return parts


def _split_directives(part: bytes) -> tuple[list[bytes], bytes]:
    """What stands before the directives that a part ends with, if they end a document or begin the file."""
    lines = part.splitlines(keepends=True)
    start = len(lines)
    while start and lines[start - 1].startswith((b"%", b"#")):
        start -= 1
    directives = b"".join(lines[start:])
    if not directives.startswith(b"%") and b"\n%" not in directives:
        return [part], b""
    if not start:
        return [], directives
    return ([b"".join(lines[:start])], directives) if lines[start - 1].startswith(b"...") else ([part], b"")
