"""Base64 as the signing tools read it: line breaks are skipped, padding is needed (RFC 4648 §4 and §5)."""

from __future__ import annotations

import base64
import binascii

__all__ = ["Base64Error", "decode", "decode_either"]

_STANDARD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_TO_STANDARD = str.maketrans("-_", "+/", "+/")


class Base64Error(ValueError):
    """Not base64; the text tells the first wrong byte."""


def decode(text: str) -> bytes:
    """The bytes of standard base64.

    Raises:
        Base64Error: a character outside the alphabet, or wrong padding.
    """
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Base64Error(f"illegal base64 data at input byte {_wrong(text.encode())}") from None


def decode_either(text: str) -> bytes:
    """The bytes of standard or, failing that, URL-safe base64 (envelopes of DSSE may use either).

    Raises:
        Base64Error: neither.
    """
    try:
        return decode(text)
    except Base64Error:
        pass
    if "+" in text or "/" in text:
        raise Base64Error("unable to base64 decode payload (is payload in the right format?)")
    try:
        return decode(text.translate(_TO_STANDARD))
    except Base64Error:
        raise Base64Error("unable to base64 decode payload (is payload in the right format?)") from None


def _wrong(text: bytes) -> int:
    """Where decoding stops: the wrong character, or the start of a group of four that lacks its end."""
    group, start = 0, 0
    for place, byte in enumerate(text):
        if byte in b"\r\n":
            continue
        if group == 0:
            start = place
        if byte not in _STANDARD:
            return _wrong_padding(text, place, group, start) if byte == ord("=") else place
        group = (group + 1) % 4
    return len(text) - group if "\n" not in text.decode("latin-1") else start


def _wrong_padding(text: bytes, place: int, group: int, start: int) -> int:
    if group < 2:
        return place
    rest = bytes(byte for byte in text[place + 1 :] if byte not in b"\r\n")
    if group == 2:
        if not rest:
            return len(text)
        if rest[:1] != b"=":
            return place
        rest = rest[1:]
    return place + 1 if rest else start
