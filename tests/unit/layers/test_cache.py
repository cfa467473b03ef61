from __future__ import annotations

import json
import logging
import os
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from laboratory import MANIFESTS, SECONDS, Crowd, Lab, descriptor_of, together

from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.gate.rules import (
    Answer,
    Close,
    EarlyEnd,
    FlipBit,
    Hold,
    Replace,
    Reset,
    ShortLength,
    Stall,
)
from refimpl.deadline import Deadline
from refimpl.errors import (
    DigestMismatchError,
    MalformedError,
    NotFoundError,
    SizeMismatchError,
    TimeoutExceededError,
    TransferError,
)
from refimpl.layers.cache import LayerCache, switched_on
from refimpl.layers.directory import Directory
from refimpl.layers.files import image_files
from refimpl.oci.descriptor import Manifest

FILES = {f"manifests/{number}.json": b'{"n": %d}' % number for number in range(4)}
SEEN = {name: {"n": number} for number, name in enumerate(FILES)}
SHARED = Layer.of(FILES, filler_size=1 << 20, seed="shared")
OTHER = Layer.of({"manifests/o.yaml": b"o: 1"}, filler_size=1 << 10, seed="other")
ENTRY = f"sha256-{SHARED.digest[7:]}"


def own(number: int) -> Layer:
    return Layer.of({f"own/{number}.json": b"{}"}, seed=f"own {number}")


def holds_only_whole(lab: Lab) -> bool:
    return all(
        data == SHARED.data if name == ENTRY else name.startswith("sha256-") for name, data in lab.entries().items()
    )


@pytest.mark.parametrize(
    ("value", "on"),
    [(word, False) for word in ("0", "f", "F", "false", "False", "FALSE")]
    + [(word, True) for word in ("1", "t", "T", "true", "True", "TRUE", "", "no", "off", "2", "fAlse")],
)
def test_switch(value: str, on: bool) -> None:  # noqa: FBT001  # a table's column
    assert switched_on({"EC_CACHE": value}) is on


def test_unset_is_on() -> None:
    assert switched_on({})


def test_cold_then_warm(lab: Lab) -> None:
    ref = lab.image(SHARED, own(1))
    with lab.run() as cold:
        assert cold.files(ref) == SEEN
    assert lab.gets(SHARED) == 1
    before = lab.entries()
    assert before[ENTRY] == SHARED.data
    assert len(before) == 2
    with lab.run() as warm:
        assert warm.files(ref) == SEEN
        assert warm.cache.counters.hits == 2
        assert warm.cache.counters.bytes_saved == SHARED.size + own(1).size
    assert lab.gets(SHARED) == 1
    assert lab.entries() == before


def test_off_makes_no_file_and_a_get_each(lab: Lab) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(3)]
    with lab.run(cached=False) as run:
        assert [run.files(ref) for ref in refs] == [SEEN] * 3
    assert lab.gets(SHARED) == 3
    assert not lab.home.exists()


def test_nothing_is_made_before_a_layer_is_read(lab: Lab) -> None:
    with lab.run():
        pass
    assert not lab.home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_modes(lab: Lab) -> None:
    ref = lab.image(SHARED)
    mask = os.umask(0)
    try:
        with lab.run() as run:
            run.files(ref)
    finally:
        os.umask(mask)
    assert [(lab.home / part).stat().st_mode & 0o777 for part in ("", "ec", "ec/images")] == [0o700] * 3
    assert (lab.place / ENTRY).stat().st_mode & 0o022 == 0


def test_many_images_share_one_get(lab: Lab) -> None:
    refs = [lab.image(SHARED, own(number), name=f"acme/app{number}") for number in range(12)]
    with lab.run() as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 12
    assert lab.gets(SHARED) == 1


