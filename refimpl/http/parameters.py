"""Values of parameters in header fields (RFC 9110 §5.6.6): a token, or a quoted text that perhaps never ends."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)', re.DOTALL)


def parameter_value(text: str, place: int, unquoted_end: re.Pattern[str]) -> tuple[str, int]:
    """A value that begins at `place`, and where it ends; one without quotes ends before `unquoted_end`. Linear."""
    quoted = _QUOTED.match(text, place)
    if quoted is None:
        stop = unquoted_end.search(text, place)
        end = stop.start() if stop else len(text)
        return text[place:end], end
    value = quoted[1]
    return re.sub(r"(?s)\\(.)", r"\1", value) if "\\" in value else value, quoted.end() + 1
