"""The dates that rules and waivers carry, as nanoseconds since 1970 (specification 11 §7.3, §7.6)."""

from __future__ import annotations

from refimpl.golang import instant

NINETY_DAYS = 90 * 86_400 * instant.SECOND


def parse_utc(text: str) -> int | None:
    """``YYYY-MM-DDThh:mm:ss[.fraction]Z``, as an effective date of a rule must be; None for all other text."""
    if not text.endswith("Z"):
        return None
    try:
        return instant.parse_rfc3339(text)
    except instant.TimeSyntaxError:
        return None


def parse_date_or_time(text: str) -> int | None:
    """RFC 3339 with any offset, or ``YYYY-MM-DD`` for midnight UTC; None for all other text."""
    try:
        return instant.parse(text)
    except instant.TimeSyntaxError:
        return None
