"""Shards of a run, put together: what comes of them is what the whole run comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ec_acceptance.conformance.cli import main
from ec_acceptance.conformance.expected import ExpectedFailure, judge, unmet
from ec_acceptance.conformance.merging import merge
from ec_acceptance.conformance.outcome import STATUSES, About, Outcome, ScenarioResult, Shard
from ec_acceptance.conformance.page import badge, page
from ec_acceptance.conformance.profiles import Place
from ec_acceptance.conformance.report import describe, read_report, write_report
from ec_acceptance.conformance.suite import Scenario, digest_of, take_shard

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

_ROOT = Path(__file__).parents[2]
_PROFILES = {"core": "what all need", "C0": "right without a cache"}
_EXPECTED = {f"a-{number:02}": ExpectedFailure(f"a-{number:02}", "r", ("no",), "l", date.max) for number in (1, 4)}
_HOSTILE = "<&\x00\x1b[31m\ud800\ufffe]]>no"
_ABOUT = About("s 1", 0, 0, "./it --x", "v1", "embedded", _PROFILES, frozenset(_PROFILES), program=f"sha256:{'0' * 64}")


def _scenario(line: int) -> Scenario:
    """Three rows share an id, as those of an outline may."""
    place = Place("core" if line % 2 else "C0", f"20 §{line}", "should" if line % 5 == 0 else "must")
    return Scenario(f"features/a.feature:{line}", f"n {line}", (f"a-{line // 3:02}",), place, "A")


def _outcome(
    about: About,
    scenarios: list[Scenario],
    statuses: dict[str, str],
    expected: Mapping[str, ExpectedFailure] = MappingProxyType({}),
) -> Outcome:
    """As the runner makes one of what its scenarios came to; some didn't run."""
    ran = [one for one in scenarios if statuses[one.location] != "missing"]
    results = tuple(
        judge(
            ScenarioResult(
                *(one.location, one.feature, one.name, one.tags, statuses[one.location], 0.25, "Then", _HOSTILE),
                *(one.place.profile, one.place.point, one.place.weight, one.id),
            ),
            expected,
        )
        for one in ran
    )
    missing = tuple(one for one in scenarios if one not in ran)
    return Outcome(about, results, missing, unmet=tuple(unmet(results, expected)))


def _shards(
    whole: About,
    scenarios: list[Scenario],
    statuses: dict[str, str],
    count: int,
    expected: Mapping[str, ExpectedFailure] = MappingProxyType({}),
) -> list[Outcome]:
    selection = digest_of(one.location for one in scenarios)
    found = []
    for number in range(1, count + 1):
        part = take_shard(scenarios, number, count)
        shard = Shard(number, count, len(scenarios), selection)
        found.append(_outcome(replace(whole, selected=len(part), shard=shard), part, statuses, expected))
    return found


def _sort(document: dict[str, Any]) -> dict[str, Any]:
    """What stands in no order but that in which scenarios ended."""
    order = {name: sorted(document[name], key=str) for name in ("missing", "not_run")}
    return {**document, **order}


@settings(max_examples=60, deadline=None)
@given(
    statuses=some.lists(some.sampled_from([*STATUSES, "missing"]) | some.just("passed"), min_size=1, max_size=24),
    count=some.integers(1, 6),
    beside=some.integers(0, 2),
    chance=some.randoms(use_true_random=False),
)
def test_shards_come_to_what_the_whole_run_comes_to(
    statuses: list[str], count: int, beside: int, chance: random.Random
) -> None:
    scenarios = [_scenario(line) for line in range(1, len(statuses) + 1)]
    chance.shuffle(scenarios)
    count = min(count, len({one.id for one in scenarios}))
    about = replace(_ABOUT, scenarios=len(scenarios) + beside, selected=len(scenarios))
    by_place = dict(zip((one.location for one in scenarios), statuses, strict=True))
    whole = _outcome(about, scenarios, by_place, _EXPECTED)
    shards = _shards(about, scenarios, by_place, count, _EXPECTED)
    merged = merge({str(number): one for number, one in enumerate(shards)})
    assert _sort(describe(merged)) == _sort(describe(whole))
    assert (merged.exit, merged.meaning, merged.summary) == (whole.exit, whole.meaning, whole.summary)
    assert badge(merged) == badge(whole)
    if not whole.missing:  # else some lines are in another order
        assert page(merged) == page(whole)


