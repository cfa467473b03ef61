"""Faults of a transfer, and damage to what the cache keeps."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from layers_testbed import SECONDS, Crowd, LayersTestbed, descriptor_of, together
from shared_layers import ENTRY, OTHER, SEEN, SHARED, flip, holds_only_whole, own

from ec_acceptance.testbed.gate.rules import Answer, Close, EarlyEnd, FlipBit, Hold, Replace, Reset, ShortLength
from refimpl.errors import DigestMismatchError, NotFoundError, SizeMismatchError, TransferError


@pytest.mark.parametrize(
    "fault",
    [
        Reset(at=None),
        Reset(at=0),
        Reset(at=1000),
        Close(at=1000),
        ShortLength(1000),
        EarlyEnd(at=1000),
        EarlyEnd(at=SHARED.boundaries[1]),
        FlipBit(at=len(SHARED.data) // 2),
        FlipBit(at=-1),
        Replace(OTHER.data),
    ],
    ids=repr,
)
def test_one_fault_costs_one_more_get(testbed: LayersTestbed, fault: Any) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(4)]
    testbed.gate.add(fault, kind="blob", reference=SHARED.digest, nth=1)
    with testbed.run() as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 4
    assert testbed.gets(SHARED) == 2
    assert testbed.entries()[ENTRY] == SHARED.data
    assert holds_only_whole(testbed)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Reset(at=1000), TransferError),
        (Close(at=1000), TransferError),
        (ShortLength(1000), SizeMismatchError),
        (EarlyEnd(at=SHARED.boundaries[1]), SizeMismatchError),
        (FlipBit(at=1000), DigestMismatchError),
        (Replace(OTHER.data), SizeMismatchError),
        (Answer(404), NotFoundError),
    ],
    ids=repr,
)
@pytest.mark.parametrize("cached", [True, False])
def test_a_lasting_fault_is_everybodys_error_and_nobodys_file(
    testbed: LayersTestbed,
    fault: Any,
    kind: type[Exception],
    cached: bool,  # noqa: FBT001  # a table's column
) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(3)]
    rule = testbed.gate.add(fault, kind="blob", reference=SHARED.digest)
    with testbed.run(cached=cached) as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert [type(outcome) for outcome in outcomes] == [kind] * 3
    assert len({str(outcome) for outcome in outcomes}) == 1
    assert ENTRY not in testbed.entries()
    assert holds_only_whole(testbed)
    testbed.gate.remove(rule)
    with testbed.run(cached=cached) as run:
        assert run.files(refs[0]) == SEEN


def test_404_is_asked_for_once(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    testbed.gate.add(Answer(404), kind="blob", reference=SHARED.digest)
    with testbed.run() as run, pytest.raises(NotFoundError):
        run.files(ref)
    assert testbed.gets(SHARED) == 1


def test_another_repository_answers_for_itself(testbed: LayersTestbed) -> None:
    good, bad = testbed.image(SHARED, name="acme/good"), testbed.image(SHARED, name="acme/bad")
    rule = testbed.gate.add(Hold(at=None), kind="blob", repository="acme/bad", reference=SHARED.digest)
    testbed.gate.add(Answer(404), kind="blob", repository="acme/bad", reference=SHARED.digest)
    with testbed.run() as run:
        crowd = Crowd()
        crowd.add(lambda: run.files(bad))
        testbed.gate.log.wait_for(kind="blob", repository="acme/bad", reference=SHARED.digest, timeout=SECONDS)
        crowd.add(lambda: run.files(good))
        testbed.gate.log.wait_for(kind="manifest", repository="acme/good", timeout=SECONDS)
        rule.release()
        refused, found = crowd.outcomes()
    assert type(refused) is NotFoundError
    assert found == SEEN


DAMAGES: dict[str, Any] = {
    "cut in mid-data": lambda path: path.write_bytes(SHARED.data[:5000]),
    "cut at an entry": lambda path: path.write_bytes(SHARED.data[: SHARED.boundaries[1]]),
    "emptied": lambda path: path.write_bytes(b""),
    "longer": lambda path: path.write_bytes(SHARED.data + b"x"),
    "other archive": lambda path: path.write_bytes(OTHER.data),
    "directory": lambda path: (path.unlink(), path.mkdir(), (path / "inside").write_text("x")),
    "dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "link elsewhere": lambda path: (
        path.rename(path.parent.parent / "kept"),
        path.symlink_to(path.parent.parent / "kept"),
    ),
}


@pytest.mark.parametrize("damage", [*DAMAGES.values(), flip], ids=[*DAMAGES, "one bit"])
def test_damage_is_healed_with_one_get(testbed: LayersTestbed, damage: Any) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(4)]
    with testbed.run() as run:
        run.files(refs[0])
    damage(testbed.place / ENTRY)
    with testbed.run() as run:
        outcomes = together(
            *[partial(run.files, ref) for ref in refs],
            lambda: run.files(refs[0], ["own"]),
        )
    assert outcomes[:4] == [SEEN] * 4
    assert testbed.gets(SHARED) == 2
    path = testbed.place / ENTRY
    assert path.is_file()
    assert not path.is_symlink()
    assert path.read_bytes() == SHARED.data
    assert all(name.startswith("sha256-") for name in testbed.entries())
    with testbed.run() as run:
        assert run.files(refs[0]) == SEEN
    assert testbed.gets(SHARED) == 2


def test_a_lie_about_the_size_harms_nobody_else(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    understated = descriptor_of(SHARED, size=SHARED.size - 1)
    with testbed.run() as run:
        assert run.files(ref) == SEEN
        with pytest.raises(SizeMismatchError):
            run.layers.read(ref.repository, understated, lambda stream: stream.read(10))
        with pytest.raises(SizeMismatchError):
            run.layers.listing(ref.repository, understated, frozenset({"manifests"}), lambda *_: None)
    assert testbed.entries()[ENTRY] == SHARED.data


def test_a_reader_that_stops_early_gets_all_verified(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    testbed.gate.add(FlipBit(at=-1), kind="blob", reference=SHARED.digest)
    with (
        testbed.run() as run,
        pytest.raises(DigestMismatchError),
        run.layers.open(ref.repository, descriptor_of(SHARED)) as stream,
    ):
        assert stream.read(10) == SHARED.data[:10]


def test_wrong_bytes_are_the_cause_whatever_they_led_to(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    testbed.gate.add(FlipBit(at=0), kind="blob", reference=SHARED.digest)
    with (
        testbed.run() as run,
        pytest.raises(DigestMismatchError),
        run.layers.open(ref.repository, descriptor_of(SHARED)),
    ):
        raise LookupError("made of wrong bytes")


def test_a_readers_own_error_comes_through_and_the_layer_is_kept(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    with (
        testbed.run() as run,
        pytest.raises(LookupError, match="own"),
        run.layers.open(ref.repository, descriptor_of(SHARED)),
    ):
        raise LookupError("own")
    assert testbed.entries() == {ENTRY: SHARED.data}
