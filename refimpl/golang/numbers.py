"""Numbers in the spelling of the contract's JSON (Go's `encoding/json`)."""

from __future__ import annotations

import math
from typing import Any

from refimpl.golang.jsontext import Number

__all__ = ["json_text", "normalised", "widened"]


def json_text(number: float) -> str:
    """The shortest JSON text: an exponent only below 1e-6 and from 1e21 on, such as ``1e-7`` or ``1e+21``."""
    if number == 0:
        return "0"
    sign, digits, point = _digits(number)
    if not -6 < point <= 21:
        exponent = point - 1
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{exponent:+d}"
    return sign + _positional(digits, point)


def normalised(value: Any) -> Any:
    """A JSON value with sorted members and numbers in their shortest spelling; integers stay exact."""
    if isinstance(value, dict):
        return {key: normalised(value[key]) for key in sorted(value, key=_bytewise)}
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if isinstance(value, float):
        return _number(value)
    return value


def widened(value: Any) -> Any:
    """Like `normalised` after every number went through a 64-bit float, as re-encoding does in the contract.

    What no such float holds stays as it is.
    """
    if isinstance(value, dict):
        return {key: widened(value[key]) for key in sorted(value, key=_bytewise)}
    if isinstance(value, list):
        return [widened(item) for item in value]
    if isinstance(value, int | float | Number) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return value
        return _number(number) if math.isfinite(number) else value
    return value


def _number(number: float) -> int | Number:
    text = json_text(number)
    return int(text) if text.lstrip("-").isdigit() else Number(text)


def _bytewise(key: str) -> bytes:
    return key.encode(errors="surrogatepass")


def _digits(number: float) -> tuple[str, str, int]:
    """Sign, shortest digits and the place of the point counted from before the first digit."""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return ("-" if number < 0 else ""), digits.rstrip("0") or "0", point


def _positional(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{whole}.{fraction}" if fraction else whole
