"""Readers that share a download: in one process, in several, and when one of them ends."""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import Any

import pytest
from layers_testbed import SECONDS, Crowd, LayersTestbed, descriptor_of, together
from shared_layers import ENTRY, OTHER, SEEN, SHARED, everything, holds_only_whole, own

from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.gate.rules import Hold, Stall
from refimpl.deadline import Deadline
from refimpl.errors import TimeoutExceededError
from refimpl.system.exchange import Exchange


def test_many_images_share_one_get(testbed: LayersTestbed) -> None:
    refs = [testbed.image(SHARED, own(number), name=f"acme/app{number}") for number in range(12)]
    with testbed.run() as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 12
    assert testbed.gets(SHARED) == 1


def test_two_readers_with_other_directories_share_one_get(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    rule = testbed.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest)
    with testbed.run() as run:
        crowd = Crowd()
        crowd.add(lambda: run.files(ref))
        testbed.gate.log.wait_until(lambda: bool(testbed.gate.held()), timeout=SECONDS)
        crowd.add(lambda: run.files(ref, ["own"]))
        crowd.add(lambda: run.files(ref, ["manifests", "filler"]))
        wait_for(lambda: run.cache.counters.coalesced == 2)
        rule.release()
        assert crowd.results() == [SEEN, {}, SEEN]
    assert testbed.gets(SHARED) == 1


def wait_for(condition: Any) -> None:
    """Poll for a counter that no event announces."""
    pause = threading.Event()
    for _ in range(int(SECONDS * 200)):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("not reached")


def test_other_layers_go_on_while_one_is_held(testbed: LayersTestbed) -> None:
    held, free = testbed.image(SHARED), testbed.image(OTHER, name="acme/free")
    rule = testbed.gate.add(Hold(at=1), kind="blob", reference=SHARED.digest)
    with testbed.run() as run:
        crowd = Crowd()
        crowd.add(lambda: run.files(held))
        testbed.gate.log.wait_until(lambda: bool(testbed.gate.held()), timeout=SECONDS)
        assert run.files(free) == {"manifests/o.yaml": {"o": 1}}
        rule.release()
        assert crowd.results() == [SEEN]


def test_opposite_orders_do_not_lock_each_other_up(testbed: LayersTestbed) -> None:
    one, two = testbed.image(SHARED, OTHER), testbed.image(OTHER, SHARED, name="acme/two")
    with testbed.run() as run:
        outcomes = together(lambda: run.files(one), lambda: run.files(two))
    assert [len(outcome) for outcome in outcomes] == [5, 5]
    assert (testbed.gets(SHARED), testbed.gets(OTHER)) == (1, 1)


def test_one_layer_twice_in_an_image(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED, SHARED)
    with testbed.run() as run:
        assert run.files(ref) == SEEN
    assert testbed.gets(SHARED) == 1


def test_a_reader_that_never_closes_holds_nobody_up(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run, run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
        stream.read(1)
        assert run.files(ref) == SEEN
        assert run.files(ref, ["own"]) == {}
        while stream.read(1 << 20):
            pass
    assert testbed.gets(SHARED) == 1


def test_an_interrupted_reader_hands_over(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    rule = testbed.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest, nth=1)
    with testbed.run() as run:
        crowd = Crowd()
        with pytest.raises(KeyboardInterrupt), run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
            raise KeyboardInterrupt(stream.read(1))
        crowd.add(lambda: run.files(ref))
        testbed.gate.log.wait_for(2, kind="blob", reference=SHARED.digest, timeout=SECONDS)
        assert crowd.results() == [SEEN]
        rule.release()
    assert testbed.entries() == {ENTRY: SHARED.data}


def test_a_stalled_layer_ends_with_the_deadline(testbed: LayersTestbed) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(3)]
    testbed.gate.add(Stall(at=1000), kind="blob", reference=SHARED.digest, nth=1)
    with testbed.run(deadline=Deadline(1.0)) as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert [type(outcome) for outcome in outcomes] == [TimeoutExceededError] * 3
    assert holds_only_whole(testbed)
    assert ENTRY not in testbed.entries()
    with testbed.run() as run:
        assert run.files(refs[0]) == SEEN