def test_two_readers_with_other_directories_share_one_get(lab: Lab) -> None:
    ref = lab.image(SHARED)
    rule = lab.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest)
    with lab.run() as run:
        crowd = Crowd()
        crowd.add(lambda: run.files(ref))
        lab.gate.log.wait_until(lambda: bool(lab.gate.held()), timeout=SECONDS)
        crowd.add(lambda: run.files(ref, ["own"]))
        crowd.add(lambda: run.files(ref, ["manifests", "filler"]))
        wait_for(lambda: run.cache.counters.coalesced == 2)
        rule.release()
        assert crowd.results() == [SEEN, {}, SEEN]
    assert lab.gets(SHARED) == 1


def wait_for(condition: Any) -> None:
    """Poll for a counter that no event announces."""
    pause = threading.Event()
    for _ in range(int(SECONDS * 200)):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("not reached")


def test_other_layers_go_on_while_one_is_held(lab: Lab) -> None:
    held, free = lab.image(SHARED), lab.image(OTHER, name="acme/free")
    rule = lab.gate.add(Hold(at=1), kind="blob", reference=SHARED.digest)
    with lab.run() as run:
        crowd = Crowd()
        crowd.add(lambda: run.files(held))
        lab.gate.log.wait_until(lambda: bool(lab.gate.held()), timeout=SECONDS)
        assert run.files(free) == {"manifests/o.yaml": {"o": 1}}
        rule.release()
        assert crowd.results() == [SEEN]


def test_opposite_orders_do_not_lock_each_other_up(lab: Lab) -> None:
    one, two = lab.image(SHARED, OTHER), lab.image(OTHER, SHARED, name="acme/two")
    with lab.run() as run:
        outcomes = together(lambda: run.files(one), lambda: run.files(two))
    assert [len(outcome) for outcome in outcomes] == [5, 5]
    assert (lab.gets(SHARED), lab.gets(OTHER)) == (1, 1)


def test_one_layer_twice_in_an_image(lab: Lab) -> None:
    ref = lab.image(SHARED, SHARED)
    with lab.run() as run:
        assert run.files(ref) == SEEN
    assert lab.gets(SHARED) == 1


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
def test_one_fault_costs_one_more_get(lab: Lab, fault: Any) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(4)]
    lab.gate.add(fault, kind="blob", reference=SHARED.digest, nth=1)
    with lab.run() as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 4
    assert lab.gets(SHARED) == 2
    assert lab.entries()[ENTRY] == SHARED.data
    assert holds_only_whole(lab)


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
    lab: Lab,
    fault: Any,
    kind: type[Exception],
    cached: bool,  # noqa: FBT001  # a table's column
) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(3)]
    rule = lab.gate.add(fault, kind="blob", reference=SHARED.digest)
    with lab.run(cached=cached) as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert [type(outcome) for outcome in outcomes] == [kind] * 3
    assert len({str(outcome) for outcome in outcomes}) == 1
    assert ENTRY not in lab.entries()
    assert holds_only_whole(lab)
    lab.gate.remove(rule)
    with lab.run(cached=cached) as run:
        assert run.files(refs[0]) == SEEN


def test_404_is_asked_for_once(lab: Lab) -> None:
    ref = lab.image(SHARED)
    lab.gate.add(Answer(404), kind="blob", reference=SHARED.digest)
    with lab.run() as run, pytest.raises(NotFoundError):
        run.files(ref)
    assert lab.gets(SHARED) == 1


def test_another_repository_answers_for_itself(lab: Lab) -> None:
    good, bad = lab.image(SHARED, name="acme/good"), lab.image(SHARED, name="acme/bad")
    rule = lab.gate.add(Hold(at=None), kind="blob", repository="acme/bad", reference=SHARED.digest)
    lab.gate.add(Answer(404), kind="blob", repository="acme/bad", reference=SHARED.digest)
    with lab.run() as run:
        crowd = Crowd()
        crowd.add(lambda: run.files(bad))
        lab.gate.log.wait_for(kind="blob", repository="acme/bad", reference=SHARED.digest, timeout=SECONDS)
        crowd.add(lambda: run.files(good))
        lab.gate.log.wait_for(kind="manifest", repository="acme/good", timeout=SECONDS)
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


