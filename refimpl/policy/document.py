"""The text of a policy configuration as a JSON value (specification 10 §3.2); YAML, and JSON as a part of it."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["DocumentError", "parse"]


class DocumentError(ValueError):
    """Neither YAML nor JSON; the text begins ``error converting YAML to JSON: ``."""


def parse(text: str) -> Any:
    """The first document of `text`: dictionaries have text keys, integers are exact, timestamps stay text.

    Raises:
        DocumentError: it cannot be read as YAML or has no JSON form.
    """
    if text.lstrip(" \n").startswith("{"):
        try:
            return _json(text)
        except ValueError:
            pass  # YAML in braces, or JSON that YAML reads otherwise
    from refimpl import yamltext

    try:
        text.encode()
        value = yamltext.loads(text)
        _check(value)
    except UnicodeEncodeError:
        raise DocumentError("error converting YAML to JSON: yaml: invalid UTF-8") from None
    except RecursionError:
        raise DocumentError("error converting YAML to JSON: yaml: nested too deeply") from None
    except ValueError as error:
        words = str(error)
        prefix = "" if words.startswith(("yaml: ", "json: ")) else "yaml: "
        raise DocumentError(f"error converting YAML to JSON: {prefix}{words}") from None
    return value


def _json(text: str) -> Any:
    """Read what means the same as JSON and as YAML, without a YAML parser; ValueError for all other text."""
    if not text.isascii() or "\x7f" in text or "\\ud" in text.lower():
        raise ValueError("YAML has rules of its own for these")
    try:
        return json.loads(text, parse_float=_float, parse_int=_integer, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text  # YAML reads what no float can hold as a string


def _integer(text: str) -> int | float:
    if len(text) > 20:
        return float(text)
    number = int(text)
    return number if -(1 << 63) <= number < 1 << 64 else float(text)


def _refuse(text: str) -> None:
    raise ValueError(text)


def _check(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        shown = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise ValueError(f"json: unsupported value: {shown}")
    if isinstance(value, dict):
        for item in value.values():
            _check(item)
    elif isinstance(value, list):
        for item in value:
            _check(item)
