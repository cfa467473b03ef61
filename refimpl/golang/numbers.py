"""Numbers in the spelling of the contract's JSON (Go's `encoding/json`)."""

from __future__ import annotations

import math
from typing import Any

from refimpl.golang.jsontext import Number

_SHOWN = 1000
"""Characters of a number in an error: its text may be as long as the document that it is from."""


def format_number(number: float | str | Number) -> str:
    """A number as errors tell it: by its text, or the beginning of a long one."""
    text = str(number)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def format_float(number: float) -> str:
    """The shortest text as ``%v`` has it: an exponent below 1e-4 and from 1e6 on, such as ``1e-05`` or ``1e+06``."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    return _format(number, exponents=range(-4, 6), spec="+03d")


def format_json(number: float) -> str:
    """The shortest JSON text: an exponent only below 1e-6 and from 1e21 on, such as ``1e-7`` or ``1e+21``."""
    return _format(number, exponents=range(-6, 21), spec="+d") if number else "0"


def normalise(value: Any) -> Any:
    """A JSON value with sorted members and numbers in their shortest spelling; integers stay exact."""
    if isinstance(value, dict):
        return {key: normalise(value[key]) for key in sorted(value, key=_bytewise)}
    if isinstance(value, list):
        return [normalise(item) for item in value]
    if isinstance(value, float):
        return _number(value)
    return value


def as_float64(value: Any) -> Any:
    """Like `normalise` after every number went through a 64-bit float, as re-encoding does in the contract.

    What no such float holds stays as it is.
    """
    if isinstance(value, dict):
        return {key: as_float64(value[key]) for key in sorted(value, key=_bytewise)}
    if isinstance(value, list):
        return [as_float64(item) for item in value]
    if isinstance(value, int | float | Number) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return value
        return _number(number) if math.isfinite(number) else value
    return value


def _number(number: float) -> int | Number:
    text = format_json(number)
    return int(text) if text.lstrip("-").isdigit() else Number(text)


def _bytewise(key: str) -> bytes:
    return key.encode(errors="surrogatepass")


def _format(number: float, *, exponents: range, spec: str) -> str:
    """Shortest digits, with the point among them if the exponent is one of those, else behind the first one."""
    mantissa, _, power = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    significant = (whole + fraction).lstrip("0")
    exponent = len(significant) - len(fraction) - 1 + int(power or 0) if significant else 0
    digits = significant.rstrip("0") or "0"
    sign = "-" if math.copysign(1, number) < 0 else ""
    if exponent not in exponents:
        return sign + digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "") + f"e{exponent:{spec}}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole
