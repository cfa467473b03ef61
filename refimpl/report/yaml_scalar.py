"""How one scalar is written in YAML: which style, and its characters.

The rules are those of go-yaml 2, which follow libyaml: plain where the text reads back as the same string, a literal
block where it has newlines, else quoted; long texts are folded at the first space beyond column 80.
"""

from __future__ import annotations

import re
from datetime import datetime
from math import copysign, isfinite
from typing import Any

from refimpl.golang.jsontext import Number

__all__ = ["WIDTH", "Analysis", "double_quoted", "literal_header", "plain_text", "reads_as_string"]

WIDTH = 80
"""Column beyond which a text is folded at its next space."""

_WORDS = frozenset(
    word
    for lower in ("y", "yes", "true", "on", "n", "no", "false", "off", "null", ".nan", ".inf", "+.inf", "-.inf")
    for word in (lower, lower.upper(), lower.capitalize(), lower.replace("nan", "NaN").replace("inf", "Inf"))
) | {"", "~"}
_BREAK = re.compile("[\n\r\u0085\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt](?=.*(?:Z|[-+][0-9]{2}:[0-9]{2})$)| (?=[0-9:.,]*$))"  # a zone after T, none after a space
    r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
# Line and paragraph separators are printable too, but as line breaks they would be hard to see.
_UNPRINTABLE = re.compile("[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_FIRST_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
_DOUBLE_ESCAPES = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\u0085": "N",
    "\u00a0": "_",
    "\u2028": "L",
    "\u2029": "P",
}
_BYTE_ORDER_MARK = "\ufeff"
_INT64_MIN, _UINT64_MAX = -(1 << 63), (1 << 64) - 1


class Analysis:
    """What a text allows: `multiline`, and the styles `plain`, `single` quoted and `block` (literal)."""

    __slots__ = ("block", "multiline", "plain", "single")

    def __init__(self, text: str) -> None:
        self.multiline = _BREAK.search(text) is not None
        if not text:
            self.plain, self.single, self.block = True, True, False
            return
        special = _UNPRINTABLE.search(text) is not None or " \n" in text
        at_edge = text[0] in " \n" or text[-1] in " \n"
        self.plain = not (special or at_edge or self.multiline or _has_indicators(text))
        self.single = not (special or "\n " in text)
        self.block = not (special or text[-1] == " ")


def reads_as_string(text: str) -> bool:
    """Whether the bare text is read as a string and not as a number, a boolean, null or a time (YAML 1.1)."""
    if text in _WORDS:
        return False
    if text[0] == ".":
        return not _is_float(text)
    if text[0] not in "+-0123456789":
        return True
    bare = text.replace("_", "")
    return not (_INTEGER.fullmatch(bare) or _is_float(bare) or _is_timestamp(text) or _BASE_60.fullmatch(text))


def plain_text(value: Any) -> str | None:
    """The text of a scalar that isn't a string: null, a boolean or a number; None for all else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and _INT64_MIN <= value <= _UINT64_MAX:
        return str(value)
    if isinstance(value, int | float | Number):
        spelled = str(value)
        number = float(spelled)
        return _float_text(number) if isfinite(number) else spelled
    return None


def double_quoted(text: str) -> list[str]:
    """The characters of `text` as they stand between double quotes, an entry each."""
    shown = []
    # A text that begins with a byte order mark is escaped throughout, as the original does.
    escape_all = text.startswith(_BYTE_ORDER_MARK)
    for character in text:
        if escape_all or character in '"\\\n' or _UNPRINTABLE.match(character):
            shown.append("\\" + _escape(character))
        else:
            shown.append(character)
    return shown


def literal_header(text: str) -> str:
    """The indicator of a literal block: ``|`` with the hints that `text` needs."""
    hint = "2" if text[0] in " \n" else ""
    if text[-1] != "\n":
        return f"|{hint}-"
    return f"|{hint}+" if text == "\n" or text[-2] == "\n" else f"|{hint}"


def _has_indicators(text: str) -> bool:
    if text.startswith(("---", "...")) or text[0] in _FIRST_INDICATORS:
        return True
    if text[0] in "?:-" and (len(text) == 1 or text[1] in " \t"):
        return True
    return ": " in text or ":\t" in text or text.endswith(":") or " #" in text or "\t#" in text


def _escape(character: str) -> str:
    short = _DOUBLE_ESCAPES.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"x{code:02X}"
    return f"u{code:04X}" if code <= 0xFFFF else f"U{code:08X}"


def _float_text(number: float) -> str:
    """The shortest decimal form, with an exponent below 1e-4 and from 1e6."""
    mantissa, _, power = repr(number).removeprefix("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    significant = (whole + fraction).lstrip("0")
    exponent = len(significant) - len(fraction) - 1 + int(power or "0") if significant else 0
    significant = significant.rstrip("0") or "0"
    sign = "-" if copysign(1, number) < 0 else ""
    if exponent < -4 or exponent >= 6:
        rest = f".{significant[1:]}" if len(significant) > 1 else ""
        return f"{sign}{significant[0]}{rest}e{exponent:+03d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{significant}"
    whole, fraction = significant[: exponent + 1].ljust(exponent + 1, "0"), significant[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _is_float(text: str) -> bool:
    return _FLOAT.fullmatch(text) is not None and isfinite(float(text))


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return False
    try:
        datetime(*(int(part) for part in found.groups() if part))  # type: ignore[arg-type] # noqa: DTZ001 - only checked
    except ValueError:
        return False
    return True
