"""How long a validator pauses between two requests when nothing holds it up.

Scenarios that wait until no request is in flight need it: a pause may be nothing but the validator's own pace. A hook
measures it, once in a run for each reader of files, and says so; no step runs the validator unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.fixtures.bundles import READERS, add_sharing
from ec_acceptance.testbed.scenario.flags import OF_FILES, command_line
from ec_acceptance.testbed.scenario.world import World

if TYPE_CHECKING:
    from ec_acceptance.testbed.fixtures.bundles import Reader
    from ec_acceptance.testbed.scenario.services import Services

__all__ = ["measure_pause", "readers_waited_for"]

_WAITING = "no request is in flight"
_IMAGES = 2


def readers_waited_for(scenario: Any) -> list[Reader]:
    """The readers through which a scenario of behave has images judged, if it waits until no request is in flight."""
    sentences = [step.name for step in scenario.all_steps]
    if not any(_WAITING in sentence for sentence in sentences):
        return []
    return [reader for name, reader in READERS.items() if any(f"read through {name}" in one for one in sentences)]


def measure_pause(services: Services, reader: Reader) -> float:
    """The longest time between two events at the registry, in seconds, of a run without faults and without a cache."""
    name = f"pause {reader.name}"
    world = World(services, name, services.snapshots.feature(name), name)
    try:
        add_sharing(world.fixtures, _IMAGES, reader)
        world.judge_files(reader)
        world.runs.usual_flags = OF_FILES
        world.environment["EC_CACHE"] = "false"
        mark = world.servers.gate.log.mark()
        world.runs.start(command_line(world, "validate image"))
        world.runs.finish(timeout=world.injector.limit)
        return world.servers.gate.log.longest_gap(since=mark)
    finally:
        world.close()
