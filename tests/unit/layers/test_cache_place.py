"""The cache's place on the disk: what is swept, what can't be used, how much may be in it."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from layers_testbed import LayersTestbed, together
from shared_layers import ENTRY, OTHER, SEEN, SHARED, flip, own, warnings_of

from ec_acceptance.testbed.fixtures.images import Layer
from refimpl.deadline import Deadline
from refimpl.layers.cache import LayerCache


def test_temporaries_of_the_dead_are_swept_and_nothing_else(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    testbed.place.mkdir(parents=True, mode=0o700)
    (testbed.home / "ec").chmod(0o700)
    testbed.place.chmod(0o700)
    (testbed.place / ".ec-ref-0123456789abcdef.part").write_bytes(b"dead")
    (testbed.place / ".ec-ref-lock").write_bytes(b"")
    (testbed.place / ".other").write_bytes(b"foreign")
    (testbed.place / f"sha256:{SHARED.diff_id[7:]}").write_bytes(b"historic")
    with testbed.run() as run:
        assert run.files(ref) == SEEN
    assert testbed.entries() == {ENTRY: SHARED.data, ".other": b"foreign", f"sha256:{SHARED.diff_id[7:]}": b"historic"}


def spoil(testbed: LayersTestbed, how: str) -> dict[str, str]:
    if how == "no home":
        return {"XDG_CACHE_HOME": ""}
    if how == "relative":
        return {"XDG_CACHE_HOME": "relative/path"}
    testbed.home.mkdir(mode=0o700)
    if how == "file in its place":
        (testbed.home / "ec").write_text("in the way")
    elif how == "writable by others":
        testbed.place.mkdir(parents=True)
        testbed.place.chmod(0o777)
    elif how == "parent writable by others":
        testbed.place.mkdir(parents=True, mode=0o700)
        (testbed.home / "ec").chmod(0o777)
    return {}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize(
    "how", ["no home", "relative", "file in its place", "writable by others", "parent writable by others"]
)
def test_an_unusable_place_is_one_warning(testbed: LayersTestbed, caplog: pytest.LogCaptureFixture, how: str) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(4)]
    with testbed.run(environ=spoil(testbed, how)) as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 4
    assert testbed.gets(SHARED) == 1, "what is read is still shared in the run"
    assert len(warnings_of(caplog)) == 1
    assert testbed.entries() == {}


def test_a_full_disk_is_one_warning(
    testbed: LayersTestbed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(4)]
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
    with testbed.run() as run:
        outcomes = together(*[partial(run.files, ref) for ref in refs])
    assert outcomes == [SEEN] * 4
    assert testbed.gets(SHARED) <= 2
    assert len(warnings_of(caplog)) == 1
    assert ENTRY not in testbed.entries()
    assert not [name for name in testbed.entries() if name.startswith(".")]


@pytest.mark.skipif(sys.platform == "win32", reason="an open directory can't be removed there")
def test_a_directory_that_vanishes_is_one_warning(testbed: LayersTestbed, caplog: pytest.LogCaptureFixture) -> None:
    one, two = testbed.image(SHARED, own(1)), testbed.image(SHARED, own(2), own(3))
    with testbed.run() as run:
        run.files(one)
        run.cache.close()
        for path in testbed.place.iterdir():
            path.unlink()
        testbed.place.rmdir()
        assert run.files(two) == SEEN
    assert len(warnings_of(caplog)) == 1
    assert testbed.gets(SHARED) == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="only for users whom modes bind")
def test_a_read_only_directory_with_damage(testbed: LayersTestbed, caplog: pytest.LogCaptureFixture) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run:
        run.files(ref)
    flip(testbed.place / ENTRY)
    testbed.place.chmod(0o500)
    with testbed.run() as run:
        assert run.files(ref) == SEEN
    assert len(warnings_of(caplog)) == 1


def test_damage_that_cannot_be_quarantined_is_not_read_again(
    testbed: LayersTestbed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run:
        run.files(ref)
    flip(testbed.place / ENTRY)

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(30, "Read-only file system", str(path), None, str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with testbed.run() as run:
        assert run.files(ref) == SEEN
        assert run.files(ref, ["own"]) == {}
    assert len(warnings_of(caplog)) == 1
    assert testbed.gets(SHARED) <= 3


@pytest.mark.parametrize("room", [0, SHARED.size - 1, SHARED.size])
def test_budget(testbed: LayersTestbed, room: int) -> None:
    with testbed.run(environ={"EC_CACHE_MAX_BYTES": str(room)}) as run:
        run.files(testbed.image(OTHER))
        run.files(testbed.image(SHARED, name="acme/later"))
    kept = sum(len(data) for data in testbed.entries().values())
    assert kept <= room
    assert (ENTRY in testbed.entries()) is (room == SHARED.size)


def test_the_least_recently_used_goes_first(testbed: LayersTestbed) -> None:
    refs = [
        testbed.image(Layer.of({}, filler_size=10_000, seed=f"{number}"), name=f"acme/{number}") for number in range(3)
    ]
    with testbed.run() as run:
        for ref in refs:
            run.files(ref)
    names = sorted(testbed.entries())
    for age, path in enumerate(sorted(testbed.place.iterdir())):
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    size = len(testbed.entries()[names[0]])
    by_name = {f"sha256-{run_layer(ref, testbed)}": ref for ref in refs}
    with testbed.run(environ={"EC_CACHE_MAX_BYTES": str(2 * size)}) as run:
        run.files(by_name[names[2]])  # by its age it would be the first to go
    assert sorted(testbed.entries()) == [names[0], names[2]]


def run_layer(ref: Any, testbed: LayersTestbed) -> str:
    with testbed.run(cached=False) as run:
        return str(run.client.image(ref).layers[0].digest[7:])


def test_a_bad_budget_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert LayerCache.from_environ({"HOME": "/nowhere", "EC_CACHE_MAX_BYTES": "much"}, Deadline(None)) is not None
    assert warnings_of(caplog) == ["ignoring EC_CACHE_MAX_BYTES=much: not a number of bytes"]
    assert LayerCache.from_environ({"HOME": "/nowhere", "EC_CACHE_MAX_BYTES": "9" * 5000}, Deadline(None)) is not None
