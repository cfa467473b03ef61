"""Each target for a moment, and everything that was ever found."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nesting import nested

pytest.importorskip("resource", reason="memory and time are measured as POSIX does")

from fuzz.campaign import Campaign, Limits, run_mutating
from fuzz.target import ExpensiveError, SlowError, Target, all_targets, execute, guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

# dulwich leaves the file of a pack that it can't read to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

_FOUND = Path(__file__).parent / "found"
_TARGETS = all_targets()
_SECONDS = 1.0
_MOMENT = Limits(executions=1000, seconds=_SECONDS)
_json = nested(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.fixture(autouse=True)
def _guarded() -> Iterator[None]:
    with guarded():
        yield


@pytest.mark.parametrize("name", _TARGETS)
def test_some_seed_is_taken(name: str) -> None:
    target = _TARGETS[name]
    refusals = [execute(target, seed) for seed in target.seeds()]
    assert None in refusals, f"the target never gets further than {refusals}"


@pytest.mark.parametrize("name", _TARGETS)
def test_changed_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    campaign = run_mutating(_TARGETS[name], _MOMENT, tmp_path, seed=0)
    assert campaign.executions > len(list(_TARGETS[name].seeds()))
    assert [finding.trace for finding in campaign.findings] == []


@pytest.mark.parametrize("name", _TARGETS)
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.binary() | st.text().map(str.encode) | _json.map(lambda value: repr(value).encode("utf-8", "replace")))
def test_made_up_inputs_are_read_or_refused(name: str, data: bytes) -> None:
    execute(_TARGETS[name], data)


@pytest.mark.parametrize(
    "file", [pytest.param(file, id=f"{file.parent.name}/{file.name}") for file in _FOUND.glob("*/*")]
)
def test_what_was_found_stays_mended(file: Path) -> None:
    execute(_TARGETS[file.parent.name], file.read_bytes())


def _picky(data: bytes) -> None:
    if b"\x00\x01" in data:
        raise KeyError(data)


_PICKY = Target("picky", _picky, lambda: [b"a\x00b\x01c"])


def test_a_fault_is_found_and_made_short(tmp_path: Path) -> None:
    campaign = run_mutating(_PICKY, Limits(20_000, 10.0), tmp_path, seed=0)
    (finding,) = campaign.findings
    assert Path(finding.file).read_bytes() == b"\x00\x01"
    assert "KeyError" in finding.trace
    assert Campaign.from_json(campaign.to_json()) == campaign


@pytest.mark.parametrize(("size", "seconds", "found"), [(4, 1.5, True), (4, 0.5, False), (1 << 17, 1.5, False)])
def test_an_input_that_takes_too_long_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, size: int, seconds: float, *, found: bool
) -> None:
    monkeypatch.setattr("fuzz.target.time", SimpleNamespace(process_time=iter([0.0, seconds]).__next__))
    with pytest.raises(SlowError) if found else nullcontext():
        execute(_PICKY, b"x" * size)


@pytest.mark.parametrize(("mebibytes", "found"), [(300, True), (100, False)])
def test_an_input_that_takes_too_much_memory_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, mebibytes: int, *, found: bool
) -> None:
    peaks = iter([SimpleNamespace(ru_maxrss=0), SimpleNamespace(ru_maxrss=mebibytes << 10)])
    fake = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda _: next(peaks))
    monkeypatch.setattr("fuzz.target.resource", fake)
    with pytest.raises(ExpensiveError) if found else nullcontext():
        execute(_PICKY, b"x")
