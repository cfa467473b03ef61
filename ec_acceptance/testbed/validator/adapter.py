"""Adapters: how a validator with a command line of its own is started (docs/conformance.md, "Adapters").

An adapter is a file in TOML. It says which program it is, and how the words, variables and paths of the protocol become
those of the program. All it does is rename: what the validator does and prints is judged as that of any other.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["SHIPPED", "Adapter", "AdapterError", "Start"]

SHIPPED = Path(__file__).parents[2] / "adapters"
"""The folder of the adapters that come with the kit."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_WORDS = frozenset({"folder", "work", "name"})
_ENVIRONMENT = "{environment}"
_VARIABLE = re.compile(r"\w+=")  # in front of a template's tool
_MEMBERS = (
    *("command", "working-directory", "environment-option", "environment", "paths", "commands", "flags", "stop"),
    *("claims", "expected-failures", "puller"),
)
_HARNESS = (sys.executable, "-m", "ec_acceptance.conformance.puller")
_ENDS_PATH = rb"(?![\w.-])"


class AdapterError(ValueError):
    """An adapter can't be had. The text is one line: the file, the place in it, what is wrong."""


@dataclass(frozen=True, slots=True)
class Start:
    """How one run is started.

    Attributes:
        command: its words.
        environment: all its variables.
        folder: in which it is started.
        stop: a command that ends what killing the process leaves; empty: nothing is left.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter; without any values everything is as the protocol says.

    Attributes:
        source: its file; empty of the one that changes nothing.
        command: the program and its first words; empty: another option names it.
        working_directory: where it is started; empty: in the folder of the scenario's files.
        environment_option: what stands for ``{environment}`` in the command, once before each variable's name.
        environment: variables that it gets besides.
        paths: folders as they are here, and as the validator sees them.
        commands: the words of a command of the protocol, and those that stand for them.
        rename: flags of the protocol, and what they are called here.
        drop: flags that are left out, with their values.
        drop_switches: flags without a value that are left out.
        stop: what ends a run that had to be killed.
        claims: the profiles that it claims; None: all of them.
        expected_failures: the file of its failures that are known.
        puller: the template of a tool that only fetches images (docs/pullers.md); the command is then that of the
            harness. Empty: it is a validator.
    """

    source: Path | None = None
    command: tuple[str, ...] = ()
    working_directory: str = ""
    environment_option: str = "--env"
    environment: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    drop_switches: frozenset[str] = frozenset()
    stop: tuple[str, ...] = ()
    claims: tuple[str, ...] | None = None
    expected_failures: Path | None = None
    puller: str = ""

    @classmethod
    def of_puller(cls, template: str) -> Adapter:
        """That of a tool that only fetches images, by its template."""
        template = _from_everywhere(template, Path.cwd())
        return cls(command=(*_HARNESS, template), puller=template)

    @staticmethod
    def is_puller_command(words: Sequence[str]) -> bool:
        """Whether a command line is the harness of a tool that only fetches images."""
        return tuple(words[1:3]) == _HARNESS[1:]

    def one_by_one(self) -> tuple[str, ...]:
        """The command of a tool that only fetches images and isn't to be started for several at the same time."""
        return (*_HARNESS, "--one-by-one", self.puller)

    @classmethod
    def find(cls, text: str) -> Adapter:
        """By the name of one that comes with the kit, or by a path.

        Raises:
            AdapterError: there is none, or it can't be used.
        """
        shipped = {path.stem: path for path in sorted(SHIPPED.glob("*.toml")) if "." not in path.stem}
        path = Path(text)
        if text in shipped and not path.exists():
            path = shipped[text]
        elif path.suffix != ".toml" and not path.exists():
            raise AdapterError(f"{text}: there is no such file, and no such adapter: there are {', '.join(shipped)}")
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> Adapter:
        """Of a file.

        Raises:
            AdapterError: it can't be read or used.
        """
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise AdapterError(f"{path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise AdapterError(f"{path}: it is no text in UTF-8") from None
        except ValueError as error:
            raise AdapterError(f"{path}: {' '.join(str(error).split())}") from None
        return _Reader(path, document).adapter()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        base: Mapping[str, str],
        places: Mapping[str, str],
        command: Sequence[str],
    ) -> Start:
        """How a run of the protocol is started.

        Args:
            arguments: the words of the protocol.
            environment: its variables.
            base: the little that every program needs.
            places: values of ``{folder}``, ``{work}`` and ``{name}``.
            command: the program, if not the adapter's own.
        """
        variables = {**environment, **{name: _fill(text, places) for name, text in self.environment.items()}}
        variables = {name: self._there(value, places) for name, value in variables.items()}
        seen = {**places, "work": self._there(places["work"], places)}  # by whom it is started there
        words = [
            word
            for text in command or self.command
            for word in (
                [part for name in sorted(variables) for part in (self.environment_option, name)]
                if text == _ENVIRONMENT
                else [_fill(text, seen)]
            )
        ]
        words += [self._there(word, places) for word in self._words(list(arguments))]
        folder = Path(_fill(self.working_directory, places) or places["work"])
        stop = tuple(_fill(word, places) for word in self.stop)
        return Start(tuple(words), {**base, **variables}, folder, stop)

    def here(self, output: bytes, places: Mapping[str, str]) -> bytes:
        """What it printed, with the paths of here in the place of those that the validator sees."""
        for near, far in self.paths.items():
            output = _replace_path(output, far.encode(), _fill(near, places).encode())
        return output

    def _there(self, text: str, places: Mapping[str, str]) -> str:
        for near, far in self.paths.items():
            raw = _replace_path(os.fsencode(text), os.fsencode(_fill(near, places)), os.fsencode(far))
            text = os.fsdecode(raw)
        return text

    def _words(self, arguments: list[str]) -> Iterable[str]:
        for words in sorted(self.commands, key=len, reverse=True):
            if tuple(arguments[: len(words)]) == words:
                arguments[: len(words)] = self.commands[words]
                break
        rest = iter(arguments)
        for word in rest:
            name, equals, value = word.partition("=")
            if name in self.drop_switches:
                continue
            if name in self.drop:
                if not equals:
                    next(rest, None)
                continue
            yield f"{self.rename.get(name, name)}{equals}{value}"


