"""YAML as the contract's programs read it: YAML 1.1 with go-yaml's scalars, turned into what JSON can hold.

``y``, ``yes``, ``on`` and their opposites are booleans, as keys too; ``010`` is 8; dates stay text; of equal keys the
last counts; of several documents the first counts (specification 22 A3, 12 §3). What is JSON already is read as JSON.
Time and memory are linear in the text: nesting, aliases and directives have limits.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, cast

from refimpl.golang.jsontext import (
    DEPTH_LIMIT,
    CostError,
    DepthError,
    check_depth,
    refuse_constant,
    replace_surrogates_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml

#: Which part of a document may come from aliases (go-yaml): of 400,000 values almost all, of 4 million a tenth.
_ALIASES = (0.99, 400_000), (0.1, 4_000_000)
#: How many ``%TAG`` directives a text may have: the parser looks through all of them for each.
_TAG_DIRECTIVES = 100
#: How many values a text may have: one of two bytes takes up to a hundred in memory.
_VALUES = 4_000_000

_SURROGATE = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F]")
_TAG_DIRECTIVE = "(?m)^%TAG"
_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BEFORE_NUMBERS = frozenset("-+.0123456789")
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_INT_MIN, _INT_MAX = -(1 << 63), (1 << 64) - 1
_EXACT_FLOAT = 1e21  # from here on Go writes an exponent


def loads(text: str | bytes, *, mend: bool = False) -> Any:
    """The first document of `text`, made of None, bool, int, float, str, list and dict with text keys.

    Bytes are UTF-8, or UTF-16 with a byte order mark.

    A number without a fraction is an int, whatever its spelling (``1e3`` is 1000); integers beyond 64 bits become
    floats. An empty document is None.

    Args:
        text: the document.
        mend: read half a surrogate pair as U+FFFD, where otherwise it is an error.

    Raises:
        CostError: nested deeper than `jsontext.DEPTH_LIMIT`, where aliases count as what they stand for; or too many
            values or directives.
        ValueError: it isn't YAML, or holds what JSON cannot: other keys than scalars, infinities, endless aliases.
    """
    text = _decode(text)
    return _check_surrogates(next(_documents(text), None), text, mend=mend)


def loads_all(text: str | bytes) -> list[Any]:
    """All documents of `text`, as `loads` reads the first one; none is one that is None.

    Raises:
        ValueError: as with `loads`, in any of the documents.
    """
    text = _decode(text)
    return [_check_surrogates(value, text, mend=False) for value in _documents(text)] or [None]


def _decode(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    return text.decode("utf-16" if text[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8")


def _check_surrogates(value: Any, text: str, *, mend: bool) -> Any:
    if _SURROGATE.search(text):
        mended = replace_surrogates_in(value)
        if mended != value and not mend:
            raise ValueError("yaml: found invalid Unicode character escape code")
        return mended
    return value


def _documents(text: str) -> Iterator[Any]:
    start = text.lstrip()[:1]
    if start and start in '{["':
        if text.count(",") > _VALUES:  # few texts have as many commas in strings
            raise _too_many()
        try:
            value = json.loads(text, parse_float=_json_float, parse_int=_json_int, parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            pass  # YAML is wider, and its reader tells what is wrong
        else:
            if text.count("[") + text.count("{") > DEPTH_LIMIT:
                _check_depth(value)
            yield value
            return
    yield from _Builder(text).documents()


def _check_depth(value: Any) -> None:
    try:
        check_depth(value)
    except DepthError:
        raise DepthError("yaml: ") from None


def _json_float(text: str) -> int | float:
    return _number(float(text))


def _json_int(text: str) -> int | float:
    number = int(text) if len(text) < 25 else 1 << 80
    return number if _INT_MIN <= number <= _INT_MAX else _number(float(text))


class _Builder:
    """Builds values from parser events, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._anchors: dict[str, Any] = {}
        self._open: set[str] = set()
        self._stack: list[_Collection] = []
        self._place = 0
        self._made = 0
        self._aliased = 0

    def documents(self) -> Iterator[Any]:
        """The documents, one after another."""
        import yaml

        if len(re.findall(_TAG_DIRECTIVE, self._text)) > _TAG_DIRECTIVES:
            raise CostError(f"yaml: more than {_TAG_DIRECTIVES} %TAG directives")
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            yield from self._build(yaml.parse(self._text, Loader=loader))
        except yaml.YAMLError as error:
            if self._ends_too_deep(error):
                raise DepthError("yaml: ") from error
            raise ValueError(f"yaml: {_one_line(error)}") from error

    def _ends_too_deep(self, error: yaml.YAMLError) -> bool:
        """Whether the parser gave up amid more brackets than we take: it looks ahead, so it may see them first."""
        mark = getattr(error, "problem_mark", None)
        ahead = self._text[self._place : mark.index] if mark is not None else ""
        return len(self._stack) + ahead.count("[") + ahead.count("{") >= DEPTH_LIMIT

    def _build(self, events: Iterator[Any]) -> Iterator[Any]:
        stack, result = self._stack, None
        for event in events:
            kind = type(event).__name__
            self._place = event.end_mark.index
            if kind in {"SequenceStartEvent", "MappingStartEvent"}:
                if len(stack) >= DEPTH_LIMIT:
                    raise DepthError("yaml: ")
                stack.append(_Collection(kind == "MappingStartEvent", event.anchor, event.start_mark.line + 1))
                self._open.add(event.anchor or "")
                continue
            if kind == "ScalarEvent":
                value, size = _scalar(event), 1
                self._made += 1
                if self._made > _VALUES:
                    raise _too_many()
                if event.anchor:
                    self._anchors[event.anchor] = value, 1
            elif kind == "AliasEvent":
                if event.anchor in self._open:
                    raise ValueError(f"yaml: anchor '{event.anchor}' value contains itself")
                if event.anchor not in self._anchors:
                    raise ValueError(f"yaml: unknown anchor '{event.anchor}' referenced")
                value, size = self._anchors[event.anchor]
                self._count_aliased(size)
                size += 1
            elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
                done = stack.pop()
                value, size = done.value(), done.size
                self._made += 1
                if self._made > _VALUES:
                    raise _too_many()
                self._open.discard(done.anchor or "")
                if done.anchor:
                    self._anchors[done.anchor] = value, size
            elif kind == "DocumentEndEvent":
                if self._anchors:
                    _check_depth(result)
                yield result
                self._anchors.clear()
                self._made = self._aliased = 0
                continue
            else:
                continue
            if not stack:
                result = _plain(value)
                continue
            stack[-1].add(value, size)

    def _count_aliased(self, size: int) -> None:
        """Follow an alias to `size` values; the alias itself is a value, too."""
        self._made += 1
        self._aliased += size
        total = self._made + self._aliased
        (most, few), (least, many) = _ALIASES
        place = min(max(total - few, 0), many - few) / (many - few)
        if total > 1_000 and self._aliased > total * (most + (least - most) * place):
            raise ValueError("yaml: document contains excessive aliasing")


