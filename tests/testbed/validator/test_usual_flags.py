"""What becomes of the usual flags when a run has flags of its own."""

from __future__ import annotations

import pytest

from ec_acceptance.testbed.scenario.flags import merge_flags

USUAL = ["--json-input", "{}", "--policy", "policy.yaml", "--ignore-rekor", "--output", "json"]


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ([], USUAL),
        (["--strict"], USUAL),
        (["--output", "text"], USUAL[:5]),
        (["--output", "text", "--output", "yaml"], USUAL[:5]),
        (["--ignore-rekor=false"], [*USUAL[:4], *USUAL[5:]]),
        (["--policy=other.yaml", "--output=text"], ["--json-input", "{}", "--ignore-rekor"]),
        (["--image", "registry/image"], USUAL[2:]),
        (["--snapshot", "release", "--file-path", "a.yaml"], USUAL[2:]),
    ],
)
def test_a_flag_takes_the_place_of_the_usual_one(flags: list[str], left: list[str]) -> None:
    assert merge_flags(USUAL, flags) == left