def _from_everywhere(template: str, folder: Path) -> str:
    """A template whose tool, if it is named by a relative path, starts at this folder: it is run in others."""
    try:
        words = shlex.split(template)
    except ValueError:
        return template  # which is told by who reads it
    at = next((number for number, word in enumerate(words) if not _VARIABLE.match(word)), None)
    if at is None or Path(words[at]).name == words[at] or Path(words[at]).is_absolute():
        return template
    words[at] = str(folder / words[at])
    return shlex.join(words)


def _fill(text: str, places: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: places.get(match[1], match[0]), text)


def _replace_path(text: bytes, path: bytes, other: bytes) -> bytes:
    """The text with another path where this one stands, whole or with more of it behind a slash."""
    return re.sub(re.escape(path) + _ENDS_PATH, lambda _: other, text)


class _Reader:
    """Reads the members of one file, and names the place of what is wrong."""

    def __init__(self, path: Path, document: Mapping[str, Any]) -> None:
        self._path = path
        self._document = document

    def adapter(self) -> Adapter:
        """The adapter.

        Raises:
            AdapterError: it can't be used.
        """
        self._refuse_others("", self._document, _MEMBERS)
        flags = self._table("flags")
        self._refuse_names("environment", self._table("environment"))
        self._refuse_names("paths", self._table("paths"), anything=True)
        self._refuse_names("paths", (far for _, far in self._pairs("paths")), anything=True)
        self._refuse_names("commands", self._table("commands"), anything=True)
        self._refuse_others("flags.", flags, ("rename", "drop"))
        self._refuse_names("flags.rename", flags.get("rename", {}))
        drop = self._texts("flags.drop", flags.get("drop", []))
        expected = self._text("expected-failures", self._document.get("expected-failures", ""))
        claims = self._document.get("claims")
        command = self._words("command")
        if not command and "command" in self._document:
            raise self._wrong("command", "it is empty")
        puller = _from_everywhere(self._text("puller", self._document.get("puller", "")), self._path.parent.absolute())
        if puller and command:
            raise self._wrong(
                "puller", "there is a command, too: a tool that fetches images is started by its template"
            )
        return Adapter(
            source=self._path,
            command=(*_HARNESS, puller) if puller else self._program(command),
            working_directory=self._beside(
                self._template("working-directory", self._document.get("working-directory", ""))
            ),
            environment_option=self._text("environment-option", self._document.get("environment-option", "--env")),
            environment={name: self._template(f"environment.{name}", one) for name, one in self._pairs("environment")},
            paths={self._template("paths", near): far for near, far in self._pairs("paths")},
            commands={
                tuple(name.split()): tuple(self._texts(f"commands.{name}", words))
                for name, words in self._table("commands").items()
            },
            rename={name: self._text(f"flags.rename.{name}", one) for name, one in flags.get("rename", {}).items()},
            drop=frozenset(name.removesuffix("=") for name in drop if name.endswith("=")),
            drop_switches=frozenset(name for name in drop if not name.endswith("=")),
            stop=self._program(self._words("stop")),
            claims=None if claims is None else tuple(self._texts("claims", claims)),
            expected_failures=self._path.parent / expected if expected else None,
            puller=puller,
        )

    def _beside(self, text: str) -> str:
        """A path as it is from everywhere: one that is relative starts at the file's own folder."""
        return str((self._path.parent / text).absolute()) if text and not text.startswith("{") else text

    def _program(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """A command whose program is a path, or a name that is looked up as every command is."""
        return (self._beside(words[0]), *words[1:]) if words and Path(words[0]).name != words[0] else words

    def _wrong(self, place: str, what: str) -> AdapterError:
        return AdapterError(f"{self._path}: {place}: {what}")

    def _refuse_others(self, place: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        if unknown := sorted(table.keys() - set(known)):
            raise self._wrong(f"{place}{unknown[0]}", f"there is no such member: there are {', '.join(known)}")

    def _refuse_names(self, place: str, names: Iterable[str], *, anything: bool = False) -> None:
        """Empty names, which would be found everywhere, and unless it may be anything those with ``=`` in them."""
        for name in names:
            if not name.strip() or "\0" in name or ("=" in name and not anything):
                raise self._wrong(place, f"{name!r} can't be a name here")

    def _table(self, name: str) -> Mapping[str, Any]:
        table = self._document.get(name, {})
        if not isinstance(table, dict):
            raise self._wrong(name, "it is no table")
        if name == "flags" and not isinstance(table.get("rename", {}), dict):
            raise self._wrong("flags.rename", "it is no table")
        return table

    def _pairs(self, name: str) -> Iterable[tuple[str, str]]:
        return [(key, self._text(f"{name}.{key}", value)) for key, value in self._table(name).items()]

    def _text(self, place: str, value: Any) -> str:
        if not isinstance(value, str) or "\0" in value:
            raise self._wrong(place, "it is no text")
        return value

    def _texts(self, place: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise self._wrong(place, "it is no list of texts")
        return [self._text(place, one) for one in value]

    def _template(self, place: str, value: Any) -> str:
        text = self._text(place, value)
        if unknown := [name for name in _PLACEHOLDER.findall(text) if name not in _WORDS]:
            known = ", ".join(f"{{{name}}}" for name in sorted(_WORDS))
            raise self._wrong(place, f"{{{unknown[0]}}} stands for nothing: there are {known}")
        return text

    def _words(self, name: str) -> tuple[str, ...]:
        words = self._texts(name, self._document.get(name, []))
        return tuple(
            word if word == _ENVIRONMENT and name == "command" else self._template(name, word) for word in words
        )
