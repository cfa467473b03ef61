"""Base64 and hexadecimal as the signing tools read them (RFC 4648 §4, §5 and §8).

In base64 line breaks are skipped, and padding is needed. Python's own readers take more.
"""

from __future__ import annotations

import binascii

_STANDARD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_LINE_BREAKS = frozenset(b"\r\n")
_PADDING = ord("=")
_TO_STANDARD = str.maketrans("-_", "+/")


class Base64Error(ValueError):
    """Not base64; the text tells the first wrong byte."""


class HexadecimalError(ValueError):
    """Not hexadecimal."""


def decode(text: str) -> bytes:
    """The bytes of standard base64. Bits behind the last byte may be anything, as they may for the signing tools.

    Raises:
        Base64Error: a character outside the alphabet, or padding that is missing, too long or not at the end.
    """
    bare = text.replace("\r", "").replace("\n", "")
    try:
        if len(bare) % 4 == 0 and not bare.endswith("==="):  # padding that nothing needs passes below
            return binascii.a2b_base64(bare, strict_mode=True)
    except ValueError:  # binascii.Error is one; characters beyond ASCII are another
        pass
    place = _wrong(text.encode("utf-8", "surrogatepass"))
    raise Base64Error(f"illegal base64 data at input byte {place}")


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


def decode_protobuf(text: str) -> bytes:
    """The bytes of base64 as JSON of protobuf has it: of either alphabet, with padding or without any.

    There is none when the length of the text, line breaks included, isn't a multiple of four.

    Raises:
        Base64Error: anything else.
    """
    bare = text.replace("\r", "").replace("\n", "")
    if "-" in text or "_" in text:
        if "+" in text or "/" in text:
            raise Base64Error("invalid base64: characters of both alphabets")
        bare = bare.translate(_TO_STANDARD)
    if len(text) % 4:
        if "=" in text:
            raise Base64Error("invalid base64: padding of a text that has none")
        bare += "=" * (-len(bare) % 4)
    return decode(bare)


def decode_hexadecimal(text: str) -> bytes:
    """The bytes of pairs of digits, in either case.

    Raises:
        HexadecimalError: anything else; Python's reader takes blanks between pairs.
    """
    try:
        return binascii.unhexlify(text)
    except ValueError:
        raise HexadecimalError("invalid hexadecimal") from None


def _wrong(text: bytes) -> int:
    """Where decoding stops: the wrong character, or the start of a group of four that lacks its end."""
    group = 0
    for place, byte in enumerate(text):
        if byte in _LINE_BREAKS:
            continue
        if byte not in _STANDARD:
            return _wrong_padding(text, place, group) if byte == _PADDING else place
        group = (group + 1) % 4
    return len(text) - group


def _wrong_padding(text: bytes, place: int, group: int) -> int:
    """The same for a text whose first padding is at `place`, after `group` characters of its group."""
    if group < 2:
        return place
    following = _next(text, place)
    if group == 2:
        if following == len(text):
            return following
        if text[following] != _PADDING:
            return following - 1
        following = _next(text, following)
    return following


def _next(text: bytes, place: int) -> int:
    """The place of the next character that isn't a line break, or the end."""
    place += 1
    while place < len(text) and text[place] in _LINE_BREAKS:
        place += 1
    return place
