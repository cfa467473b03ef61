"""Numbers as policies see those of parsed JSON: 64-bit floats in Go's shortest spelling (specification 12 §3)."""

from __future__ import annotations

import json
from typing import Any

from refimpl.golang.document import parse
from refimpl.golang.jsontext import DEPTH_LIMIT, SURROGATE, DepthError, Number, check_depth
from refimpl.golang.numbers import format_number
from refimpl.golang.printing import format_value

_PLAIN_FROM, _PLAIN_UNDER = 1e-4, 1e6


def loads(text: str) -> Any:
    """Parse JSON, with every number turned into a 64-bit float as by `as_floats`.

    Raises:
        DepthError: nested deeper than `jsontext.DEPTH_LIMIT`.
        ValueError: not JSON, or a number is too large.
    """
    if not SURROGATE.search(text):
        try:
            value = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse)
        except RecursionError:
            raise DepthError from None
        except ValueError:
            pass  # the other reader, which is slower, tells why
        else:
            if text.count("[") + text.count("{") > DEPTH_LIMIT:
                check_depth(value)
            return value
    return as_floats(parse(text.encode()).value)


def as_floats(value: Any) -> Any:
    """The value with every number turned into a 64-bit float; 1000000 is written ``1e+06``.

    Raises:
        ValueError: a number is too large for it.
    """
    if isinstance(value, dict):
        return {name: as_floats(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float | Number):
        return value
    return _number(value)


def _refuse(_: str) -> Any:
    raise ValueError


def _number(value: float | str | Number) -> Any:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"cannot unmarshal number {format_number(value)} into Go value of type float64")
    if number.is_integer() and abs(number) < _PLAIN_UNDER:
        return int(number)
    if _PLAIN_FROM <= abs(number) < _PLAIN_UNDER:  # Python and Go write these alike
        return number
    return Number(format_value(number))