class _Collection:
    __slots__ = ("_is_mapping", "_items", "_line", "anchor", "size")

    def __init__(self, is_mapping: bool, anchor: str | None, line: int) -> None:  # noqa: FBT001  # one kind or the other
        self._is_mapping = is_mapping
        self._items: list[Any] = []
        self._line = line
        self.anchor = anchor
        self.size = 1

    def add(self, value: Any, size: int) -> None:
        self._items.append(value)
        self.size += size

    def value(self) -> Any:
        if not self._is_mapping:
            return [_plain(item) for item in self._items]
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in zip(self._items[::2], self._items[1::2], strict=True):
            if isinstance(key, _Merge):
                for source in value if isinstance(value, list) else [value]:
                    if not isinstance(source, dict):
                        raise _error(self._line, "map merge requires map or sequence of maps as the value")
                    for name, item in source.items():
                        merged.setdefault(name, item)
            else:
                own[_key(key, self._line)] = _plain(value)
        return {**merged, **own}


class _Merge(str):
    """The key ``<<``."""

    __slots__ = ()


def _plain(value: Any) -> Any:
    """A finished scalar as a value: keys are told from their float's exact form before."""
    if isinstance(value, float):
        return _number(value)
    return str(value) if isinstance(value, _Merge) else value


def _scalar(event: Any) -> Any:
    text = cast("str", event.value)
    tag = event.tag
    if tag is None or tag == "!":
        return resolve(text) if event.implicit[0] and tag is None else text
    if tag == _TAG + "str":
        return text
    if tag == _TAG + "binary":
        from refimpl.golang import base64text

        try:
            return base64text.decode("".join(text.split())).decode("utf-8", "replace")
        except ValueError:
            raise ValueError(
                f"yaml: line {event.start_mark.line + 1}: !!binary value contains invalid base64"
            ) from None
    wanted = {"bool": bool, "int": int, "float": float, "null": type(None)}.get(tag.removeprefix(_TAG))
    value = resolve(text)
    if wanted is None:
        return value if event.implicit[0] else text
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, wanted):
        raise _error(event.start_mark.line + 1, f"cannot decode a scalar as {tag}")
    return value


