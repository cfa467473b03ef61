"""What a registry asks for in ``WWW-Authenticate`` (RFC 9110 §11.6.1), however it is written.

The grammar is that of a list of challenges, in one field or in several. Read is also what servers make of it: missing
commas and quotes, blanks around ``=``, a quoted text that never ends. Each character is looked at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refimpl.errors import MalformedError
from refimpl.http.parameters import parameter_value
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The longest challenge that is read, in characters of all its fields.
CHALLENGE_LIMIT = 64 << 10

_BLANKS = re.compile(r"[ \t\r\n;]*")
_WORD = re.compile(r'[^ \t\r\n;,="]+')
_UNQUOTED_END = re.compile(r"[ \t\r\n,]")
_KNOWN = frozenset({"basic", "bearer"})


@record
class Challenge:
    """One way to prove oneself: the scheme and the names of parameters in small letters; the last of equal names."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(fields: Iterable[str]) -> list[Challenge]:
    """All challenges of all fields, in their order.

    Raises:
        MalformedError: there is more than `CHALLENGE_LIMIT`.
    """
    found: list[Challenge] = []
    room = CHALLENGE_LIMIT
    for text in fields:
        room -= len(text)
        if room < 0:
            raise MalformedError(f"WWW-Authenticate is longer than {CHALLENGE_LIMIT} characters")
        found += _read(text)
    return found


def choose(offered: Iterable[Challenge]) -> Challenge:
    """The first that can be met; with none of them, or nothing at all, a registry is shown name and password."""
    return next((one for one in offered if one.scheme in _KNOWN), Challenge("basic", {}))


def _read(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    parameters: dict[str, str] = {}
    place, separated = 0, True
    while place < len(text):
        word = _WORD.match(text, place)
        if word is None:
            separated = separated or text[place] == ","
            place = _after_blanks(text, place + 1)
            continue
        place = _after_blanks(text, word.end())
        if text.startswith("=", place):
            value, place = parameter_value(text, _after_blanks(text, place + 1), _UNQUOTED_END)
            if found:
                parameters[word.group().lower()] = value
        elif separated:  # else it is the token68 of the challenge (RFC 9110 §11.2), which no known scheme has
            parameters = {}
            found.append(Challenge(word.group().lower(), parameters))
        place = _after_blanks(text, place)
        separated = False
    return found


def _after_blanks(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return place if blanks is None else blanks.end()
