"""Values of parameters in header fields (RFC 9110 §5.6.6): a token, or a quoted text that perhaps never ends."""

from __future__ import annotations

import re

_QUOTED_PART = re.compile(r'[^"\\]*')


def parameter_value(text: str, place: int, unquoted_end: re.Pattern[str]) -> tuple[str, int]:
    """A value that begins at `place`, and where it ends; one without quotes ends before `unquoted_end`. Linear."""
    if not text.startswith('"', place):
        stop = unquoted_end.search(text, place)
        end = stop.start() if stop else len(text)
        return text[place:end], end
    parts: list[str] = []
    place += 1
    while part := _QUOTED_PART.match(text, place):
        parts.append(part.group())
        place = part.end()
        if not text.startswith("\\", place):
            break
        parts.append(text[place + 1 : place + 2])
        place += 2
    return "".join(parts), place + 1