def flip(path: Path) -> None:
    """Change one byte, neither size nor time."""
    found = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize("damage", [*DAMAGES.values(), flip], ids=[*DAMAGES, "one bit"])
def test_damage_is_healed_with_one_get(lab: Lab, damage: Any) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(4)]
    with lab.run() as run:
        run.files(refs[0])
    damage(lab.place / ENTRY)
    with lab.run() as run:
        outcomes = together(
            *[partial(run.files, ref) for ref in refs],
            lambda: run.files(refs[0], ["own"]),
        )
    assert outcomes[:4] == [SEEN] * 4
    assert lab.gets(SHARED) == 2
    path = lab.place / ENTRY
    assert path.is_file()
    assert not path.is_symlink()
    assert path.read_bytes() == SHARED.data
    assert all(name.startswith("sha256-") for name in lab.entries())
    with lab.run() as run:
        assert run.files(refs[0]) == SEEN
    assert lab.gets(SHARED) == 2


def test_a_lie_about_the_size_harms_nobody_else(lab: Lab) -> None:
    ref = lab.image(SHARED)
    liar = descriptor_of(SHARED, size=SHARED.size - 1)
    with lab.run() as run:
        assert run.files(ref) == SEEN
        with pytest.raises(SizeMismatchError):
            run.layers.read(ref.repository, liar, lambda stream: stream.read(10))
        with pytest.raises(SizeMismatchError):
            run.layers.listing(ref.repository, liar, frozenset({"manifests"}), lambda *_: None)
    assert lab.entries()[ENTRY] == SHARED.data


def test_a_reader_that_stops_early_gets_all_verified(lab: Lab) -> None:
    ref = lab.image(SHARED)
    lab.gate.add(FlipBit(at=-1), kind="blob", reference=SHARED.digest)
    with (
        lab.run() as run,
        pytest.raises(DigestMismatchError),
        run.layers.open(ref.repository, descriptor_of(SHARED)) as stream,
    ):
        assert stream.read(10) == SHARED.data[:10]


def test_wrong_bytes_are_the_cause_whatever_they_led_to(lab: Lab) -> None:
    ref = lab.image(SHARED)
    lab.gate.add(FlipBit(at=0), kind="blob", reference=SHARED.digest)
    with (
        lab.run() as run,
        pytest.raises(DigestMismatchError),
        run.layers.open(ref.repository, descriptor_of(SHARED)),
    ):
        raise LookupError("made of wrong bytes")


def test_a_readers_own_error_comes_through_and_the_layer_is_kept(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with (
        lab.run() as run,
        pytest.raises(LookupError, match="own"),
        run.layers.open(ref.repository, descriptor_of(SHARED)),
    ):
        raise LookupError("own")
    assert lab.entries() == {ENTRY: SHARED.data}


def test_a_reader_that_never_closes_holds_nobody_up(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run, run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
        stream.read(1)
        assert run.files(ref) == SEEN
        assert run.files(ref, ["own"]) == {}
        while stream.read(1 << 20):
            pass
    assert lab.gets(SHARED) == 1


def test_an_interrupted_reader_hands_over(lab: Lab) -> None:
    ref = lab.image(SHARED)
    rule = lab.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest, nth=1)
    with lab.run() as run:
        crowd = Crowd()
        with pytest.raises(KeyboardInterrupt), run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
            raise KeyboardInterrupt(stream.read(1))
        crowd.add(lambda: run.files(ref))
        lab.gate.log.wait_for(2, kind="blob", reference=SHARED.digest, timeout=SECONDS)
        assert crowd.results() == [SEEN]
        rule.release()
    assert lab.entries() == {ENTRY: SHARED.data}


def test_a_stalled_layer_ends_with_the_deadline(lab: Lab) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(3)]
    lab.gate.add(Stall(at=1000), kind="blob", reference=SHARED.digest, nth=1)
    with lab.run(seconds=1.0) as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert [type(outcome) for outcome in outcomes] == [TimeoutExceededError] * 3
    assert holds_only_whole(lab)
    assert ENTRY not in lab.entries()
    with lab.run() as run:
        assert run.files(refs[0]) == SEEN


