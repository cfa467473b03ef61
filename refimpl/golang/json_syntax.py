"""Where and why a text isn't JSON, in the words of Go's decoder (the signing tools' own; specification 20 §4.2)."""

from __future__ import annotations

import re
from typing import NoReturn

from refimpl.golang.quoting import quote_character

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_HEX = frozenset("0123456789abcdefABCDEF")
_END = "unexpected end of JSON input"


class _Found(Exception):  # noqa: N818  # it carries the answer up, it isn't an error
    pass


def syntax_error(data: bytes) -> str:
    """The first syntax error of a text that isn't JSON; bytes count singly, as they do for the signing tools."""
    scanner = _Scanner(data.decode("latin-1"))
    try:
        scanner.run()
    except _Found as found:
        return str(found)
    return "exceeded max depth"


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def run(self) -> None:
        open_brackets: list[str] = []
        while True:
            opened = self._value()
            if opened:
                open_brackets.append(opened)
                if not self._empty(opened):
                    if opened == "{":
                        self._name("looking for beginning of object key string")
                    continue
                open_brackets.pop()
            while open_brackets:  # after a value
                inside = open_brackets[-1]
                end = "}" if inside == "{" else "]"
                what = "after object key:value pair" if inside == "{" else "after array element"
                if self._take("," + end, what) == ",":
                    if inside == "{":
                        self._skip_space()
                        self._name("looking for beginning of object key string")
                    break
                open_brackets.pop()
            else:
                break
        self._skip_space()
        if self._at < len(self._text):
            self._fail("after top-level value")

    def _value(self) -> str:
        """Read a scalar, or the opening bracket of something larger, which is returned."""
        self._skip_space()
        char = self._peek()
        if char in "{[":
            self._at += 1
            return char
        if char == '"':
            self._string()
        elif char in "-0123456789":
            self._number()
        elif char in "tfn":
            self._word({"t": "true", "f": "false", "n": "null"}[char])
        else:
            self._fail("looking for beginning of value")
        return ""

    def _empty(self, opened: str) -> bool:
        self._skip_space()
        if self._peek() == ("}" if opened == "{" else "]"):
            self._at += 1
            return True
        return False

    def _name(self, what: str) -> None:
        if self._peek() != '"':
            self._fail(what)
        self._string()
        self._take(":", "after object key")

    def _string(self) -> None:
        self._at += 1
        while (char := self._special()) != '"':
            if char == "\\":
                self._at += 1
                escape = self._inside()
                if escape == "u":
                    for _ in range(4):
                        self._at += 1
                        if self._inside() not in _HEX:
                            self._fail("in \\u hexadecimal character escape")
                elif escape not in '"\\/bfnrt':
                    self._fail("in string escape code")
            else:
                self._fail("in string literal")
            self._at += 1
        self._at += 1

    def _number(self) -> None:
        match = _NUMBER.match(self._text, self._at)
        if match is None:  # a lone minus sign
            self._at += 1
            self._fail("in numeric literal")
        self._at = match.end()
        rest = self._text[self._at : self._at + 1]
        if rest == "." and not {".", "e", "E"} & set(match[0]):
            self._at += 1
            self._fail("after decimal point in numeric literal")
        if rest in {"e", "E"} and not {"e", "E"} & set(match[0]):
            self._at += 1
            if self._inside() in "+-":
                self._at += 1
            self._fail("in exponent of numeric literal")

    def _word(self, word: str) -> None:
        for place, expected in enumerate(word):
            if self._inside() != expected:
                self._fail(f"in literal {word} (expecting {quote_character(word[place])})")
            self._at += 1

    def _special(self) -> str:
        """The next character in a string that ends it or is wrong."""
        match = _PLAIN.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._peek()

    def _take(self, wanted: str, what: str) -> str:
        self._skip_space()
        char = self._peek()
        if char not in wanted:
            self._fail(what)
        self._at += 1
        return char

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _peek(self) -> str:
        if self._at >= len(self._text):
            raise _Found(_END)
        return self._text[self._at]

    def _inside(self) -> str:
        """The next character of what can't end yet: at the text's end the decoder sees a blank."""
        return self._text[self._at : self._at + 1] or " "

    def _fail(self, what: str) -> NoReturn:
        raise _Found(f"invalid character {quote_character(self._inside())} {what}")