def _write(folder: Path, outcomes: list[Outcome]) -> list[str]:
    paths = [folder / f"shard-{number}" / "report.json" for number in range(1, len(outcomes) + 1)]
    for path, outcome in zip(paths, outcomes, strict=True):
        write_report(outcome, path)
    return [str(path) for path in paths]


def _three(**changes: Any) -> list[Outcome]:
    scenarios = [_scenario(line) for line in range(1, 13)]
    about = replace(_ABOUT, scenarios=12, selected=12, **changes)
    return _shards(about, scenarios, {one.location: "passed" for one in scenarios}, 3)


def test_a_report_that_is_read_is_what_was_written(tmp_path: Path) -> None:
    scenarios = [_scenario(line) for line in range(1, len(STATUSES) + 2)]
    statuses = dict(zip((one.location for one in scenarios), [*STATUSES, "missing"], strict=True))
    outcome = _outcome(replace(_ABOUT, scenarios=99, selected=11, strict=True), scenarios, statuses)
    outcome = replace(outcome, problems=(_HOSTILE,), hung="x", interrupted="SIGINT", check=("y",), unused=("z",))
    write_report(outcome, tmp_path / "r.json")
    assert describe(read_report(tmp_path / "r.json")) == describe(outcome)


def test_all_formats_and_the_exit_status_are_those_of_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        word for name in ("report", "junit", "html", "badge", "attest") for word in (f"--{name}", f"{tmp_path}/{name}")
    ]
    assert main(["merge", *_write(tmp_path, _three()), *words]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "suite: s 1, 12 scenarios, 12 of them in 3 shards"
    assert "12 scenarios passed, 0 failed, 0 broken, in 3 shards" in said
    assert "the validator conforms: every scenario passed" in said
    document = json.loads((tmp_path / "report").read_text())
    assert (document["exit"], document["partial"], document["shard"]) == ("conformant", False, None)
    assert (tmp_path / "junit").read_text().count("<testcase") == 12 + len(_PROFILES)
    assert "conformant, 12 of 12" in (tmp_path / "badge").read_text()
    statement = json.loads((tmp_path / "attest").read_text())
    assert statement["subject"] == [{"name": "it", "digest": {"sha256": "0" * 64}}]
    assert statement["predicate"]["result"] == "PASSED"


def test_a_part_that_was_split_is_a_part(tmp_path: Path) -> None:
    outcomes = [replace(one, about=replace(one.about, scenarios=13)) for one in _three()]
    paths = _write(tmp_path, outcomes)
    assert main(["merge", *paths]) == 4
    assert main(["merge", *paths, "--accept-partial"]) == 0


def test_what_any_shard_met_counts(tmp_path: Path) -> None:
    first, second, third = _three()
    hung = replace(second, hung="it gave no answer")
    assert main(["merge", *_write(tmp_path / "a", [first, hung, third])]) == 1
    assert main(["merge", *_write(tmp_path / "b", [first, second, replace(third, interrupted="SIGTERM")])]) == 5
    assert main(["merge", *_write(tmp_path / "c", [replace(first, problems=("it died",)), second, third])]) == 3


def test_a_snapshot_that_no_shard_used_is_a_problem_as_in_one_run() -> None:
    first, second, third = _three()
    shards = [replace(first, unused=("x", "y")), replace(second, unused=("y", "x")), replace(third, unused=("y",))]
    merged = merge({str(number): one for number, one in enumerate(shards)})
    assert merged.problems == ("no scenario compares with the snapshot y",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda shards: shards[:2], "there are reports of 2 of 3 shards: none of 3/3"),
        (lambda shards: shards[1:], "there are reports of 2 of 3 shards: none of 1/3"),
        (lambda shards: [*shards, shards[1]], "are both of shard 2/3"),
        (lambda shards: [*shards[:2], _three(suite="s 2")[2]], "the suite differs: s 2, not s 1"),
        (lambda shards: [*shards[:2], _three(validator="./other")[2]], "the validator differs: ./other, not ./it --x"),
        (lambda shards: [*shards[:2], _three(version="v2")[2]], "the version of the validator differs: v2, not v1"),
        (
            lambda shards: [*shards[:2], _three(program="")[2]],
            "the program (another build of it) differs: none, not sha",
        ),
        (lambda shards: [*shards[:2], _three(claims=frozenset({"C0"}))[2]], "the claims differs: C0, not C0,core"),
        (lambda shards: [*shards[:2], _three(expected=("a-01",))[2]], "the list of expected failures differs: a-01"),
        (lambda shards: [*shards[:2], _three(strict=True)[2]], "the use of --strict differs: True, not False"),
        (lambda shards: [*shards[:2], _three(adapter="ec")[2]], "the adapter differs: ec, not none"),
        (
            lambda shards: [*shards[:2], replace(shards[2], about=replace(_ABOUT, scenarios=12))],
            "isn't the report of a",
        ),
        (lambda shards: [*shards[:2], replace(shards[2], results=shards[1].results)], "is in the reports twice"),
        (lambda shards: [*shards[:2], replace(shards[2], results=())], "aren't those of the run that was split"),
    ],
)
def test_what_is_not_all_of_one_run_is_refused(
    change: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge", *_write(tmp_path, change(_three()))]) == 2
    [line] = capsys.readouterr().out.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document.pop("results"), "has no results"),
        (lambda document: document.update(format=2), "it is of format 2"),
        (lambda document: document["results"][0].update(status="fine"), "results[0].status is nothing that a scenario"),
        (lambda document: document["results"][0].update(evidence="../../etc"), "results[0].evidence is '../../etc'"),
        (lambda document: document.update(validator="a 'b"), "validator is no command line"),
        (lambda document: document["shard"].update(number=4), "shard: there is no part 4 of 3"),
        (lambda document: document["results"][0].update(seconds="x"), "results[0].seconds is no number of seconds"),
    ],
)
def test_what_is_no_report_is_one_line(
    change: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = _write(tmp_path, _three())
    document = json.loads(Path(paths[1]).read_text())
    change(document)
    Path(paths[1]).write_text(json.dumps(document))
    assert main(["merge", *paths]) == 2
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"Error: {paths[1]} is no report of ec-conformance run: ")
    assert said in line