def test_two_processes_do_not_wait_for_each_other(lab: Lab) -> None:
    ref = lab.image(SHARED)
    rule = lab.gate.add(Hold(at=1000), kind="blob", reference=SHARED.digest, nth=1)
    with lab.run() as first:
        crowd = Crowd()
        crowd.add(lambda: first.files(ref))
        lab.gate.log.wait_until(lambda: bool(lab.gate.held()), timeout=SECONDS)
        with lab.run() as second:
            assert second.files(ref) == SEEN
        temporaries = [name for name in lab.entries() if name != ENTRY]
        assert len(temporaries) == 1, "the living one's temporary must not be swept"
        rule.release()
        assert crowd.results() == [SEEN]
    assert lab.gets(SHARED) == 2
    assert lab.entries() == {ENTRY: SHARED.data}


def test_temporaries_of_the_dead_are_swept_and_nothing_else(lab: Lab) -> None:
    ref = lab.image(SHARED)
    lab.place.mkdir(parents=True, mode=0o700)
    (lab.home / "ec").chmod(0o700)
    lab.place.chmod(0o700)
    (lab.place / ".ec-ref-0123456789abcdef.part").write_bytes(b"dead")
    (lab.place / ".ec-ref-lock").write_bytes(b"")
    (lab.place / ".other").write_bytes(b"foreign")
    (lab.place / f"sha256:{SHARED.diff_id[7:]}").write_bytes(b"historic")
    with lab.run() as run:
        assert run.files(ref) == SEEN
    assert lab.entries() == {ENTRY: SHARED.data, ".other": b"foreign", f"sha256:{SHARED.diff_id[7:]}": b"historic"}


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def spoiled(lab: Lab, how: str) -> dict[str, str]:
    if how == "no home":
        return {"XDG_CACHE_HOME": ""}
    if how == "relative":
        return {"XDG_CACHE_HOME": "relative/path"}
    lab.home.mkdir(mode=0o700)
    if how == "file in its place":
        (lab.home / "ec").write_text("in the way")
    elif how == "writable by others":
        lab.place.mkdir(parents=True)
        lab.place.chmod(0o777)
    elif how == "parent writable by others":
        lab.place.mkdir(parents=True, mode=0o700)
        (lab.home / "ec").chmod(0o777)
    return {}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize(
    "how", ["no home", "relative", "file in its place", "writable by others", "parent writable by others"]
)
def test_an_unusable_place_is_one_warning(lab: Lab, caplog: pytest.LogCaptureFixture, how: str) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(4)]
    with lab.run(environ=spoiled(lab, how)) as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 4
    assert lab.gets(SHARED) == 1, "what is read is still shared in the run"
    assert len(warnings_of(caplog)) == 1
    assert lab.entries() == {}


