"""Which requests a rule of the gate is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wire import DATA, DIGEST, PATH, WAIT, get, raw, split

from ec_acceptance.testbed.gate.log import Match
from ec_acceptance.testbed.gate.rules import Answer, Hold

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ec_acceptance.testbed.gate.gate import Gate


def test_only_the_wanted_requests_are_lied_to(gate: Gate) -> None:
    other = gate.repository("b").put_blob(b"other")
    gate.repository("b").put_blob(DATA)
    rule = gate.add(Answer(500), kind="blob", repository="a", reference=DIGEST)
    assert get(gate, f"/v2/b/blobs/{other}") == (200, b"other")
    assert get(gate, f"/v2/b/blobs/{DIGEST}") == (200, DATA)
    assert split(raw(gate, PATH, "HEAD"))[0] == 200
    assert rule.hits == 0
    assert get(gate)[0] == 500


@pytest.mark.parametrize(
    ("nth", "expected"),
    [(None, [500] * 4), (1, [500, 200, 200, 200]), (3, [200, 200, 500, 200]), (range(2, 4), [200, 500, 500, 200])],
)
def test_the_nth_request_is_meant(gate: Gate, nth: int | range | None, expected: list[int]) -> None:
    rule = gate.add(Answer(500), kind="blob", nth=nth)
    assert [get(gate)[0] for _ in range(4)] == expected
    assert rule.hits == expected.count(500)


def test_a_removed_rule_is_out_of_force(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Hold(), kind="blob")
    fetched = background.submit(get, gate)
    rule.wait_held(timeout=WAIT)
    gate.remove(rule)
    assert fetched.result(WAIT) == (200, DATA)
    assert get(gate) == (200, DATA)
    assert rule.hits == 1


def test_seeding_and_looking_leave_no_trace_and_meet_no_rule(gate: Gate) -> None:
    gate.add(Answer(500), method=None)
    digest = gate.repository("c").put_blob(b"quiet")
    assert gate.repository("c").blob(digest) == b"quiet"
    assert gate.log.requests() == ()


def test_a_match_names_itself() -> None:
    assert str(Match()) == "any request"
    assert str(Match(method="GET", reference="v1")) == "GET v1"
