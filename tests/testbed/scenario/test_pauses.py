"""Which scenarios wait until no request is in flight, so that the longest pause is measured before them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ec_acceptance.testbed.scenario.pauses import readers_waited_for

IMAGES = "2 images that share a layer, read through {}"


def scenario(*sentences: str) -> SimpleNamespace:
    return SimpleNamespace(all_steps=[SimpleNamespace(name=sentence) for sentence in sentences])


@pytest.mark.parametrize("reader", ["input.image.files", "ec.oci.image_files", "both"])
@pytest.mark.parametrize(
    "sentence",
    [
        "no request is in flight",
        '"validate image" is run, with the shared layer held until no request is in flight',
    ],
)
def test_it_is_measured_for_the_reader_of_who_waits(reader: str, sentence: str) -> None:
    assert [one.name for one in readers_waited_for(scenario(IMAGES.format(reader), sentence))] == [reader]


def test_who_doesnt_wait_needs_no_measure() -> None:
    assert readers_waited_for(scenario(IMAGES.format("both"), '"validate image" is run')) == []
