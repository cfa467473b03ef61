"""Faults in words."""

from __future__ import annotations

import pytest

from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.gate import faults
from ec_acceptance.testbed.gate.faults import Artifact, UnknownPhraseError
from ec_acceptance.testbed.gate.rules import (
    Answer,
    Close,
    Delay,
    EarlyEnd,
    FlipBit,
    Hold,
    Rate,
    Replace,
    Reset,
    ShortLength,
    Stall,
    Verb,
)

LAYER = Layer.of({"manifests/a.json": b"{}", "manifests/b.json": b"{}"}, filler_size=3000)
THE_LAYER = Artifact("the layer", "blob", LAYER.digest, LAYER.data, LAYER.boundaries)
OTHER = Artifact("the other", "blob", "sha256:0", b"other")
MIDDLE, LAST, BOUNDARY = LAYER.size // 2, LAYER.size - 1, LAYER.boundaries[1]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("held before the head", Hold(None)),
        ("held in the middle", Hold(MIDDLE)),
        ("stalled forever at the start", Stall(0)),
        ("reset before the last byte", Reset(LAST)),
        ("reset at an entry boundary", Reset(BOUNDARY)),
        ("closed in the middle", Close(MIDDLE)),
        ("cut by a short length in the middle", ShortLength(MIDDLE)),
        ("ended early before the last byte", EarlyEnd(LAST)),
        ("changed by one bit in the middle", FlipBit(MIDDLE)),
        ("replaced by the other", Replace(b"other")),
        ("answered with status 503", Answer(503)),
        ("answered with status 429 and Retry-After 7", Answer(429, (("Retry-After", "7"),))),
        ("slowed to 1.5 MB/s", Rate(1_500_000)),
        ("delayed by 0.5 s", Delay(0.5)),
    ],
)
def test_words_mean_a_verb(words: str, wanted: Verb) -> None:
    assert faults.parse_verb(words, THE_LAYER, {"the other": OTHER}.__getitem__) == wanted


@pytest.mark.parametrize(
    "words",
    [
        "broken",
        "held",
        "held somewhere",
        "broken in the middle",
        "answered with status 5",
        "ended early before the head",
    ],
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(UnknownPhraseError):
        faults.parse_verb(words, THE_LAYER, {"the other": OTHER}.__getitem__)


def test_the_boundary_is_behind_the_first_file_that_policies_read() -> None:
    ends = LAYER.data.index(b"manifests/b.json")
    assert LAYER.data.index(b"manifests/a.json") < BOUNDARY <= ends


def test_what_has_no_entries_has_no_boundary() -> None:
    with pytest.raises(UnknownPhraseError, match="there is no place"):
        faults.parse_place("at an entry boundary", OTHER)


@pytest.mark.parametrize(("words", "wanted"), [("every", None), ("first", 1), ("third", 3)])
def test_which_request(words: str, wanted: int | None) -> None:
    assert faults.parse_nth(words) == wanted


def test_later_requests_are_all_but_the_first() -> None:
    later = faults.parse_nth("later")
    assert isinstance(later, range)
    assert (1 in later, 2 in later, 1000 in later) == (False, True, True)


def test_no_number_is_refused() -> None:
    with pytest.raises(UnknownPhraseError):
        faults.parse_nth("some")


def test_a_thing_of_no_repository_is_meant_in_all() -> None:
    assert THE_LAYER.request_filter == {"method": "GET", "kind": "blob", "repository": None, "reference": LAYER.digest}
