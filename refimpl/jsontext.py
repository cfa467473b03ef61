"""JSON as the contract writes it (specification 10, conventions): one compact line, members in the given order.

Numbers that would lose their spelling as Python floats are carried as `NumberText` and written as they came.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False  # not imported from typing: `version --json` takes no longer than the interpreter's start
if TYPE_CHECKING:
    from typing import Any

__all__ = ["NumberText", "dumps", "loads"]

_MARK = "\x00number:"
_MARKED = re.compile(r'"\\u0000number:([^"]*)"')
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


class NumberText(str):
    """A JSON number by its text, such as ``1.50`` or ``1e400``."""

    __slots__ = ()


def loads(text: str | bytes, *, keep_numbers: bool = False) -> Any:
    """Parse JSON. With `keep_numbers`, fractions and exponents become `NumberText`; integers are exact either way.

    Raises:
        ValueError: not JSON.
    """
    if not keep_numbers:
        return json.loads(text)
    return json.loads(text, parse_float=lambda number: NumberText(_MARK + number))


def dumps(value: Any, *, sort_keys: bool = False, escape_html: bool = True) -> str:
    r"""One compact line without a newline; ``<``, ``>``, ``&``, U+2028 and U+2029 as ``\u....``, all else raw."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys, default=_jsonable)
    if "\\u0000number:" in text:
        text = _MARKED.sub(r"\1", text)
    if escape_html:  # these characters only occur inside strings
        for raw, escaped in _ESCAPES:
            if raw in text:
                text = text.replace(raw, escaped)
    return text


def _jsonable(value: Any) -> Any:
    if hasattr(value, "items"):
        return dict(value.items())
    return list(value)