def resolve(text: str) -> Any:
    """What a plain scalar means (go-yaml's resolve, version 2): None, bool, int, float or str.

    Raises:
        ValueError: an infinity, or what isn't a number.
    """
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text == "<<":
        return _Merge(text)
    if text[0] not in _BEFORE_NUMBERS:
        return text
    if re.fullmatch(_NOT_FINITE, text):
        raise ValueError(f"yaml: {text} has no JSON form")
    digits = text if text[0] == "." else text.replace("_", "")
    number = _integer(digits)
    if number is not None:
        return number
    if re.fullmatch(_FLOAT, digits):
        value = float(digits)
        if math.isinf(value):
            return text  # ParseFloat refuses what is out of range
        return value
    return text


def _integer(digits: str) -> int | None:
    sign = digits[:1] if digits[:1] in {"-", "+"} else ""
    body = digits[len(sign) :].lower()
    if not body.isascii() or not body.isalnum() or not body[0].isdigit():
        return None
    base = 10
    for prefix, its_base in (("0x", 16), ("0b", 2), ("0o", 8)):
        if body.startswith(prefix):
            body, base = body[2:], its_base
            break
    else:
        if body[0] == "0" and len(body) > 1:
            body, base = body[1:], 8
    if len(body) > 64:
        return None
    try:
        number = int(sign + body, base)
    except ValueError:
        return None
    return number if _INT_MIN <= number <= _INT_MAX else None


def _number(value: float) -> int | float:
    if math.isinf(value):
        raise ValueError("a number is out of range")
    return int(value) if value.is_integer() and abs(value) < _EXACT_FLOAT else value


def _key(key: Any, line: int) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, float):
        return _float_key(key)
    if isinstance(key, int):
        return str(key)
    raise _error(line, f"unsupported map key: {key}")


def _float_key(key: float) -> str:
    """The shortest text that tells a 32-bit float, with an exponent below 1e-4 and from 1e6 on (sigs.k8s.io/yaml)."""
    import struct

    def narrow(number: float) -> float:
        return float(struct.unpack("f", struct.pack("f", number))[0])

    try:
        wanted = narrow(key)
    except OverflowError:
        return "+Inf" if key > 0 else "-Inf"
    digits, text = 0, ""
    for digits in range(9):  # so many tell any
        text = f"{wanted:.{digits}e}"
        if narrow(float(text)) == wanted:
            break
    exponent = int(text.partition("e")[2])
    return text if not -4 <= exponent < 6 else f"{float(text):.{max(0, digits - exponent)}f}"


def _too_many() -> CostError:
    return CostError(f"yaml: more than {_VALUES} values")


def _error(line: int, problem: str) -> ValueError:
    return ValueError(f"yaml: line {line}: {problem}")


def _one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
