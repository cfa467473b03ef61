"""``Link`` fields: where the next page of a listing is (RFC 8288 §3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refimpl.errors import MalformedError
from refimpl.http.parameters import parameter_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: How much of the fields is read, in characters.
LINK_LIMIT = 64 << 10

_GAP = re.compile(r"[ \t\r\n,;]*")
_NAME = re.compile(r'[^ \t\r\n,;="<]*')
_BLANKS = re.compile(r"[ \t]*")
_UNQUOTED_END = re.compile(r"[ \t\r\n,;]")


def next_target(fields: Iterable[str]) -> str:
    """The target of the first link with the relation ``next``, as given: perhaps relative; empty without one.

    Raises:
        MalformedError: there is more than `LINK_LIMIT` before it, so that nobody knows whether there is one.
    """
    room = LINK_LIMIT
    for text in fields:
        room -= len(text)
        if room < 0:
            raise MalformedError(f"Link is longer than {LINK_LIMIT} characters")
        for target, parameters in _links(text):
            relations = parameters.get("rel", "").lower().split()
            if "next" in relations and "anchor" not in parameters:  # with an anchor it is another page's next one
                return target
    return ""


def _links(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Targets with their parameters, names in small letters; of equal names the first counts. Linear."""
    place = text.find("<")
    while place >= 0:
        end = text.find(">", place)
        if end < 0:
            return
        parameters: dict[str, str] = {}
        following = _parameters(text, end + 1, parameters)
        yield text[place + 1 : end].strip(), parameters
        place = text.find("<", following)


def _parameters(text: str, place: int, found: dict[str, str]) -> int:
    """Read parameters into `found`, up to the next ``<``; the answer is where that is, or the text's end."""
    while True:
        place = _end(_GAP, text, place)
        if place >= len(text) or text[place] == "<":
            return place
        end = _end(_NAME, text, place)
        name = text[place:end].lower()
        place = _end(_BLANKS, text, end)
        value = ""
        if text.startswith("=", place):
            value, place = parameter_value(text, _end(_BLANKS, text, place + 1), _UNQUOTED_END)
        elif not name:  # a stray quotation mark
            place += 1
        if name:
            found.setdefault(name, value)


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place
