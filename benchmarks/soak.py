"""``python -m benchmarks.soak``: many cold validations of components that share layers, each held against the truth.

Every image has the manifests label, and a rule requires the files in it: a layer that gets lost is a violation for
which there is no reason in the image. The cache is emptied before each run. Nothing leads the validator; what is looked
for are the faults of chance, which the scenarios of `features/layer_cache` provoke on purpose.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from pathlib import Path

from ec_acceptance.testbed.expect.outcome import expect_success
from ec_acceptance.testbed.fixtures.bundles import READERS, add_sharing
from ec_acceptance.testbed.scenario.flags import OF_FILES, command_line
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World

_ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run it and print what was seen; the exit status is 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, metavar="N", help="cold validations (default: 100)")
    parser.add_argument("--components", type=int, default=36, metavar="N", help="in parallel (default: 36)")
    parser.add_argument("--validator", default="", metavar="COMMAND", help="what runs (default: ec-ref)")
    options = parser.parse_args()
    services = Services.start(Options(registry="embedded", validator=options.validator), _ROOT / "features")
    world = World(services, "soak", services.snapshots.feature("soak"), "soak")
    try:
        return _soak(world, options.runs, options.components)
    finally:
        world.close()
        services.close()


def _soak(world: World, runs: int, components: int) -> int:
    reader = READERS["input.image.files"]
    world.environment["EC_CACHE"] = "true"
    add_sharing(world.fixtures, components, reader)
    world.judge_files(reader)
    world.runs.usual_flags = OF_FILES
    shared = world.fixtures.layers["shared layer"]
    wrong = 0
    requests: Counter[int] = Counter()
    for number in range(1, runs + 1):
        shutil.rmtree(world.folders.home / ".cache", ignore_errors=True)
        world.runs.start(command_line(world, "validate image"))
        invocation = world.runs.finish()
        requests[len(world.runs.requests(method="GET", reference=shared))] += 1
        try:
            expect_success(invocation, world.file_policies.expected_messages())
        except AssertionError as error:
            wrong += 1
            print(f"run {number}: {error}", flush=True)
    often = ", ".join(f"{count} in {times} runs" for count, times in sorted(requests.items()))
    print(f"{runs} cold validations of {components} components: {wrong} wrong; GETs of the shared layer: {often}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