def test_a_full_disk_is_one_warning(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [lab.image(SHARED, own(number)) for number in range(4)]
    written = os.write
    room = [600_000]

    def write(handle: int, data: bytes) -> int:
        if len(data) < 4096:  # not a layer
            return written(handle, data)
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        return written(handle, data)

    monkeypatch.setattr(os, "write", write)
    with lab.run() as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 4
    assert lab.gets(SHARED) <= 2
    assert len(warnings_of(caplog)) == 1
    assert ENTRY not in lab.entries()
    assert not [name for name in lab.entries() if name.startswith(".")]


@pytest.mark.skipif(sys.platform == "win32", reason="an open directory can't be removed there")
def test_a_directory_that_vanishes_is_one_warning(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    one, two = lab.image(SHARED, own(1)), lab.image(SHARED, own(2), own(3))
    with lab.run() as run:
        run.files(one)
        run.cache.close()
        for path in lab.place.iterdir():
            path.unlink()
        lab.place.rmdir()
        assert run.files(two) == SEEN
    assert len(warnings_of(caplog)) == 1
    assert lab.gets(SHARED) == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="only for users whom modes bind")
def test_a_read_only_directory_with_damage(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        run.files(ref)
    flip(lab.place / ENTRY)
    lab.place.chmod(0o500)
    with lab.run() as run:
        assert run.files(ref) == SEEN
    assert len(warnings_of(caplog)) == 1


def test_damage_that_cannot_be_set_aside_is_not_read_again(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        run.files(ref)
    flip(lab.place / ENTRY)

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(30, "Read-only file system", str(path), None, str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with lab.run() as run:
        assert run.files(ref) == SEEN
        assert run.files(ref, ["own"]) == {}
    assert len(warnings_of(caplog)) == 1
    assert lab.gets(SHARED) <= 3


@pytest.mark.parametrize("room", [0, SHARED.size - 1, SHARED.size])
def test_budget(lab: Lab, room: int) -> None:
    with lab.run(environ={"EC_CACHE_MAX_BYTES": str(room)}) as run:
        run.files(lab.image(OTHER))
        run.files(lab.image(SHARED, name="acme/later"))
    kept = sum(len(data) for data in lab.entries().values())
    assert kept <= room
    assert (ENTRY in lab.entries()) is (room == SHARED.size)


def test_the_least_recently_used_goes_first(lab: Lab) -> None:
    refs = [lab.image(Layer.of({}, filler_size=10_000, seed=f"{number}"), name=f"acme/{number}") for number in range(3)]
    with lab.run() as run:
        for ref in refs:
            run.files(ref)
    names = sorted(lab.entries())
    for age, path in enumerate(sorted(lab.place.iterdir())):
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    size = len(lab.entries()[names[0]])
    by_name = {f"sha256-{run_layer(ref, lab)}": ref for ref in refs}
    with lab.run(environ={"EC_CACHE_MAX_BYTES": str(2 * size)}) as run:
        run.files(by_name[names[2]])  # by its age it would be the first to go
    assert sorted(lab.entries()) == [names[0], names[2]]


def run_layer(ref: Any, lab: Lab) -> str:
    with lab.run(cached=False) as run:
        return str(run.client.image(ref).layers[0].digest[7:])


def test_a_bad_budget_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert LayerCache.from_environ({"HOME": "/nowhere", "EC_CACHE_MAX_BYTES": "much"}, Deadline(None)) is not None
    assert warnings_of(caplog) == ["ignoring EC_CACHE_MAX_BYTES=much: not a number of bytes"]
    assert LayerCache.from_environ({"HOME": "/nowhere", "EC_CACHE_MAX_BYTES": "9" * 5000}, Deadline(None)) is not None


def test_gone_at_the_registry(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        run.files(ref)
    lab.gate.add(Answer(404), kind="blob", reference=SHARED.digest)
    with lab.run() as run:
        assert run.files(ref) == SEEN


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_forms(lab: Lab, algorithm: str, compression: Any) -> None:
    layer = Layer.of(FILES, filler_size=300_000, compression=compression, algorithm=algorithm)
    ref = lab.image(layer)
    for _ in range(2):
        with lab.run() as run:
            assert run.files(ref) == SEEN
    assert lab.gets(layer) == 1
    assert list(lab.entries()) == [layer.digest.replace(":", "-")]


def test_an_unknown_algorithm_is_an_error(lab: Lab) -> None:
    odd = {**SHARED.descriptor(), "digest": f"md5:{'0' * 32}"}
    ref = lab.image(SHARED)
    manifest = json.dumps({"schemaVersion": 2, "layers": [odd]}).encode()
    with lab.run() as run, pytest.raises(MalformedError, match=f"unsupported digest algorithm: md5:{'0' * 32}"):
        image_files(
            run.layers, Manifest(descriptor_of(SHARED), manifest, json.loads(manifest)), ref.repository, MANIFESTS
        )
    assert lab.gets(SHARED) == 0


def test_urls_are_never_followed(lab: Lab) -> None:
    foreign = replace(SHARED, urls=(f"{lab.gate.url}/v2/acme/elsewhere/blobs/{SHARED.digest}",))
    lab.image(SHARED, name="acme/elsewhere")
    ref = lab.image(OTHER)
    with lab.run() as run, pytest.raises(NotFoundError):
        run.layers.read(ref.repository, descriptor_of(foreign), lambda stream: stream.read(1))
    assert not lab.gate.log.requests(repository="acme/elsewhere")


def test_at_most_so_many_transfers_at_once(lab: Lab) -> None:
    layers = [Layer.of({}, filler_size=1000, seed=f"t{number}") for number in range(6)]
    refs = [lab.image(layer, name=f"acme/t{number}") for number, layer in enumerate(layers)]
    with lab.run(transfers=2) as run:
        rule = lab.gate.add(Hold(at=1), kind="blob")
        crowd = Crowd()
        for layer, ref in zip(layers, refs, strict=True):
            crowd.add(
                partial(run.layers.read, ref.repository, descriptor_of(layer), lambda stream: len(stream.read(1)))
            )
        lab.gate.log.wait_until(lambda: len(lab.gate.held()) == 2, timeout=SECONDS)
        lab.gate.log.quiescent(0.2, timeout=SECONDS)
        assert len(lab.gate.log.requests(kind="blob")) == 2
        rule.release()
        assert crowd.results() == [1] * 6


def test_many_readers_of_an_entry(lab: Lab) -> None:
    refs = [lab.image(SHARED, own(number), name=f"acme/app{number}") for number in range(8)]
    with lab.run() as run:
        run.files(refs[0])
    with lab.run() as run:
        raw = partial(run.layers.read, refs[0].repository, descriptor_of(SHARED), everything)
        outcomes = together(*[partial(run.files, ref) for ref in refs], raw, raw)
        assert outcomes == [SEEN] * 8 + [SHARED.data] * 2
        assert run.cache.counters.healed == 0
    assert lab.gets(SHARED) == 1


def everything(stream: Any) -> bytes:
    return b"".join(iter(lambda: stream.read(1 << 16), b""))


def test_readers_of_the_compressed_bytes_and_of_files_share_one_get(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        raw = partial(run.layers.read, ref.repository, descriptor_of(SHARED), everything)
        outcomes = together(raw, lambda: run.files(ref), raw, lambda: run.files(ref, ["own"]))
        assert outcomes == [SHARED.data, SEEN, SHARED.data, {}]
    assert lab.gets(SHARED) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be removed there")
def test_an_entry_that_is_removed_while_it_is_read(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        run.files(ref)
    with lab.run() as run:
        with run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
            data = stream.read(10)
            (lab.place / ENTRY).unlink()
            data += everything(stream)
        assert data == SHARED.data
        assert lab.gets(SHARED) == 1
        assert run.files(ref) == SEEN
    assert lab.gets(SHARED) == 2
    assert lab.entries() == {ENTRY: SHARED.data}


def test_a_missing_entry_is_no_trouble_and_an_unreadable_one_is_a_warning(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        assert run.files(ref) == SEEN
    assert warnings_of(caplog) == []

    def refuse(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with lab.run() as run:
        monkeypatch.setattr(Directory, "open_entry", refuse)
        assert run.files(ref) == SEEN
    assert warnings_of(caplog) == [f"unable to write to {lab.place}, layers are not cached: Input/output error"]
    assert lab.gets(SHARED) == 2


def test_the_counters_are_the_last_word(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "refimpl.layers")
    one, two = lab.image(SHARED, own(1)), lab.image(SHARED, own(2), name="acme/two")
    with lab.run() as run:
        run.files(one)
    flip(lab.place / ENTRY)
    with lab.run() as run:
        run.files(one)
        run.files(two)
    small, size = own(1).size, SHARED.size
    fetched = size + own(2).size
    assert [record.getMessage() for record in caplog.records if "layer cache:" in record.getMessage()] == [
        f"layer cache: hits=0 misses=2 coalesced=0 healed=0 bytes_fetched={size + small} bytes_saved=0",
        f"layer cache: hits=1 misses=2 coalesced=1 healed=1 bytes_fetched={fetched} bytes_saved={size + small}",
    ]
