"""The cache as its readers see it: what is fetched, what is kept, and when."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from shared_layers import ENTRY, SEEN, SHARED, own

from refimpl.layers.cache import switched_on

if TYPE_CHECKING:
    from layers_testbed import LayersTestbed


@pytest.mark.parametrize(
    ("value", "on"),
    [(word, False) for word in ("0", "f", "F", "false", "False", "FALSE")]
    + [(word, True) for word in ("1", "t", "T", "true", "True", "TRUE", "", "no", "off", "2", "fAlse")],
)
def test_switch(value: str, on: bool) -> None:  # noqa: FBT001  # a table's column
    assert switched_on({"EC_CACHE": value}) is on


def test_unset_is_on() -> None:
    assert switched_on({})


def test_cold_then_warm(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED, own(1))
    with testbed.run() as cold:
        assert cold.files(ref) == SEEN
    assert testbed.gets(SHARED) == 1
    before = testbed.entries()
    assert before[ENTRY] == SHARED.data
    assert len(before) == 2
    with testbed.run() as warm:
        assert warm.files(ref) == SEEN
        assert warm.cache.counters.hits == 2
        assert warm.cache.counters.bytes_saved == SHARED.size + own(1).size
    assert testbed.gets(SHARED) == 1
    assert testbed.entries() == before


def test_off_makes_no_file_and_a_get_each(testbed: LayersTestbed) -> None:
    refs = [testbed.image(SHARED, own(number)) for number in range(3)]
    with testbed.run(cached=False) as run:
        assert [run.files(ref) for ref in refs] == [SEEN] * 3
    assert testbed.gets(SHARED) == 3
    assert not testbed.home.exists()


def test_nothing_is_made_before_a_layer_is_read(testbed: LayersTestbed) -> None:
    with testbed.run():
        pass
    assert not testbed.home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_modes(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    mask = os.umask(0)
    try:
        with testbed.run() as run:
            run.files(ref)
    finally:
        os.umask(mask)
    assert [(testbed.home / part).stat().st_mode & 0o777 for part in ("", "ec", "ec/images")] == [0o700] * 3
    assert (testbed.place / ENTRY).stat().st_mode & 0o022 == 0


def test_what_was_verified_is_in_place_when_the_run_ends_however_slow_the_disk_is(
    testbed: LayersTestbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, never = testbed.image(SHARED), threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: never.wait(0.2))
    monkeypatch.setattr("refimpl.layers.cache._GIVING_UP", 0.0)
    with testbed.run() as run:
        run.files(ref)
        assert ENTRY not in testbed.entries()
    assert testbed.entries() == {ENTRY: SHARED.data}
