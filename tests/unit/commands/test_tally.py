"""What a run comes to: sums, the time that the report tells, and the errors of all entries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from refimpl.commands.tally import Tally
from refimpl.errors import ComponentError, Error
from refimpl.ndjson.lines import Found, Run
from refimpl.policy.effective_time import EffectiveTime
from refimpl.record import replace
from refimpl.report.model import ComponentResult
from refimpl.report.outcome import ComponentOutcome
from refimpl.result import Result

_RUN = Run(verdict_key="k", effective_time="", key="", policy={}, ec_version="v", snapshot="", show_successes=False)
_SECOND = 1_000_000_000
_CREATED = datetime(2031, 1, 1, tzinfo=UTC)


def _outcome(name: str, seconds: int | None = None, *, fault: str = "", denied: bool = False) -> ComponentOutcome:
    violations = (Result("denied", {}),) if denied else ()
    return ComponentOutcome(
        ComponentResult(name, f"r/{name}", violations=violations),
        EffectiveTime(None if seconds is None else seconds * _SECOND),
        fault=Error(fault) if fault else None,
    )


def _tally(*found: Found, time: str = "") -> Tally:
    tally = Tally(replace(_RUN, effective_time=time), keeps_results=True)
    for one in found:
        tally.add(one)
    return tally


def test_the_report_is_the_same_whatever_the_order_in_which_entries_were_done() -> None:
    found = [Found(1, "a", _outcome("a")), Found(2, "b", _outcome("b", denied=True)), Found(3, "c", _outcome("c"))]
    tally, other = _tally(*found), _tally(found[2], found[0], found[1])
    assert tally.report("", _CREATED).components == other.report("", _CREATED).components
    assert (tally.entries, tally.violations, tally.success) == (3, 1, False)


def test_the_time_is_the_runs_else_the_last_components_else_the_other_one() -> None:
    found = (Found(2, "b", _outcome("b", 7)), Found(1, "a", _outcome("a", 9)), Found(3, "c", _outcome("c")))
    assert _tally(*found, time="2031-01-01T00:00:00Z").effective_time("x") == "2031-01-01T00:00:00Z"
    assert _tally(*found).effective_time("x") == "1970-01-01T00:00:07Z"
    assert _tally(found[2]).effective_time("2030-01-01T00:00:00Z") == "2030-01-01T00:00:00Z"
    assert _tally(found[2]).effective_time() > "2025"


def test_what_couldnt_be_judged_is_named_in_the_order_of_the_entries() -> None:
    assert _tally(Found(1, "a", _outcome("a"))).fault() is None
    faults = _tally(Found(2, "b", _outcome("b", fault="second")), Found(1, "a", _outcome("a", fault="first")))
    assert str(faults.fault()) == "first\nsecond"
    assert len(faults.report("", _CREATED).components) == 2


def test_without_a_verdict_on_each_component_there_is_no_report() -> None:
    tally = _tally(Found(3, "c", ComponentError("third")), Found(1, "a", ComponentError("first")))
    assert (str(tally.fault()), tally.success) == ("first\nthird", False)
    with pytest.raises(ComponentError, match=r"\Afirst\nthird\Z"):
        tally.report("", _CREATED)
