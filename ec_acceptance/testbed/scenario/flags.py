"""The command line of a scenario's `validate image`: the usual flags, as the scenario states them, and a run's own."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ec_acceptance.testbed.scenario.world import World

__all__ = ["OF_FILES", "command_line", "merge_flags"]

OF_FILES = (
    *("--json-input", "${IMAGES}", "--policy", "policy.yaml", "--public-key", "${known_PUBLIC_KEY}"),
    *("--ignore-rekor", "--workers", "${IMAGE_COUNT}", "--output", "json"),
)
"""The usual flags of the scenarios of the layer cache, for what runs the validator as they do without being one."""

_INPUTS = frozenset({"--image", "--images", "--file-path", "--json-input", "--snapshot"})


def command_line(
    world: World, command: str, flags: Sequence[str] = (), images: Iterable[str] | None = None
) -> list[str]:
    """The words of a run.

    Args:
        world: the scenario's.
        command: such as `validate image`; no other one has usual flags.
        flags: with their values, `${…}` in them replaced already.
        images: these alone, in this order, as `--json-input`.
    """
    if images is not None:
        flags = ["--json-input", world.fixtures.snapshot(images), *flags]
    usual = (
        [world.text(word) for word in merge_flags(world.runs.usual_flags, flags)] if command == "validate image" else []
    )
    return [*command.split(), *usual, *flags]


def merge_flags(usual: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The usual words that these flags leave.

    A flag takes the place of the same usual one; one that names images takes that of all usual ones that do.
    """
    given = {word.partition("=")[0] for word in flags}
    if given & _INPUTS:
        given |= _INPUTS
    left: list[str] = []
    for at, word in enumerate(usual):
        if word.startswith("-") and word not in given:
            left += [word, *takewhile(lambda value: not value.startswith("-"), usual[at + 1 :])]
    return left
