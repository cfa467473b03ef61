"""How old a VSA may be: ``--vsa-expiration`` of ``validate vsa`` (specification 24 §17)."""

from __future__ import annotations

from refimpl.golang.strconv import parse_duration, parse_float

_HOUR = 3600.0
_HOURS = {"mo": 30 * 24, "d": 24, "w": 7 * 24}


def parse_age(text: str) -> float:
    """Seconds: days (``7d``), weeks (``1w``), months of 30 days (``1mo``), each in whole hours, or a Go duration.

    Raises:
        ValueError: none of them; the text is the contract's.
    """
    text = text.strip()
    for suffix, hours in _HOURS.items():
        if text.endswith(suffix):
            try:
                number = parse_float(text.removesuffix(suffix))
            except ValueError as error:
                raise ValueError(f"invalid months: {error}" if suffix == "mo" else str(error)) from None
            if not abs(number * hours) < 1 << 40:
                raise ValueError(f'strconv.ParseFloat: parsing "{text}": value out of range')
            return int(number * hours) * _HOUR
    return parse_duration(text)
