"""Numbers as policies see those of parsed JSON: 64-bit floats in Go's shortest spelling (specification 12 §3)."""

from __future__ import annotations

from typing import Any

from refimpl import jsontext
from refimpl.evaluation.gotext import spelled

__all__ = ["as_floats"]

_PLAIN_FROM, _PLAIN_UNDER = 1e-4, 1e6


def as_floats(value: Any) -> Any:
    """The value with every number turned into a 64-bit float; 1000000 is written ``1e+06``.

    Raises:
        ValueError: a number is too large for it.
        RecursionError: nested too deeply.
    """
    if isinstance(value, dict):
        return {name: as_floats(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float | jsontext.NumberText):
        return value
    return _number(value)


def _number(value: float | jsontext.NumberText) -> Any:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"cannot unmarshal number {value} into Go value of type float64")
    if number.is_integer() and abs(number) < _PLAIN_UNDER:
        return int(number)
    if _PLAIN_FROM <= abs(number) < _PLAIN_UNDER:  # Python and Go write these alike
        return number
    return jsontext.loads(spelled(number), keep_numbers=True)
