"""Bytes as the text that a policy sees."""

from __future__ import annotations

__all__ = ["lenient"]

_REPLACED = dict.fromkeys(range(0xDC80, 0xDD00), "\ufffd")


def lenient(data: bytes) -> str:
    """UTF-8; each byte that isn't part of it becomes U+FFFD, one for one, as Go writes such strings to JSON."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape").translate(_REPLACED)
