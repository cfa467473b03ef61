"""Text from outside, as Go's programs read it: what isn't Unicode becomes U+FFFD, and nothing fails for it."""

from __future__ import annotations

import re

__all__ = ["decoded", "well_formed"]

_LONE = re.compile("[\ud800-\udfff]")


def decoded(data: bytes) -> str:
    """UTF-8; each byte that isn't part of it becomes U+FFFD, one for one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return well_formed(data.decode("utf-8", "surrogateescape"))


def well_formed(text: str) -> str:
    """The text with U+FFFD for each lone surrogate: half a pair in JSON, or a byte of an argument that was no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", text)
    return text