def test_two_processes_do_not_wait_for_each_other(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    rule = testbed.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest, nth=1)
    with testbed.run() as first:
        crowd = Crowd()
        crowd.add(lambda: first.files(ref))
        testbed.gate.log.wait_until(lambda: bool(testbed.gate.held()), timeout=SECONDS)
        with testbed.run() as second:
            assert second.files(ref) == SEEN
        temporaries = [name for name in testbed.entries() if name != ENTRY]
        assert len(temporaries) == 1, "the living one's temporary must not be swept"
        rule.release()
        assert crowd.results() == [SEEN]
    assert testbed.gets(SHARED) == 2
    assert testbed.entries() == {ENTRY: SHARED.data}


def test_at_most_so_many_transfers_at_once(testbed: LayersTestbed) -> None:
    layers = [Layer.of({}, filler_size=1000, seed=f"t{number}") for number in range(6)]
    refs = [testbed.image(layer, name=f"acme/t{number}") for number, layer in enumerate(layers)]
    with testbed.run(transfers=2) as run:
        rule = testbed.gate.add(Hold(at=1), kind="blob")
        crowd = Crowd()
        for layer, ref in zip(layers, refs, strict=True):
            crowd.add(
                partial(run.layers.read, ref.repository, descriptor_of(layer), lambda stream: len(stream.read(1)))
            )
        testbed.gate.log.wait_until(lambda: len(testbed.gate.held()) == 2, timeout=SECONDS)
        testbed.gate.log.wait_until_quiescent(0.2, timeout=SECONDS)
        assert len(testbed.gate.log.requests(kind="blob")) == 2
        rule.release()
        assert crowd.results() == [1] * 6


def test_many_readers_of_an_entry(testbed: LayersTestbed) -> None:
    refs = [testbed.image(SHARED, own(number), name=f"acme/app{number}") for number in range(8)]
    with testbed.run() as run:
        run.files(refs[0])
    with testbed.run() as run:
        raw = partial(run.layers.read, refs[0].repository, descriptor_of(SHARED), everything)
        outcomes = together(*[partial(run.files, ref) for ref in refs], raw, raw)
        assert outcomes == [SEEN] * 8 + [SHARED.data] * 2
        assert run.cache.counters.repaired == 0
    assert testbed.gets(SHARED) == 1


def test_readers_of_the_compressed_bytes_and_of_files_share_one_get(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run:
        raw = partial(run.layers.read, ref.repository, descriptor_of(SHARED), everything)
        outcomes = together(raw, lambda: run.files(ref), raw, lambda: run.files(ref, ["own"]))
        assert outcomes == [SHARED.data, SEEN, SHARED.data, {}]
    assert testbed.gets(SHARED) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no copies of processes")
def test_processes_of_a_run_that_want_a_layer_for_different_things_share_one_get(testbed: LayersTestbed) -> None:
    ref, exchange = testbed.image(SHARED), Exchange()
    rule = testbed.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest)
    with testbed.run() as one, testbed.run() as other:
        for run in (one, other):
            run.client.share(exchange)
            run.layers.share(exchange)
        crowd = Crowd()
        crowd.add(lambda: one.files(ref))
        testbed.gate.log.wait_until(lambda: bool(testbed.gate.held()), timeout=SECONDS)
        crowd.add(lambda: other.files(ref, ["own"]))
        crowd.add(lambda: other.files(ref))
        testbed.gate.log.wait_until_quiescent(0.2, timeout=SECONDS)
        rule.release()
        assert crowd.results() == [SEEN, {}, SEEN]
    assert testbed.gets(SHARED) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no copies of processes")
def test_a_process_whose_download_fails_lets_another_one_try(testbed: LayersTestbed) -> None:
    ref, exchange = testbed.image(SHARED), Exchange()
    rule = testbed.gate.add(Stall(1000), kind="blob", reference=SHARED.digest)
    now = 0.0
    with testbed.run(deadline=Deadline(1.0, clock=lambda: now)) as one, testbed.run() as other:
        for run in (one, other):
            run.layers.share(exchange)
        crowd = Crowd()
        crowd.add(lambda: one.files(ref))
        testbed.gate.log.wait_until(
            lambda: bool(testbed.gate.log.requests(kind="blob", reference=SHARED.digest)), timeout=SECONDS
        )
        crowd.add(lambda: other.files(ref, ["own"]))
        testbed.gate.remove(rule)
        now = 1.0
        failed, found = crowd.outcomes()
        assert isinstance(failed, TimeoutExceededError)
        assert found == {}
