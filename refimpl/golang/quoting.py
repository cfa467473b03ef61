"""Text in double or single quotes with Go's escapes, as log lines and error texts of the contract show it."""

from __future__ import annotations

_SHORT = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


def quote(text: str) -> str:
    r"""`text` as a Go string literal: ``a"b`` becomes ``"a\"b"``; undecodable bytes become ``\xNN``."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_escape(character, '"') for character in text) + '"'


def quote_character(character: str) -> str:
    """One character as a Go rune literal, such as ``'z'``."""
    return f"'{_escape(character, chr(39))}'"


def _escape(character: str, mark: str) -> str:
    if character == mark:
        return "\\" + mark
    short = _SHORT.get(character)
    if short is not None:
        return short
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that wasn't UTF-8, as Python decodes arguments
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
