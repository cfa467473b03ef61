"""JSON data as a block YAML document, as go-yaml 2 writes it (specification 24 §5).

PyYAML's emitter and go-yaml's have one origin, libyaml. What go-yaml decides before it emits stands here: the order of
keys, which texts need quotes, how numbers are written.
"""

from __future__ import annotations

import functools
import re
from math import isfinite
from typing import Any, ClassVar

import yaml

from refimpl.golang import instant
from refimpl.golang.numbers import format_float
from refimpl.golang.utf8 import replace_surrogates
from refimpl.golang.yamltext import resolve

_WIDTH = 80
_INT64 = 1 << 63
_TAG = "tag:yaml.org,2002:str"
#: libyaml also writes these line breaks as they are.
_SEPARATORS = re.compile("[\u0085\u2028\u2029]")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt](?=.*(?:Z|[-+][0-9]{2}:[0-9]{2})$)| (?=[0-9:.,]*$))"  # a zone after T, none after a space
    r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # which of the two is known when run
    """Writes each scalar in the style of its node, whatever a reader would take it for.

    Where PyYAML was built without libyaml, its own emitter folds some quoted texts at other places.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def dumps(value: Any) -> str:
    """The document with a final newline; `value` is JSON data, its numbers may be `jsontext.Number`."""
    text: str = yaml.serialize(_node(value), Dumper=_Dumper, allow_unicode=True, width=_WIDTH)
    return text.removesuffix("...\n") if text.endswith("\n...\n") else text  # libyaml's end of an open literal


def _node(value: Any) -> yaml.Node:
    if isinstance(value, str):
        text = replace_surrogates(value)
        return yaml.ScalarNode(_TAG, text, style=_style(text))
    if hasattr(value, "items"):
        members = [(_node(key), _node(value[key])) for key in sorted(value, key=_ORDER)]
        return yaml.MappingNode("tag:yaml.org,2002:map", members, flow_style=not members)
    if isinstance(value, list | tuple):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [_node(item) for item in value], flow_style=not value)
    return yaml.ScalarNode(_TAG, _spell(value))


def _style(text: str) -> str | None:
    """Literal for several lines, double-quoted for what would read as something else than a text, None for any."""
    if _SEPARATORS.search(text):
        return '"'
    if "\n" in text:
        return "|"
    return None if _reads_as_text(text) else '"'


def _reads_as_text(text: str) -> bool:
    try:
        if not isinstance(resolve(text), str):
            return False
    except ValueError:  # an infinity
        return False
    return not (_BASE_60.fullmatch(text) or _is_time(text))


def _is_time(text: str) -> bool:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return False
    year, *others = (f"{int(part or 0):02}" for part in found.groups())
    try:
        instant.parse_rfc3339("{:0>4}-{}-{}T{}:{}:{}Z".format(year, *others))
    except instant.TimeSyntaxError:
        return False
    return True


def _spell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -_INT64 <= value < 2 * _INT64:
        return str(value)
    number = float(str(value))
    return format_float(number) if isfinite(number) else str(value)


def _compare_keys(first: str, second: str) -> int:
    """Letters by code point and after all else, runs of digits by their number (go-yaml 2's order of keys)."""
    for place, (left, right) in enumerate(zip(first, second, strict=False)):
        if left == right:
            continue
        if left.isalpha() or right.isalpha():
            if left.isalpha() and right.isalpha():
                return -1 if left < right else 1
            return -1 if right.isalpha() else 1
        ours = _number_at(first, place, other=right)
        theirs = _number_at(second, place, other=left)
        if ours != theirs:
            return -1 if ours < theirs else 1
        return -1 if left < right else 1
    return len(first) - len(second)


def _number_at(key: str, place: int, *, other: str) -> tuple[int, int]:
    """The number whose digits continue at `place`, where the key differs from one with `other` there, and its end."""
    number = 0
    if "0" in (key[place], other):
        # Leading zeros don't count, so a zero inside a number stands for a digit.
        start = place
        while start > 0 and key[start - 1].isdecimal():
            start -= 1
        number = 1 if key[start:place].strip("0") else 0
    end = place
    while end < len(key) and key[end].isdecimal():
        number = (number * 10 + ord(key[end]) - ord("0")) % (2 * _INT64)  # long runs overflow there, so they do here
        end += 1
    return (number + _INT64) % (2 * _INT64) - _INT64, end


_ORDER = functools.cmp_to_key(_compare_keys)
