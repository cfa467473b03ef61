"""Text from outside, as Go's programs read it: what isn't Unicode becomes U+FFFD, and nothing fails for it."""

from __future__ import annotations

import codecs

SURROGATES = "ec-ref-surrogates"
"""How lone surrogates are encoded: the bytes that they stand for, or U+FFFD where they stand for none (PEP 383)."""


def decode_utf8(data: bytes) -> str:
    """UTF-8; each byte that isn't part of it becomes U+FFFD, one for one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return replace_surrogates(data.decode("utf-8", "surrogateescape"))


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate: half a pair in JSON, or a byte of an argument that was no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        import re  # rarely needed, and `version` is to be quick

        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text


def _bytes(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    codes = map(ord, error.object[error.start : error.end])
    parts = (bytes((code - 0xDC00,)) if 0xDC80 <= code <= 0xDCFF else "\ufffd".encode() for code in codes)
    return b"".join(parts), error.end


codecs.register_error(SURROGATES, _bytes)
