"""Images that conform, and outputs that are compared in an order, or with a time, of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ec_acceptance.testbed.expect.report import load_exact_json

if TYPE_CHECKING:
    from ec_acceptance.testbed.scenario.world import World

__all__ = ["add_conforming", "attach", "compare_lines", "know_seconds"]


def add_conforming(world: World, name: str) -> None:
    """Make an image that the key "known" signed and attested; nothing of it is in the transparency log."""
    if "known" not in world.fixtures.keys:
        world.fixtures.add_key("known")
    world.fixtures.add_image(name)
    attach(world, name)


def attach(world: World, name: str) -> None:
    """Sign and attest an image by the key "known", without log entries."""
    if "known" not in world.fixtures.keys:
        world.fixtures.add_key("known")
    world.fixtures.sign(name, "known", logged=False)
    world.fixtures.attest(name, "known", logged=False)
    world.made[f"{name.rpartition('/')[2]}_DIGEST"] = world.fixtures.images[name].digest


def know_seconds(world: World) -> None:
    """Have the seconds of the newest run replaced as `<second>`, as summaries spell them: date and time, or a number.

    Dates may be of the machine's time zone or of UTC.
    """
    last = world.last
    for second in range(int(last.started), int(last.ended) + 1):
        world.redactions.add("second", str(second))
        for moment in (datetime.fromtimestamp(second, UTC), datetime.fromtimestamp(second, UTC).astimezone()):
            world.redactions.add("second", moment.strftime("%Y-%m-%d %H:%M:%S"))


def compare_lines(world: World, stream: str) -> None:
    """Compare standard output, a JSON document a line, with the snapshot of this stream; the order doesn't count."""
    try:
        lines = [load_exact_json(line) for line in world.last.out.splitlines()]
    except ValueError as error:
        raise AssertionError(f"a line is no JSON: {error}\n{world.last.describe()}") from None
    assert lines, f"standard output is empty:\n{world.last.describe()}"
    typed = [world.redactions.typed(line, world.last) for line in lines]
    difference = world.snapshots.compare(f"{world.snapshot_key} {stream}", sorted(typed, key=repr))
    assert difference is None, f"{difference}\n{world.last.describe()}"