def test_files_that_cannot_be_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = _write(tmp_path, _three())
    assert main(["merge", *paths, paths[0]]) == 2
    assert f"{paths[0]} is given twice" in capsys.readouterr().out
    assert main(["merge", *paths[1:], f"{tmp_path}/none"]) == 2
    assert f"Error: {tmp_path}/none: " in capsys.readouterr().out
    (tmp_path / "text").write_text("no report")
    assert main(["merge", *paths[1:], f"{tmp_path}/text"]) == 2
    assert "text is no report of ec-conformance run: it is no JSON" in capsys.readouterr().out


def test_rows_that_share_an_id_are_in_one_shard() -> None:
    """An expected failure is of all of them, and one row that fails is enough for it."""
    scenarios = [_scenario(line) for line in range(1, 30)]
    parts = [take_shard(scenarios, number, 4) for number in range(1, 5)]
    homes = [{one.id for one in part} for part in parts]
    assert sum(map(len, homes)) == len(set().union(*homes))
    assert sorted(one.location for part in parts for one in part) == sorted(one.location for one in scenarios)


def _run(folder: Path, *words: str) -> dict[str, Any]:
    """A run of a validator that refuses everything; its report, without times and addresses."""
    report = folder / "report.json"
    given = ["run", "--registry", "embedded", "--only", "happy-01", "--only", "input-01", "--only", "verdict-01"]
    given += ["--no-check", "--report", str(report), "--artifacts", str(folder / "artifacts"), *words]
    command = [sys.executable, "-m", "ec_acceptance.conformance", *given, "--", "/bin/false"]
    subprocess.run(command, cwd=_ROOT, capture_output=True, check=False)
    return _lasting(report)


def _lasting(report: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report.read_text())
    document["began"] = ""
    for result in document["results"]:
        result["seconds"] = 0
        result["message"] = result["message"].splitlines()[0]
    assert document.pop("cpu")["suite"] > 0
    return document


def test_shards_that_ran_are_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = _run(tmp_path / "whole")
    assert whole["exit"] == "not-conformant"
    for number in (1, 2):
        _run(tmp_path / str(number), "--shard", f"{number}/2")
    reports = [str(tmp_path / str(number) / "report.json") for number in (1, 2)]
    merged, html = tmp_path / "merged.json", tmp_path / "merged.html"
    assert main(["merge", *reports, "--report", str(merged), "--html", str(html)]) == 1
    assert _lasting(merged) == whole
    folders = ", ".join(str(tmp_path / str(number) / "artifacts") for number in (1, 2))
    assert f"is kept in {folders}\n" in capsys.readouterr().out
    assert html.read_text().count("ec-conformance replay") == len(whole["results"])
