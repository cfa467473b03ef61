"""Wrapping of long texts at white space (specification 24 §9)."""

from __future__ import annotations

import re

__all__ = ["wrapped"]

_BLANK = " \t\v\f\r\u0085\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_TOKENS = re.compile(rf"(?P<newline>\n)|(?P<blank>[{_BLANK}]+)|(?P<word>[^\n{_BLANK}]+)")


def wrapped(text: str, width: int) -> str:
    """`text` with newlines in place of the white space before words that would end beyond `width` characters.

    Words longer than the width stay whole; newlines of the text stay. White space at an end is kept where it fits.
    """
    done: list[str] = []
    column = 0  # of what is done
    blank = ""
    for token in _TOKENS.finditer(text):
        content = token[0]
        if token.lastgroup == "blank":
            blank = content
        elif token.lastgroup == "newline":
            if column + len(blank) <= width:
                done.append(blank)
            done.append("\n")
            column, blank = 0, ""
        else:
            # A word is moved while it grows, so one that starts in time and is as long as a line stays where it is.
            crossing = max(1, width - column - len(blank) + 1)
            if crossing <= min(len(content), width - 1):
                done += ("\n", content)
                column = len(content)
            else:
                done += (blank, content)
                column += len(blank) + len(content)
            blank = ""
    if column + len(blank) <= width:
        done.append(blank)
    return "".join(done)
