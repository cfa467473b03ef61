"""Published results are of scenarios that there are, and each failure among them is explained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import published
import pytest
import traceability

from ec_acceptance.conformance.errors import UsageError
from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult
from ec_acceptance.conformance.report import write_report
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.validator.adapter import Adapter

if TYPE_CHECKING:
    from pathlib import Path

_SCENARIOS = {one.id: one for one in Suite.installed().scenarios()}
_PROFILES = dict(Suite.installed().profiles().names)
_LIST = """
[[failure]]
ids = ["happy-01", "verdict-01"]
reason = "it has | no cache"
cause = "no"
link = "docs/differences.md#verdicts"
expires = 2020-01-31
"""


@pytest.mark.parametrize("one", published.all_published(), ids=lambda one: one.name)
def test_what_is_published_is_of_scenarios_that_there_are(one: published.Published) -> None:
    assert sorted(one.results.keys() - _SCENARIOS.keys()) == []
    assert len(one.results) == len(one.passed) + sum(len(each.ids) for each in one.known), "each id stands once"
    assert set(one.claims) <= _PROFILES.keys()
    assert all(each.reason and each.link and each.ids for each in one.known)
    for each in one.known:
        path, _, _ = each.link.partition("#")
        assert not path.startswith("docs/") or (published.ROOT / path).is_file(), each.link


def test_the_page_and_traceability_tell_of_each(tmp_path: Path) -> None:
    assert [one.name for one in published.all_published()], "nothing is published"
    found = published.take("mine", _outcome(), _adapter(tmp_path))
    page = published.page([found], list(_SCENARIOS.values()))
    assert "known failures |\n|---|---|---|---|---|\n| [mine](#mine) | v1 | 2026-11-27 | 1 | 2 |\n" in page
    assert "\nBy s 1: the validator fails where it was expected to, and nowhere else.\n" in page
    assert "| it has \\| no cache ([differences](differences.md#verdicts)) | `@happy-01`, `@verdict-01` |" in page
    assert "| `vsa` |" in page
    assert "not claimed" in page
    lines = traceability.page(list(_SCENARIOS.values()), {}, [found]).splitlines()
    marks = {line.split("`")[1]: line.rpartition("|  |")[2] for line in lines if line.startswith("| `@")}
    assert (marks["@happy-01"], marks["@input-01"], marks["@happy-02"]) == (" ✗ |", " ✓ |", "")


def _adapter(folder: Path) -> Adapter:
    (folder / "known.toml").write_text(_LIST, encoding="utf-8")
    (folder / "mine.toml").write_text('command = ["mine"]\nexpected-failures = "known.toml"\n', encoding="utf-8")
    return Adapter.read(folder / "mine.toml")


def _outcome(**others: str) -> Outcome:
    """Of an outline one row fails; a scenario that isn't applicable is nothing that is published."""
    statuses = [("happy-01", "passed"), ("happy-01", "expected"), ("verdict-01", "expected"), ("input-01", "passed")]
    statuses += [("vsa-01", "not-applicable"), *((name.replace("_", "-"), status) for name, status in others.items())]
    results = tuple(
        ScenarioResult(f"features/a.feature:{line}", "A", "n", (identity,), status, 0.5, "", "no", "core")
        for line, (identity, status) in enumerate(statuses, 1)
    )
    claims = frozenset({"core"})
    about = About("s 1", len(results), len(results), "./it", "v1", "embedded", _PROFILES, claims, adapter="mine.toml")
    return Outcome(replace(about, began="2026-11-27T11:00:00Z"), results)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            _outcome(policy_01="failed"),
            r"nothing is published of this run: the validator doesn't conform \(policy-01\)",
        ),
        (_outcome(policy_01="expected"), "@policy-01 failed as expected, and the adapter .* doesn't say why"),
        (_outcome(policy_01="undecided"), "nothing is published of this run: not every scenario ran"),
        (replace(_outcome(), interrupted="SIGINT"), "nothing is published of this run: the run was ended by SIGINT"),
        (replace(_outcome(), about=replace(_outcome().about, selected=2)), "a part of the suite was selected"),
    ],
)
def test_only_whole_runs_that_are_explained_are_published(outcome: Outcome, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        published.take("mine", outcome, _adapter(tmp_path))


def test_a_report_is_stored_in_the_place_of_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _adapter(tmp_path)
    monkeypatch.chdir(tmp_path)
    write_report(_outcome(), tmp_path / "report.json")
    for _ in range(2):
        assert published.main(["mine", "report.json"], tmp_path / "results") == 0
    assert "1 passed, 2 known failures" in capsys.readouterr().out
    [stored] = published.all_published(tmp_path / "results")
    assert stored == published.take("mine", _outcome(), Adapter.read(tmp_path / "mine.toml"))
    assert published.main(["../mine", "report.json"], tmp_path / "results") == 2
    assert published.main(["mine", "none.json"], tmp_path / "results") == 2
    assert "Error: none.json: No such file" in capsys.readouterr().out
    assert published.main([], tmp_path / "results") == 2


def test_the_reference_validator_claims_all_that_is_not_optional() -> None:
    assert frozenset(Adapter.find("ec-ref").claims or ()) == Suite.installed().profiles().usual
