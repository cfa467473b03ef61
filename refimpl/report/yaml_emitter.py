"""JSON data as a block YAML document, as go-yaml 2 writes it: mappings sorted, texts folded at column 80."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from refimpl.report import yaml_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["dumps"]

_LONGEST_SIMPLE_KEY = 128  # bytes
_INDENT = 2
_INT64 = 1 << 63


def dumps(value: Any) -> str:
    """The document with a final newline; `value` is JSON data, its numbers may be `jsontext.Number`."""
    emitter = _Emitter()
    emitter.node(value, indent=-1)
    emitter.end()
    return "".join(emitter.parts)


class _Emitter:
    """Writes nodes and keeps the column.

    Each method's `indent` is that of the collection around the node. `at_margin` tells that since the last newline only
    indentation and ``- ``, ``? `` or ``: `` were written, so that a collection may begin here.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.column = 0
        self.at_margin = True

    def node(self, value: Any, *, indent: int, in_mapping: bool = False) -> None:
        if isinstance(value, str) and yaml_scalar.plain_text(value) is None:
            self._string(value, indent + _INDENT if indent >= 0 else _INDENT)
        elif (text := yaml_scalar.plain_text(value)) is not None:
            self._gap()
            self._put(text)
        elif hasattr(value, "items"):
            self._mapping(value, indent)
        else:
            self._sequence(value, indent, in_mapping=in_mapping)

    def end(self) -> None:
        if self.column:
            self._newline()

    def _mapping(self, value: Mapping[str, Any], indent: int) -> None:
        if not value:
            self._gap()
            self._put("{}")
            return
        inner = indent + _INDENT if indent >= 0 else 0
        for key in sorted(value, key=_ORDER):
            self._margin(inner)
            analysis = yaml_scalar.Analysis(key)
            if len(key.encode("utf-8", "replace")) <= _LONGEST_SIMPLE_KEY and not analysis.multiline:
                self._string(key, inner, as_key=True)
                self._put(":")
            else:
                self._indicator("?")
                self._string(key, inner + _INDENT)
                self._margin(inner)
                self._indicator(":")
            self.node(value[key], indent=inner, in_mapping=True)

    def _sequence(self, value: Sequence[Any], indent: int, *, in_mapping: bool) -> None:
        if not value:
            self._gap()
            self._put("[]")
            return
        # Directly below its key a sequence isn't indented.
        inner = 0 if indent < 0 else indent if in_mapping and not self.at_margin else indent + _INDENT
        for item in value:
            self._margin(inner)
            self._indicator("-")
            self.node(item, indent=inner)

    def _string(self, text: str, indent: int, *, as_key: bool = False) -> None:
        """Write a string; `indent` is that of its further lines."""
        analysis = yaml_scalar.Analysis(text)
        self._gap()
        if "\n" in text and analysis.block and not as_key:
            self._literal(text, indent)
        elif "\n" in text or not yaml_scalar.reads_as_string(text):
            self._double_quoted(text, indent, fold=not as_key)
        elif analysis.plain and text:
            self._folded(text, indent, fold=not as_key)
        elif analysis.single:
            self._single_quoted(text, indent, fold=not as_key)
        else:
            self._double_quoted(text, indent, fold=not as_key)

    def _folded(self, text: str, indent: int, *, fold: bool, edge: int = 0) -> None:
        """Write a text; single spaces beyond the width become line breaks, but for `edge` characters at both ends."""
        if not fold or self.column + len(text) <= yaml_scalar.WIDTH or " " not in text:
            self._put(text)
            return
        start = 0
        last = len(text) - 1
        for place in _spaces(text):
            single = text[place + 1 : place + 2] != " " and (place == 0 or text[place - 1] != " ")
            if single and edge <= place <= last - edge and self.column + place - start > yaml_scalar.WIDTH:
                self._put(text[start:place])
                self._break(indent)
                start = place + 1
        self._put(text[start:])

    def _single_quoted(self, text: str, indent: int, *, fold: bool) -> None:
        self._put("'")
        self._folded(text.replace("'", "''"), indent, fold=fold, edge=1)
        self._put("'")

    def _double_quoted(self, text: str, indent: int, *, fold: bool) -> None:
        self._put('"')
        characters = yaml_scalar.double_quoted(text)
        last = len(characters) - 1
        after_space = False
        for place, character in enumerate(characters):
            is_space = character == " "
            if is_space and fold and not after_space and 0 < place < last and self.column > yaml_scalar.WIDTH:
                self._break(indent)
                if characters[place + 1] == " ":
                    self._put("\\")
            else:
                self._put(character)
            after_space = is_space
        self._put('"')

    def _literal(self, text: str, indent: int) -> None:
        self._put(yaml_scalar.literal_header(text))
        for line in text.split("\n"):
            self._newline()
            if line:
                self._put(" " * indent + line)

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.column += len(text)
        self.at_margin = False

    def _gap(self) -> None:
        """A blank before a node that follows something on its line."""
        if self.column and not self.at_margin:
            self._put(" ")

    def _indicator(self, mark: str) -> None:
        self._put(mark)
        self._put(" ")
        self.at_margin = True

    def _margin(self, indent: int) -> None:
        """Come to column `indent`, on a new line unless the node may begin right here."""
        if self.column > indent or not self.at_margin:
            self._newline()
        self.parts.append(" " * (indent - self.column))
        self.column = indent
        self.at_margin = True

    def _break(self, indent: int) -> None:
        self._newline()
        self._put(" " * indent)

    def _newline(self) -> None:
        self.parts.append("\n")
        self.column = 0
        self.at_margin = True


def _compare_keys(first: str, second: str) -> int:
    """Letters by code point and after all else, runs of digits by their number (go-yaml 2's order of keys)."""
    for place, (left, right) in enumerate(zip(first, second, strict=False)):
        if left == right:
            continue
        if left.isalpha() or right.isalpha():
            if left.isalpha() and right.isalpha():
                return -1 if left < right else 1
            return -1 if right.isalpha() else 1
        left_number, left_end = _number_at(first, place, other=right)
        right_number, right_end = _number_at(second, place, other=left)
        if left_number != right_number:
            return -1 if left_number < right_number else 1
        if left_end != right_end:
            return -1 if left_end < right_end else 1
        return -1 if left < right else 1
    return len(first) - len(second)


def _number_at(key: str, place: int, *, other: str) -> tuple[int, int]:
    """The number whose digits go on at `place`, where the key differs from one with `other` there, and its end."""
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


def _spaces(text: str) -> Iterable[int]:
    place = text.find(" ")
    while place >= 0:
        yield place
        place = text.find(" ", place + 1)
