"""Failures that are known: a file says which scenarios may fail, why, for what cause, and until when."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.errors import UsageError
from ec_acceptance.conformance.outcome import WRONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from ec_acceptance.conformance.outcome import ScenarioResult

__all__ = ["ExpectedFailure", "judge", "read_expected", "unmet"]

_MEMBERS = ("id", "ids", "reason", "cause", "link", "expires")


@dataclass(frozen=True, slots=True)
class ExpectedFailure:
    """What an entry ``[[failure]]`` of the file says of one scenario.

    Attributes:
        id: of the scenario, without ``@``; of an outline it stands for all rows.
        reason: why it may fail, for people.
        causes: parts of the message, of which it must fail with one.
        link: where the matter is followed.
        expires: the last day on which it counts.
    """

    id: str
    reason: str
    causes: tuple[str, ...]
    link: str
    expires: date


def read_expected(path: Path, known: Collection[str], today: date) -> dict[str, ExpectedFailure]:
    """Entries by id.

    Args:
        path: of the file, in TOML.
        known: the ids of the suite.
        today: after an entry's last day it is an error.

    Raises:
        UsageError: it can't be read, or an entry isn't whole, is of no scenario, a second one, or has expired.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: it is no text in UTF-8") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    if unknown := sorted(document.keys() - {"failure"}):
        raise UsageError(f"{path}: {unknown[0]}: there is only [[failure]]")
    entries = document.get("failure", [])
    if not isinstance(entries, list):
        raise UsageError(f"{path}: failure: write [[failure]], once for each")
    found: dict[str, ExpectedFailure] = {}
    for number, entry in enumerate(entries, 1):
        failures = _read_entry(entry)
        if isinstance(failures, str):
            raise UsageError(f"{path}, entry {number}: {failures}")
        for failure in failures:
            if failure.id not in known:
                problem = f"no scenario has the id {failure.id}"
            elif failure.id in found:
                problem = f"{failure.id} stands here twice"
            elif failure.expires < today:
                problem = f"{failure.id} expired on {failure.expires}: look at it again"
            else:
                found[failure.id] = failure
                continue
            raise UsageError(f"{path}, entry {number}: {problem}")
    return found


def judge(result: ScenarioResult, expected: Mapping[str, ExpectedFailure]) -> ScenarioResult:
    """The result, `expected` where it failed as foretold, and with a word on it where it failed otherwise."""
    entry = expected.get(result.id)
    if entry is None or result.status not in WRONG:
        return result
    if any(cause in result.message or cause in result.step for cause in entry.causes):
        return replace(result, status="expected")
    causes = " or ".join(map(repr, entry.causes))
    text = f"It was to fail, but for another cause: {causes} isn't said.\n{result.message}"
    return replace(result, message=text)


def unmet(results: Iterable[ScenarioResult], expected: Mapping[str, ExpectedFailure]) -> list[str]:
    """A line for each entry whose scenario ran and passed, sorted: it must be taken out."""
    statuses: dict[str, set[str]] = {}
    for result in results:
        statuses.setdefault(result.id, set()).add(result.status)
    return sorted(
        f"@{name} was to fail ({entry.reason}), and passed: take it out of the expected failures"
        for name, entry in expected.items()
        if statuses.get(name) == {"passed"}
    )


def _read_entry(entry: Any) -> list[ExpectedFailure] | str:
    """What it says of each of its scenarios, or what is wrong with it."""
    if not isinstance(entry, dict):
        return "it is no table"
    if unknown := sorted(entry.keys() - set(_MEMBERS)):
        return f"{unknown[0]} is no member: there are {', '.join(_MEMBERS)}"
    if ("id" in entry) == ("ids" in entry):
        return "id is missing, or ids in its place" if "id" not in entry else "there are both id and ids"
    ids = _texts(entry["ids"] if "ids" in entry else entry["id"], several="ids" in entry)
    causes = _texts(entry.get("cause"), several=isinstance(entry.get("cause"), list))
    if not ids:
        return "id is no text, or ids is no list of texts"
    if not causes:
        return "cause is missing, or is no text"
    for name in ("reason", "link"):
        if not _texts(entry.get(name), several=False):
            return f"{name} is missing, or is no text"
    if type(entry.get("expires")) is not date:
        return "expires is missing, or is no date such as 2027-01-31"
    return [ExpectedFailure(one, entry["reason"], causes, entry["link"], entry["expires"]) for one in ids]


def _texts(value: Any, *, several: bool) -> tuple[str, ...]:
    """The texts, none of them empty; nothing of anything else."""
    if several and not isinstance(value, list):
        return ()
    texts = tuple(value) if several else (value,)
    return texts if all(isinstance(text, str) and text.strip() for text in texts) else ()
