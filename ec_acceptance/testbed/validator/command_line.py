"""Command lines as scenarios write them: JSON as one word, `${…}` for the run's values."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CommandLineError", "expand", "split"]

_OPENING = re.compile(r"(?:--?[A-Za-z][\w-]*=)?(?=[{\[])")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][\w-]*)\}")
_PAIRS = {"{": "}", "[": "]"}
_JSON = json.JSONDecoder(strict=False)


class CommandLineError(ValueError):
    """The scenario's text is no command line; the suite is at fault, not the validator."""


def split(text: str) -> list[str]:
    """The words of a command line.

    A word that begins with ``{`` or ``[``, or has it right after ``--flag=``, runs to the matching bracket, JSON
    strings respected, and keeps its quotes and blanks. All other words follow the shell's rules of quoting.

    Raises:
        CommandLineError: a bracket or quote isn't closed, or something sticks to a closing bracket.
    """
    words = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        opening = _OPENING.match(text, at)
        end = _json_end(text, opening.end()) if opening else _shell_end(text, at)
        word = text[at:end]
        words.append(word if opening else _unquote(word))
        at = end
    return words


def expand(word: str, variables: Mapping[str, str]) -> str:
    """The word with each ``${NAME}`` replaced, once: values aren't looked at again.

    Raises:
        CommandLineError: no variable has that name.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in variables:
            raise CommandLineError(f"no variable ${{{name}}} here; there are: {', '.join(sorted(variables))}")
        return variables[name]

    return _VARIABLE.sub(value, word)


def _json_end(text: str, start: int) -> int:
    awaited: list[str] = []
    at = start
    while at < len(text):
        character = text[at]
        if character == '"':
            try:
                _, at = _JSON.raw_decode(text, at)
            except ValueError:
                raise CommandLineError(f"a string of the JSON isn't closed: {text[start:]}") from None
            continue
        if character in _PAIRS:
            awaited.append(_PAIRS[character])
        elif character in "}]":
            if character != awaited.pop():
                raise CommandLineError(f"the brackets of the JSON don't match: {text[start : at + 1]}")
            if not awaited:
                end = at + 1
                if end < len(text) and not text[end].isspace():
                    raise CommandLineError(f"a blank is missing after the JSON: {text[start : end + 1]}")
                return end
        at += 1
    raise CommandLineError(f"a bracket of the JSON isn't closed (give such arguments in a table): {text[start:]}")


def _shell_end(text: str, start: int) -> int:
    quote = ""
    at = start
    while at < len(text):
        character = text[at]
        if character == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            break
        at += 1
    if quote:
        raise CommandLineError(f"a quote isn't closed: {text[start:]}")
    return min(at, len(text))


def _unquote(word: str) -> str:
    try:
        return "".join(shlex.split(word))
    except ValueError as error:
        raise CommandLineError(f"{error}: {word}") from None
