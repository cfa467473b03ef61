"""Commands and flags: finding the command in a command line, parsing its flags, and help texts.

The rules are those of specification 10 §1.1. Every command runs through this module, so it imports next to nothing.
"""

from __future__ import annotations

from refimpl.errors import UsageError
from refimpl.golang.quoting import quote, quote_character

TYPE_CHECKING = False  # not imported from typing: that costs as much as everything else here together
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_ZERO: Mapping[str, Any] = {
    "string": "",
    "bool": False,
    "int": 0,
    "float": 0.0,
    "duration": 0.0,
    "list": (),
    "array": (),
    "shard": "",
}


class UnknownCommandError(UsageError):
    """The command line names a command that doesn't exist; `hint` is the line to print after the message."""

    def __init__(self, name: str, parent: Command, meant: Sequence[str] = ()) -> None:
        text = f"unknown command {quote(name)} for {quote(parent.path)}"
        if meant:
            text += "".join(("\n\nDid you mean this?\n", *(f"\t{one}\n" for one in meant)))
        super().__init__(text)
        self.hint = f"Run '{parent.path} --help' for usage." if parent.children else ""


class Flag:
    """One flag's declaration.

    `kind` is ``string``, ``bool``, ``int``, ``float``, ``duration`` (seconds as float), ``list`` (its values are lines
    of CSV), ``array`` (a list that takes each value as it is) or ``shard`` (``i/n``). `bare` is the value
    text of a flag given without one (bools have ``true``). `default` is the kind's zero unless given; `default_text` is
    how the help text shows it. A `natural` number is none below zero; an `automatic` one is none below one, or the
    word ``auto``, which is 0. A text must be one of `choices`, if there are any.
    """

    __slots__ = ("automatic", "bare", "choices", "default", "default_text", "kind", "name", "natural", "short", "usage")

    def __init__(
        self,
        name: str,
        kind: str,
        usage: str,
        *,
        default: Any = None,
        short: str = "",
        bare: str = "",
        default_text: str = "",
        natural: bool = False,
        automatic: bool = False,
        choices: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = _ZERO[kind] if default is None else default
        self.usage = usage
        self.short = short
        self.bare = bare or ("true" if kind == "bool" else "")
        self.default_text = default_text
        self.natural = natural
        self.automatic = automatic
        self.choices = choices

    @property
    def label(self) -> str:
        """How messages name the flag: ``--strict`` or, with a shorthand, ``-s, --strict``."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Command:
    """One command's declaration; `path` is its whole name, `local` its own flags, `inherited` those it shares."""

    __slots__ = ("children", "details", "inherited", "local", "name", "path", "summary", "takes_arguments")

    def __init__(
        self,
        path: str,
        summary: str,
        *,
        details: str = "",
        local: Sequence[Flag] = (),
        inherited: Sequence[Flag] = (),
        children: Sequence[Command] = (),
        takes_arguments: bool = False,
    ) -> None:
        self.path = path
        self.name = path.rpartition(" ")[2]
        self.summary = summary
        self.details = details
        self.local = local
        self.inherited = inherited
        self.children = children
        self.takes_arguments = takes_arguments

    def flags(self) -> list[Flag]:
        """All flags that the command understands."""
        return [*self.local, *self.inherited]


class ParsedFlags:
    """What a command line said: `values` by flag name, defaults included; `given` names; the other `arguments`."""

    __slots__ = ("arguments", "given", "values")

    def __init__(self, values: dict[str, Any], given: set[str], arguments: list[str]) -> None:
        self.values: Mapping[str, Any] = values
        self.given = given
        self.arguments = arguments


def find_command(root: Command, arguments: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that `arguments` name, and the arguments without its name.

    Flags may stand before and between the names; ``help`` before them is the flag ``--help`` after them.

    Raises:
        UnknownCommandError: a word names no command, and no help is asked for.
    """
    command, rest = root, list(arguments)
    while command.children:
        place = _first_word(command, rest)
        if place is None:
            break
        if rest[place] == "help":
            return find_command(command, [*rest[:place], *rest[place + 1 :], "--help"])
        child = next((child for child in command.children if child.name == rest[place]), None)
        if child is None:
            if command is not root and not {"-h", "--help"}.isdisjoint(rest):
                break
            raise UnknownCommandError(rest[place], command, suggestions(rest[place], command))
        command = child
        del rest[place]
    return command, rest


def suggestions(word: str, parent: Command) -> list[str]:
    """The children that may have been meant: two letters differ at most, or the word is a beginning of theirs."""
    typed = word.lower()
    return [
        child.name for child in parent.children if child.name.startswith(typed) or _distance(typed, child.name) <= 2
    ]


def parse_flags(command: Command, arguments: Sequence[str]) -> ParsedFlags:
    """Parse the flags of `command`; words that are no flags are collected, ``--`` ends the flags.

    Raises:
        UsageError: an unknown flag, a missing or bad value.
        UnknownCommandError: an argument, where the command takes none.
    """
    parser = _Parser(command.flags())
    parser.parse(arguments)
    return ParsedFlags(parser.values, parser.given, parser.arguments)


def reject_arguments(command: Command, parsed: ParsedFlags) -> None:
    """Refuse words after a command that takes none.

    Raises:
        UnknownCommandError: there are some.
    """
    if parsed.arguments and not command.takes_arguments:
        raise UnknownCommandError(parsed.arguments[0], command)


def help_text(command: Command) -> str:
    """The help text, made from the declarations."""
    parts = [command.details or command.summary, ""]
    usage = f"  {command.path} [command]" if command.children else f"  {command.path} [flags]"
    parts += ["Usage:", usage, ""]
    if command.children:
        width = max(len(child.name) for child in command.children)
        parts += ["Commands:", *(f"  {child.name:<{width}}  {child.summary}" for child in command.children), ""]
    for title, flags in (("Flags:", command.local), ("Global flags:", command.inherited)):
        if flags:
            parts += [title, *_flag_lines(flags), ""]
    if command.children:
        parts.append(f'Use "{command.path} [command] --help" for more about a command.')
    return "\n".join(parts).rstrip("\n") + "\n"


def _distance(one: str, other: str) -> int:
    """How many letters must be changed, added or taken away; words of very different length are just far apart."""
    if abs(len(one) - len(other)) > 2:
        return 3
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def _flag_lines(flags: Iterable[Flag]) -> list[str]:
    rows: list[tuple[str, list[str]]] = []
    for flag in sorted(flags, key=lambda flag: flag.name):
        left = (f"  -{flag.short}, " if flag.short else "      ") + f"--{flag.name}"
        if flag.kind != "bool":
            left += f' {flag.kind}[="{flag.bare}"]' if flag.bare else f" {flag.kind}"
        usage = flag.usage + (f" (default {flag.default_text})" if flag.default_text else "")
        rows.append((left, usage.split("\n")))
    width = max(len(left) for left, _ in rows) + 3
    lines = []
    for left, usages in rows:
        lines.append(f"{left:<{width}}{usages[0]}")
        lines += [" " * width + usage for usage in usages[1:]]
    return lines


def _first_word(command: Command, arguments: Sequence[str]) -> int | None:
    """Index of the first word that isn't a flag or a flag's value; unknown flags are taken to have a value."""
    known = [*command.local, *command.inherited]
    long = {flag.name: flag for flag in known}
    short = {flag.short: flag for flag in known if flag.short}
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if word == "--":
            return None
        if word and not word.startswith("-"):
            return index
        takes_value = False
        if "=" not in word and word.startswith("--"):
            takes_value = not (word[2:] in long and long[word[2:]].bare)
        elif "=" not in word and len(word) == 2:
            takes_value = not (word[1] in short and short[word[1]].bare)
        index += 2 if takes_value else 1
    return None


class _Parser:
    def __init__(self, flags: Iterable[Flag]) -> None:
        self._flags = {flag.name: flag for flag in flags}
        self._shorts = {flag.short: flag for flag in self._flags.values() if flag.short}
        self.values: dict[str, Any] = {
            name: list(flag.default) if flag.kind in {"list", "array"} else flag.default
            for name, flag in self._flags.items()
        }
        self.given: set[str] = set()
        self.arguments: list[str] = []

    def parse(self, arguments: Sequence[str]) -> None:
        rest = list(reversed(arguments))
        while rest:
            word = rest.pop()
            if len(word) < 2 or word[0] != "-":
                self.arguments.append(word)
            elif word == "--":
                self.arguments += reversed(rest)
                return
            elif word.startswith("--"):
                self._long(word, rest)
            else:
                self._short(word[1:], rest)

    def _long(self, word: str, rest: list[str]) -> None:
        name, equals, value = word[2:].partition("=")
        if name[:1] in ("", "-"):
            raise UsageError(f"bad flag syntax: {word}")
        flag = self._flags.get(name)
        if flag is None:
            raise UsageError(f"unknown flag: --{name}")
        if not equals:
            if flag.bare:
                value = flag.bare
            elif rest:
                value = rest.pop()
            else:
                raise UsageError(f"flag needs an argument: --{name}")
        self._set(flag, value)

    def _short(self, letters: str, rest: list[str]) -> None:
        while letters:
            flag = self._shorts.get(letters[0])
            if flag is None:
                raise UsageError(f"unknown shorthand flag: {quote_character(letters[0])} in -{letters}")
            following = letters[1:]
            if len(following) > 1 and following[0] == "=":
                value, following = following[1:], ""
            elif flag.bare:
                value = flag.bare
            elif following:
                value, following = following, ""
            elif rest:
                value = rest.pop()
            else:
                raise UsageError(f"flag needs an argument: {quote_character(letters[0])} in -{letters}")
            self._set(flag, value)
            letters = following

    def _set(self, flag: Flag, text: str) -> None:
        if flag.kind == "string" and not flag.choices:
            self.values[flag.name] = text
        elif flag.kind == "array":
            self.values[flag.name] = [*(self.values[flag.name] if flag.name in self.given else ()), text]
        else:
            try:
                self._set_parsed(flag, text)
            except ValueError as error:
                raise UsageError(f"invalid argument {quote(text)} for {quote(flag.label)} flag: {error}") from None
        self.given.add(flag.name)

    def _set_parsed(self, flag: Flag, text: str) -> None:
        from refimpl.golang import strconv  # only commands with such flags pay for it

        if flag.choices:
            if text not in flag.choices:
                raise ValueError(f"must be {' or '.join(flag.choices)}")
            self.values[flag.name] = text
        elif flag.kind == "shard":
            from refimpl.command_line.shard import Shard

            self.values[flag.name] = str(Shard.parse(text))
        elif flag.kind == "list":
            items = strconv.parse_list(text)
            self.values[flag.name] = self.values[flag.name] + items if flag.name in self.given else items
        elif flag.automatic and text == "auto":
            self.values[flag.name] = 0
        else:
            value = strconv.READERS[flag.kind](text)
            if flag.automatic and value < 1:
                raise ValueError("must be auto, or 1 or more")
            if flag.natural and not value >= 0:  # nor "nan"
                raise ValueError("must not be negative")
            self.values[flag.name] = value
