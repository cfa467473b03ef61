"""The JSON documents that stored snapshots hold, and which of ec-ref's schemas each of them is of."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from syrupy.extensions.amber.serializer import AmberDataSerializer

import features

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = features.ROOT / "snapshots"
_STANDS_FOR = {"time": "2026-11-27T11:00:00Z", "second": "1795451027"}
"""What stands in the place of a placeholder, so that it has the form of what it stands for; else its name does."""
_TOKEN = re.compile(
    r"""\s*(?: (?P<open>dict\(\{|list\(\[) | (?P<close>\}\)|\]\)) | (?P<mark>[:,+])
        | (?P<text>'''.*?'''|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*") | <(?P<placeholder>[^>\n]+)>
        | Decimal\('(?P<decimal>[^']+)'\) | (?P<word>[\w.+-]+) )""",
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS = {"True": True, "False": False, "None": None}
_FILES = {
    "made.summary": "validate-image-summary",
    "application-snapshot-vsa.json": "validate-image-vsa",
    "run.vsa.json": "validate-image-vsa",
    "made/vsa-Unnamed.json": "vsa-predicate",
    "made.json": "validate-vsa",
    "made.yaml": "validate-vsa",
    "made.status": "validate-vsa-status",
}
"""The schemas of files that runs leave, by their names."""
_OF_COMMANDS = ("validate image", "validate input", "validate vsa", "inspect policy-data", "inspect policy")
_PLAIN = {"text", "junit", "summary-markdown", "names", "short-names"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A document, with the name of its schema."""

    place: str
    schema: str
    document: Any


def documents() -> Iterator[Stored]:
    """All JSON documents of all snapshots; of lines each."""
    for path in sorted(FOLDER.rglob("*.ambr")):
        for entry in AmberDataSerializer.read_file(str(path)):
            place = f"{path.relative_to(FOLDER)} {entry.name}"
            _, _, data = str(entry.data).partition("\n")
            schema = _schema(entry.name)
            if not schema:
                assert not data.startswith(("dict(", "list(", "'''\n{")), f"{place} is JSON, but of no known schema"
                continue
            if data.startswith("'''"):
                name = entry.name.rpartition(" ")[2]
                yield Stored(place, schema, _parse(_fill(_unwrap(data)), name))
                continue
            document = _Reader(data).value()
            for one in document if entry.name.endswith("stdout lines") else [document]:
                yield Stored(place, schema, one)


def _schema(name: str) -> str:
    """The schema of an entry by what its scenario runs; empty for one that isn't JSON."""
    key, _, what = name.partition(" ")
    if not what.startswith("stdout"):
        return _FILES.get(what, "")
    words = _words()[key]
    command = next(one for one in _OF_COMMANDS if one in words)
    values = ",".join(re.findall(r"--output[ =|]+([^\s\"]+)", words)) or ("json" if "--json-input" in words else "text")
    outputs = [re.split("[=?]", value)[0] for value in values.split(",")]
    kind = what.removeprefix("stdout").strip()
    output = kind if kind in outputs else outputs[-1]
    if kind == "text" or output in _PLAIN:
        return ""
    suffix = f"-{output}" if output not in {"json", "yaml"} else ""
    return command.replace(" ", "-") + suffix


@cache
def _words() -> dict[str, str]:
    """All that the steps of a scenario, and of all rows of an outline, say, by its id."""
    found: dict[str, str] = defaultdict(str)
    for scenario in features.scenarios():
        own = "\n".join(map(_text, scenario.steps))
        usual = "\n".join(map(_text, scenario.background_steps))
        lines = own if "--output" in own else f"{usual}\n{own}"
        for tag in scenario.effective_tags:
            found[str(tag)] += f"{lines}\n"
    return found


def _text(step: Any) -> str:
    table = [step.table.headings, *(row.cells for row in step.table)] if step.table is not None else []
    return "\n".join([step.name, *(" ".join(cells) for cells in table)])


def _fill(text: str) -> str:
    return re.sub("<([a-z][^<>]*)>", lambda match: _stand_in(match[1]), text)


def _stand_in(placeholder: str) -> str:
    return _STANDS_FOR.get(placeholder, placeholder)


def _unwrap(data: str) -> str:
    return "\n".join(data.splitlines()[1:-1]).rstrip("\n")


def _parse(text: str, name: str) -> Any:
    return yaml.safe_load(text) if name.endswith("yaml") else json.loads(text)


class _Reader:
    """Reads what syrupy wrote of a document."""

    def __init__(self, text: str) -> None:
        self._tokens = [match for match in _TOKEN.finditer(text) if match[0].strip()]
        assert sum(len(match[0]) for match in self._tokens) + 1 >= len(text.rstrip()), f"not read whole: {text[:200]}"
        self._next = 0

    def _take(self) -> re.Match[str]:
        self._next += 1
        return self._tokens[self._next - 1]

    def _mark(self) -> str:
        return self._tokens[self._next]["mark"] if self._next < len(self._tokens) else ""

    def value(self) -> Any:
        token = self._take()
        if token["open"]:
            return self._members() if token["open"].startswith("dict") else self._items()
        if token["decimal"]:
            return float(token["decimal"])
        if token["word"]:
            return _CONSTANTS[token["word"]] if token["word"] in _CONSTANTS else ast.literal_eval(token["word"])
        text = self._text(token)
        while self._mark() == "+":
            self._take()
            text += self._text(self._take())
        return text

    @staticmethod
    def _text(token: re.Match[str]) -> str:
        return _stand_in(token["placeholder"]) if token["placeholder"] else str(ast.literal_eval(token["text"]))

    def _members(self) -> dict[str, Any]:
        members = {}
        while not self._tokens[self._next]["close"]:
            name = self._text(self._take())
            assert self._take()["mark"] == ":"
            members[name] = self.value()
            assert self._take()["mark"] == ","
        self._take()
        return members

    def _items(self) -> list[Any]:
        items = []
        while not self._tokens[self._next]["close"]:
            items.append(self.value())
            assert self._take()["mark"] == ","
        self._take()
        return items
