"""Leading a client by what the gate holds, and who is at fault when that doesn't work."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sessions import Session

from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from ec_acceptance.testbed.gate import fault_injector
from ec_acceptance.testbed.gate.fault_injector import LEAST_QUIET, FaultInjector
from ec_acceptance.testbed.gate.faults import Artifact
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.log import NotReachedError
from ec_acceptance.testbed.gate.rules import Answer, Hold, Reset
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.validator.process import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Fetch = Callable[[Artifact], Future[bytes]]

WAIT = 60.0
LAYER = Layer.of({"manifests/a.json": b"{}", "manifests/b.json": b"{}"}, filler_size=1000)
IMAGE = Image.of([LAYER])
THE_LAYER = Artifact("the layer", "blob", LAYER.digest, LAYER.data, LAYER.boundaries)
THE_CONFIGURATION = Artifact('the configuration of "a"', "blob", IMAGE.config_digest, IMAGE.config, repository="a")


@pytest.fixture
def gate() -> Iterator[Gate]:
    with closing(EmbeddedRegistry()) as registry, Gate(registry) as gate:
        publish(IMAGE, gate.repository("a"))
        yield gate


@pytest.fixture
def fetch(gate: Gate) -> Iterator[Fetch]:
    """Begins a request for a thing, as a validator would."""
    with ThreadPoolExecutor(4) as pool, Session() as client:

        def get(thing: Artifact) -> bytes:
            return client.ask("GET", f"{gate.url}/v2/a/blobs/{thing.digest}").content

        yield lambda thing: pool.submit(get, thing)
        gate.release()


def make_injector(gate: Gate, limit: float = WAIT, running: dict[str, Running] | None = None) -> FaultInjector:
    return FaultInjector(gate, running or {}, gate.log.requests, limit)


def program(*words: str, folder: Path, gate: Gate) -> Running:
    running = Running(words, {"PATH": "/usr/bin:/bin"}, folder, folder)
    running.when_ended(gate.log.wake)
    return running


def test_what_is_held_is_shown_and_released(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    injector.add(THE_LAYER, Hold(100), 1)
    answer = fetch(THE_LAYER)
    held = injector.wait_until_held(THE_LAYER)
    assert (held.repository, held.reference, held.sent) == ("a", LAYER.digest, 100)
    assert not answer.done()
    injector.release(THE_LAYER)
    assert answer.result(WAIT) == LAYER.data


def test_only_the_first_request_is_held(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    injector.add(THE_LAYER, Hold(0), 1)
    first = fetch(THE_LAYER)
    injector.wait_until_held(THE_LAYER)
    assert fetch(THE_LAYER).result(WAIT) == LAYER.data
    assert not first.done()


def test_an_image_waits_for_its_turn(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    injector.hold_before_layers("a", THE_CONFIGURATION)
    answer = fetch(THE_CONFIGURATION)
    assert not answer.done()
    injector.resume(["a"])
    assert answer.result(WAIT) == IMAGE.config


def test_releasing_nothing_is_the_scenarios_fault(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    injector.add(THE_LAYER, Hold(0), 2)
    fetch(THE_LAYER).result(WAIT)
    with pytest.raises(NotReachedError, match="isn't held"):
        injector.release(THE_LAYER)


def test_a_healthy_registry_holds_nothing(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    injector.add(THE_LAYER, Hold(0), None)
    injector.add(THE_LAYER, Reset(0), 2)
    injector.hold_before_layers("a", THE_CONFIGURATION)
    answers = [fetch(THE_LAYER), fetch(THE_CONFIGURATION)]
    injector.wait_until_held(THE_LAYER)
    injector.clear()
    assert [answer.result(WAIT) for answer in answers] == [LAYER.data, IMAGE.config]
    assert fetch(THE_LAYER).result(WAIT) == LAYER.data


def _head(gate: Gate) -> int:
    with Session() as client:
        return client.ask("HEAD", f"{gate.url}/v2/a/blobs/{LAYER.digest}").status_code


def test_what_is_gone_is_gone_for_those_too_who_ask_for_the_head_alone(gate: Gate) -> None:
    injector = make_injector(gate)
    rule = injector.add(THE_LAYER, Answer(404), None)
    assert _head(gate) == 404
    assert rule.hits == 0
    injector.clear()
    assert _head(gate) == 200


def test_one_bad_answer_is_for_who_asks_for_the_whole(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    rule = injector.add(THE_LAYER, Answer(503), 1)
    assert _head(gate) == 200
    fetch(THE_LAYER).result(WAIT)
    assert rule.hits == 1


def test_no_request_is_in_flight_while_one_is_held(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate)
    injector.add(THE_LAYER, Hold(0), 1)
    answer = fetch(THE_LAYER)
    injector.wait_until_held(THE_LAYER)
    before = max(one.answered or 0 for one in gate.log.requests())
    injector.wait_until_idle(0)
    asked = fetch(THE_LAYER)
    asked.result(WAIT)
    assert gate.log.requests()[-1].started - before >= LEAST_QUIET
    assert not answer.done()


def test_long_pauses_are_no_reason_to_hold_others_until_they_give_up(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fault_injector, "MOST_QUIET", LEAST_QUIET)
    with pytest.raises(NotReachedError, match=rf"not reached: {LEAST_QUIET} s of quiet"):
        make_injector(gate, limit=-LEAST_QUIET).wait_until_idle(1000.0)


def test_what_never_comes_is_the_scenarios_fault(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate, limit=0.05)
    injector.add(THE_LAYER, Hold(0), 1)
    fetch(THE_CONFIGURATION).result(WAIT)
    with pytest.raises(NotReachedError, match="a hold of the layer"):
        injector.wait_until_held(THE_LAYER)


def test_who_asks_for_nothing_is_at_fault(gate: Gate) -> None:
    injector = make_injector(gate, limit=0.05)
    injector.add(THE_LAYER, Hold(0), 1)
    with pytest.raises(AssertionError, match="asked the registry for nothing"):
        injector.wait_until_held(THE_LAYER)


def test_who_stands_still_with_all_requests_answered_is_at_fault(gate: Gate, fetch: Fetch, tmp_path: Path) -> None:
    still = program("sleep", "60", folder=tmp_path, gate=gate)
    injector = make_injector(gate, limit=0.3, running={"": still})
    injector.add(THE_LAYER, Hold(0), 1)
    fetch(THE_CONFIGURATION).result(WAIT)
    gate.log.complete(timeout=WAIT)
    with pytest.raises(AssertionError, match=r"stands still: .* a hold of the layer"):
        injector.wait_until_held(THE_LAYER)
    still.kill()
    still.wait(WAIT)


def test_who_may_wait_for_what_is_held_is_not_at_fault(gate: Gate, fetch: Fetch, tmp_path: Path) -> None:
    waiting = program("sleep", "60", folder=tmp_path, gate=gate)
    injector = make_injector(gate, limit=0.3, running={"": waiting})
    injector.add(THE_LAYER, Hold(0), 1)
    injector.hold_before_layers("a", THE_CONFIGURATION)
    fetch(THE_CONFIGURATION)
    gate.log.wait_until(lambda: bool(gate.held()), timeout=WAIT)
    with pytest.raises(NotReachedError, match="a hold of the layer"):
        injector.wait_until_held(THE_LAYER)
    waiting.kill()
    waiting.wait(WAIT)


def test_who_ends_too_early_is_at_fault_at_once(gate: Gate, tmp_path: Path) -> None:
    ended = program("true", folder=tmp_path, gate=gate)
    injector = make_injector(gate, running={"": ended})
    injector.add(THE_LAYER, Hold(0), 1)
    with pytest.raises(AssertionError, match="ended before"):
        injector.wait_until_held(THE_LAYER)
    assert ended.wait(WAIT).status == 0


def test_what_must_come_and_does_not_is_the_validators_fault(gate: Gate, fetch: Fetch) -> None:
    injector = make_injector(gate, limit=0.05)
    fetch(THE_LAYER).result(WAIT)
    with pytest.raises(AssertionError, match="an answer didn't come about"):
        injector.wait_for(lambda: False, "an answer")


def test_the_end_of_a_process_is_told(tmp_path: Path) -> None:
    told = threading.Event()
    running = Running(("sleep", "60"), {"PATH": "/usr/bin:/bin"}, tmp_path, tmp_path)
    running.when_ended(told.set)
    assert not told.is_set()
    running.kill()
    assert told.wait(WAIT)
    running.wait(WAIT)
