"""The usual way in which scenarios about policies have images judged: what it is about stands in the scenario alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ec_acceptance.testbed.expect.report import numbers_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.testbed.scenario.world import World

__all__ = ["POLICY_FILE", "add_conforming", "attach", "compare_lines", "judge", "know_seconds", "usual_words"]

POLICY_FILE = "policy.yaml"
"""What `--policy` names when the scenario says nothing else."""

_INPUTS = {"--image", "--images", "--file-path", "--json-input", "--snapshot"}


def add_conforming(world: World, name: str) -> None:
    """Make an image that the key "known" signed and attested; nothing of it is in the transparency log."""
    if "known" not in world.stock.keys:
        world.stock.add_key("known")
    world.stock.add_image(name)
    attach(world, name)


def attach(world: World, name: str) -> None:
    """Sign and attest an image by the key "known", without log entries."""
    if "known" not in world.stock.keys:
        world.stock.add_key("known")
    world.stock.sign(name, "known", logged=False)
    world.stock.attest(name, "known", logged=False)
    world.made[f"{name.rpartition('/')[2]}_DIGEST"] = world.stock.images[name].digest


def judge(world: World, words: Sequence[str]) -> None:
    """Run `validate image` with these words and what they leave open (`usual_words`)."""
    world.run(usual_words(world, words))


def usual_words(world: World, words: Sequence[str]) -> list[str]:
    """The command line of `validate image` with these words and what they leave open.

    That is all images by their tags, the configuration in `POLICY_FILE`, the key "known", no transparency log, all
    results, JSON.
    """
    given = {word.partition("=")[0] for word in words}
    usual = {
        "--policy": POLICY_FILE,
        "--public-key": world.stock.variables().get("known_PUBLIC_KEY", ""),
        "--ignore-rekor": "",
        "--show-successes": "",
        "--output": "json",
    }
    if not given & _INPUTS:
        names = [name for name, image in world.stock.images.items() if image.tag]
        usual = {"--json-input": world.stock.snapshot(names), **usual}
    rest = [word for flag, value in usual.items() if flag not in given for word in (flag, value) if word]
    return ["validate", "image", *rest, *words]


def know_seconds(world: World) -> None:
    """Have the seconds of the newest run replaced as `<second>`, as summaries spell them: date and time, or a number.

    Dates may be of the machine's time zone or of UTC.
    """
    last = world.last
    for second in range(int(last.started), int(last.ended) + 1):
        world.known.add("second", str(second))
        for moment in (datetime.fromtimestamp(second, UTC), datetime.fromtimestamp(second, UTC).astimezone()):
            world.known.add("second", moment.strftime("%Y-%m-%d %H:%M:%S"))


def compare_lines(world: World, stream: str) -> None:
    """Compare standard output, a JSON document a line, with the snapshot of this stream; the order doesn't count."""
    try:
        lines = [numbers_kept(line) for line in world.last.out.splitlines()]
    except ValueError as error:
        raise AssertionError(f"a line is no JSON: {error}\n{world.last.described()}") from None
    assert lines, f"standard output is empty:\n{world.last.described()}"
    typed = [world.known.typed(line, world.last) for line in lines]
    difference = world.snapshots.compare(f"{world.snapshot_key} {stream}", sorted(typed, key=repr))
    assert difference is None, f"{difference}\n{world.last.described()}"
