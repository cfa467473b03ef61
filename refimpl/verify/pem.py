"""Textual encodings of keys and certificates (RFC 7468, read as leniently as the signing tools do).

Texts may come from whoever can push to a registry, so each is gone through once, whatever is in it.
"""

from __future__ import annotations

import base64

from refimpl.golang import base64text
from refimpl.record import record

_BEGIN, _END, _DASHES = "-----BEGIN ", "\n-----END ", "-----"
_BLANKS = " \t"
_WITHOUT_BLANKS = str.maketrans("", "", _BLANKS)


@record
class Block:
    """One block: what stands after ``BEGIN``, and the decoded bytes."""

    label: str
    der: bytes


def split(text: str) -> tuple[list[Block], str]:
    """All readable blocks, and what follows the last of them. Other text is skipped."""
    blocks, place = [], 0
    while found := _next_block(text, place):
        block, place = found
        blocks.append(block)
    return blocks, text[place:]


def first(text: str) -> Block | None:
    """The first readable block."""
    found = _next_block(text, 0)
    return found[0] if found else None


def encode(label: str, der: bytes) -> str:
    """64 columns, with a newline at the end."""
    body = base64.b64encode(der).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _next_block(text: str, place: int) -> tuple[Block, int] | None:
    """The first readable block from `place` on, and where the line after it starts.

    An ``END`` belongs to the last ``BEGIN`` before it; when the two make no block, reading continues after ``END``.
    """
    while (end := text.find(_END, place)) >= 0:
        begin, start = text.rfind(_BEGIN, place, end), place
        place = end + len(_END)
        if begin < 0 or (begin > start and text[begin - 1] != "\n"):
            continue
        line, body = _line(text, begin + len(_BEGIN))
        if not line.endswith(_DASHES):
            continue
        label, headers = line.removesuffix(_DASHES), body
        body = _skip_headers(text, headers)
        if body > place or body == len(text):  # headers that run over the end
            return None
        if end < body > headers or not text.startswith(label + _DASHES, place):
            continue
        behind, following = _line(text, place + len(label) + len(_DASHES))
        if behind:
            continue
        try:
            return Block(label, base64text.decode(text[body:end].translate(_WITHOUT_BLANKS))), following
        except base64text.Base64Error:
            continue
    return None


def _line(text: str, start: int) -> tuple[str, int]:
    """The line from `start` on without blanks at its end, and where the next one starts."""
    end = text.find("\n", start)
    if end < 0:
        return text[start:].rstrip(_BLANKS), len(text)
    return text[start:end].removesuffix("\r").rstrip(_BLANKS), end + 1


def _skip_headers(text: str, place: int) -> int:
    """Where the first line without a colon starts."""
    while place < len(text):
        line, following = _line(text, place)
        if ":" not in line:
            break
        place = following
    return place
