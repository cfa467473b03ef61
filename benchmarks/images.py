"""``EC_BEFORE=/path/to/older/ec-ref python -m benchmarks.images [rounds]``: what 1, 50 and 1,000 images cost.

`EC_BEFORE` names the state to compare with, such as the ``ec-ref`` of another checkout's environment; `EC_ORACLE` names
``ec``. Without either ``ec-ref`` is measured alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Case, print_head, print_rows, validate
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[1]
_ROUNDS = 7
_COUNTS = (1, 50, 1000)
_MANY = 3  # rounds are fewer where one takes long
_LONG = 500


def main(rounds: int) -> None:
    """Measure all cases and print a table."""
    services = Services.start(Options(registry="embedded"), _ROOT / "features")
    world = World(services, "bench-images", services.snapshots.feature("bench"), "bench")
    try:
        print_head(rounds)
        for count, case in _cases(world):
            print_rows(case, world, rounds if count < _LONG else min(rounds, _MANY))
    finally:
        world.close()
        services.close()


def _cases(world: World) -> Iterator[tuple[int, Case]]:
    world.fixtures.add_key("known")
    world.policies.add_repository("policy", {"main.rego": "happy_day.rego"})
    names = [f"bench/image-{number:04}" for number in range(max(_COUNTS))]
    for name in names:
        world.fixtures.add_image(name)
    world.fixtures.sign_all("known")
    for count in _COUNTS:
        snapshot = world.folders.work / f"images-{count}.json"
        snapshot.write_text(world.fixtures.snapshot(names[:count]), encoding="utf-8")
        arguments = validate(world, ["--images", str(snapshot)], "policy.git")
        yield count, Case(f"{count} images", arguments, world.runs.environment_variables())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)
