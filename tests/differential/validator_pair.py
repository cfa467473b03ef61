"""Two programs, each with a case in a folder of its own, and what they said, made comparable."""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from known_differences import leveled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generated_cases import Case
    from scene import Scene

    from ec_acceptance.testbed.validator.process import Invocation, Validator

__all__ = ["Said", "ValidatorPair"]

_TIMEOUT = 120.0  # seconds: a hang is a difference
_WORK = re.compile(r"[^\s\[\]\"'(:]*/ec-work-[^/\s\]\"':]+")
_MERGED = re.compile(r"WORK/data/\S+: merge error")
_LOGGED = re.compile(r'^time="[^"]*" ')
_VERSION = re.compile(r'("?ec-version"?: ?)"?[^",\s]+"?')
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?")
_SECONDS = re.compile(r'("timestamp":)"?[^",]+"?')
_NEAR = timedelta(minutes=30)
_LISTS = ("violations", "warnings", "successes")

Said = dict[str, list[str]]
"""What a program said, as lines: exit status, both streams and the files it wrote."""


@dataclass(frozen=True, slots=True)
class ValidatorPair:
    """Both programs and what they share.

    Attributes:
        ours: the program under test.
        oracle: the one that is right.
        scene: the images.
        folder: for the cases' files; overwritten by each case.
        kinds: how often the oracle gave a report, and how often it said why not.
        leveled: how often each known difference was seen.
    """

    ours: Validator
    oracle: Validator
    scene: Scene
    folder: Path
    kinds: Counter[str] = field(default_factory=Counter)
    leveled: Counter[str] = field(default_factory=Counter)

    def difference(self, case: Case) -> str:
        """A readable difference in what both say of the case; empty if there is none."""
        running = []
        for name, validator in (("oracle", self.oracle), ("ours", self.ours)):
            work, home, streams = (self.folder / name / part for part in ("work", "home", "streams"))
            for made in (work, home, streams):
                made.mkdir(parents=True, exist_ok=True)
            _emptied(work)
            write_files(case, self.scene, work)
            environment = {"HOME": str(home), "TMPDIR": str(streams), **case.environment}
            arguments = ["validate", "image", *map(self.scene.told, case.arguments)]
            running.append((name, validator.start(arguments, environment, work, streams)))
        said = {}
        for name, one in running:
            said[name] = _read_outputs(one.wait(_TIMEOUT), self.folder / name / "work", case)
        self.kinds[_kind(said["oracle"])] += 1
        expected, found = leveled(said["oracle"], said["ours"], self.leveled)
        return _difference(expected, found)

    def commands(self, case: Case) -> str:
        """Both command lines, for a shell."""
        variables = [f"{name}={shlex.quote(value)}" for name, value in case.environment.items()]
        arguments = ["validate", "image", *map(self.scene.told, case.arguments)]
        both = (self.oracle.command, self.ours.command)
        return "".join(" ".join([*variables, shlex.join([*command, *arguments])]) + "\n" for command in both)


def write_files(case: Case, scene: Scene, folder: Path) -> None:
    """Write the case's files below a folder."""
    for name, text in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scene.told(text), encoding="utf-8")


def _emptied(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()


def _read_outputs(invocation: Invocation, work: Path, case: Case) -> Said:
    now = datetime.fromtimestamp(invocation.started, UTC)
    said = {
        "exit status": ["timed out" if invocation.timed_out else str(invocation.status)],
        "standard output": _report(invocation.out, now),
        "standard error": _complaints(_masked(invocation.err, now)),
    }
    for path in sorted(work.rglob("*")):
        name = str(path.relative_to(work))
        if path.is_file() and name not in case.files:
            said[name] = sorted(_lines(name, _masked(path.read_text(encoding="utf-8"), now)))
    return said


def _lines(name: str, text: str) -> list[str]:
    """A file in pieces, to be sorted: the order of equal results, and of the same image's components, is open."""
    if name.endswith(".junit"):
        text = text.replace("<", "\n<")
    elif name.endswith((".summary", ".appstudio")):
        text = _dumped(json.loads(text, parse_float=_Number, parse_int=_Number), indent=1).replace(",\n", "\n")
    return text.split("\n")


def _complaints(text: str) -> list[str]:
    """Sorted: log lines and the errors of several components come in the order in which work was done."""
    text = _MERGED.sub("WORK/data/…: merge error", text)  # whichever of both files was read later, at random
    return sorted(_LOGGED.sub("", line) for line in text.replace("Error: ", "Error:\n").splitlines())


def _report(text: str, now: datetime) -> list[str]:
    text = _masked(text, now)
    try:
        document = json.loads(text, parse_float=_Number, parse_int=_Number)
    except ValueError:
        return text.splitlines()
    for component in document.get("components") or ():
        for name in _LISTS:
            # The order of results that agree in code, term and message is open.
            if name in component:
                component[name].sort(key=lambda result: (_sort_key(result), _dumped(result)))
    if document.get("components"):
        document["components"].sort(key=_dumped)
        document["components"].sort(key=lambda component: component["containerImage"], reverse=True)
    return _dumped(document, indent=1).splitlines()


class _Number(str):
    """A number as it is written, which is no text."""

    __slots__ = ()


def _dumped(document: Any, indent: int | None = None) -> str:
    return json.dumps(_keep_literal(document), ensure_ascii=False, indent=indent)


def _keep_literal(value: Any) -> Any:
    if isinstance(value, _Number):
        return {"number": str(value)}
    if isinstance(value, list):
        return [_keep_literal(item) for item in value]
    if isinstance(value, dict):
        return {key: _keep_literal(item) for key, item in value.items()}
    return value


def _sort_key(result: Mapping[str, Any]) -> tuple[str, str, str]:
    metadata = result.get("metadata") or {}
    return (_first(metadata.get("code")), _first(metadata.get("term")), result.get("msg", ""))


def _first(value: Any) -> str:
    texts = value if isinstance(value, list) else [value]
    return next((text for text in texts if isinstance(text, str) and not isinstance(text, _Number) and text), "")


def _masked(text: str, now: datetime) -> str:
    """The text without what differs from run to run: work folders, version, the current time."""

    def timed(found: re.Match[str]) -> str:
        try:
            point = datetime.fromisoformat(found[0].rstrip("Z")[:26]).replace(tzinfo=UTC)
        except ValueError:
            return found[0]
        return "<now>" if abs(point - now) < _NEAR else found[0]

    text = _SECONDS.sub(r'\1"<now>"', _VERSION.sub(r'\1"<version>"', _WORK.sub("WORK", text)))
    return _TIMESTAMP.sub(timed, text)


def _kind(said: Said) -> str:
    if said["standard output"]:
        return "reports"
    return "nothing evaluated" if any("check input" in line for line in said["standard error"]) else "errors"


def _difference(expected: Said, found: Said) -> str:
    lines: list[str] = []
    for part in sorted({*expected, *found}):
        ours, theirs = found.get(part), expected.get(part)
        if ours != theirs:
            lines += [f"--- {part}", *_unified(theirs or ["(nothing)"], ours or ["(nothing)"])]
    return "\n".join(lines)


def _unified(theirs: Iterable[str], ours: Iterable[str]) -> list[str]:
    return list(difflib.unified_diff([*theirs], [*ours], "oracle", "ours", lineterm="", n=3))[2:]
