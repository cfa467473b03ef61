"""ASN.1 in DER (X.690), as much as timestamps and certificates' extensions need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


__all__ = ["explicit", "integer", "object_id", "octets", "sequence", "set_of", "tagged", "time", "utf8"]

_LONG = 0x80


def tagged(tag: int, *content: bytes) -> bytes:
    """A value with this identifier octet."""
    body = b"".join(content)
    size = len(body)
    if size < _LONG:
        return bytes([tag, size]) + body
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, _LONG | len(digits)]) + digits + body


def sequence(*content: bytes) -> bytes:
    """SEQUENCE."""
    return tagged(0x30, *content)


def set_of(*content: bytes) -> bytes:
    """SET OF, in the order of its elements' encodings."""
    return tagged(0x31, *sorted(content))


def explicit(number: int, *content: bytes) -> bytes:
    """A context-specific constructed tag."""
    return tagged(0xA0 | number, *content)


def octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return tagged(0x04, content)


def utf8(text: str) -> bytes:
    """UTF8String."""
    return tagged(0x0C, text.encode())


def integer(number: int) -> bytes:
    """INTEGER that isn't negative."""
    return tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def object_id(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return tagged(0x06, *map(_base128, [first * 40 + second, *rest]))


def time(moment: datetime) -> bytes:
    """GeneralizedTime in whole seconds."""
    return tagged(0x18, f"{moment:%Y%m%d%H%M%SZ}".encode())


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(_LONG | number & 0x7F)
    return bytes(reversed(digits))
