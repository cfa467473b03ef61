"""Textual encodings of keys and certificates (RFC 7468, read as leniently as the signing tools do)."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from refimpl.verify import encoding

__all__ = ["Block", "encode", "first", "split"]

_BLOCK = re.compile(
    r"^-----BEGIN ([^\r\n]*)-----[ \t]*\r?\n"
    r"((?:[^\r\n:]+:[^\r\n]*\r?\n)*)"  # headers
    r"((?:(?!-----)[^\r\n]*\r?\n)*)"
    r"[ \t]*-----END \1-----[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)


class Block(NamedTuple):
    """One block: what stands after ``BEGIN``, and the decoded bytes."""

    label: str
    der: bytes


def split(text: str) -> tuple[list[Block], str]:
    """All readable blocks, and what follows the last of them. Other text is skipped."""
    blocks, end = [], 0
    for match in _BLOCK.finditer(text):
        try:
            der = encoding.decode("".join(match[3].split()))
        except encoding.Base64Error:
            continue
        blocks.append(Block(match[1], der))
        end = match.end()
    return blocks, text[end:]


def first(text: str) -> Block | None:
    """The first readable block."""
    blocks, _ = split(text)
    return blocks[0] if blocks else None


def encode(label: str, der: bytes) -> str:
    """64 columns, with a newline at the end."""
    body = base64.b64encode(der).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
