"""``EC_ORACLE=/path/to/ec python -m benchmarks.cache [--quick] [--rounds N]``: does the layer cache pay?

Images with digests of their own share one layer; each has a small one besides. They are validated with the cache off,
cold and warm, over loopback and over 20 MB/s for each connection, and beside another validator in the same run.
"""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Cost, measure, median_cost
from ec_acceptance.testbed.gate.rules import Rate
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ROOT = Path(__file__).parents[1]
_SLOW = 20e6
_MODES = ("off", "cold", "warm")
_HEAD = (
    "| layer MB | components | link | | wall s | CPU s | memory MB | layer MB fetched "
    "| wall / off | CPU / off | memory / off | CPU / oracle |"
)


@dataclass(frozen=True, slots=True)
class Case:
    """`size` of the shared layer in MiB, number of components, bytes per second of a connection (None: loopback)."""

    size: int
    components: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """What is measured of a case: a validator and what its cache is told and has."""

    name: str
    command: Sequence[str]
    mode: str

    @property
    def title(self) -> str:
        """In the table."""
        return self.name if self.name == "oracle" else f"{self.name}, {self.mode}"


def main() -> None:
    """Measure all cases and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and small cases")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="medians of N rounds (default: 3)")
    options = parser.parse_args()
    oracle = os.environ.get("EC_ORACLE")
    runs = [Run("ec-ref", Validator().command, mode) for mode in _MODES]
    if oracle:
        runs.append(Run("oracle", Validator(oracle).command, "off"))
    services = Services.start(Options(registry="embedded"), _ROOT / "features")
    try:
        print(f"medians of {options.rounds} rounds; memory is the largest sum of PSS over the process tree\n")
        print(_HEAD)
        print("|---" * _HEAD.count(" | ") + "|---|")
        for case in _cases(quick=options.quick):
            world = World(services, f"cache-{case.size}", services.snapshots.feature("bench"), "bench")
            try:
                _print(case, _measure(case, runs, world, options.rounds))
            finally:
                world.close()
    finally:
        services.close()


def _cases(*, quick: bool) -> Iterator[Case]:
    for size in (1, 8) if quick else (1, 50):
        for components in (1, 8) if quick else (1, 8, 64):
            for rate in (None,) if quick else (None, _SLOW):
                yield Case(size, components, rate)


def _measure(case: Case, runs: Sequence[Run], world: World, rounds: int) -> dict[Run, tuple[Cost, float]]:
    """The typical cost of each run, and the bytes of layers that were fetched."""
    arguments = _arguments(case, world)
    environment = {"PATH": os.environ["PATH"], **world.runs.environment_variables()}
    found: dict[Run, list[tuple[Cost, float]]] = {run: [] for run in runs}
    for _ in range(rounds):
        for run in runs:  # alternating, so that a busy machine is busy for all
            home = world.folders.root / f"home-{run.name}"
            if run.mode == "cold":
                shutil.rmtree(home / ".cache", ignore_errors=True)
            before = len(world.servers.gate.log.requests())
            given = {**environment, "HOME": str(home), "EC_CACHE": "false" if run.mode == "off" else "true"}
            cost = measure([*run.command, *arguments], given, world.folders.work)
            if cost.status != 0:
                raise RuntimeError(f"{run.title}: {case}: exit status {cost.status}: {cost.stdout[:500]!r}")
            layers = set(world.fixtures.layers.values())
            sent = sum(
                exchange.sent for exchange in world.servers.gate.log.requests()[before:] if exchange.reference in layers
            )
            found[run].append((cost, sent))
    return {
        run: (median_cost([cost for cost, _ in costs]), max(sent for _, sent in costs)) for run, costs in found.items()
    }


def _arguments(case: Case, world: World) -> list[str]:
    world.fixtures.add_key("known")
    world.fixtures.add_bundles("cache/bundle-1", case.components, case.size << 20)
    world.fixtures.sign_all("known")
    world.policies.add_repository("policy", {"main.rego": "manifest_files_input.rego"})
    if case.rate is not None:
        world.servers.gate.add(Rate(case.rate), kind="blob")
    policy = world.text('{"sources": [{"policy": ["git::https://${GITHOST}/git/policy.git"]}]}')
    return [
        *("validate", "image", "--json-input", world.fixtures.snapshot(), "--policy", policy, "--output", "json"),
        *("--public-key", world.text("${known_PUBLIC_KEY}"), "--rekor-url", world.text("${REKOR}")),
    ]


def _print(case: Case, costs: Mapping[Run, tuple[Cost, float]]) -> None:
    off = next(cost for run, (cost, _) in costs.items() if run.mode == "off")
    oracle = next((cost for run, (cost, _) in costs.items() if run.name == "oracle"), None)
    link = "loopback" if case.rate is None else f"{case.rate / 1e6:.0f} MB/s"
    for run, (cost, sent) in costs.items():
        ratios = [cost.wall / off.wall, cost.cpu / off.cpu, cost.memory / off.memory]
        if oracle is not None:
            ratios.append(cost.cpu / oracle.cpu)
        cells = [
            *(str(case.size), str(case.components), link, run.title),
            *(f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.memory / 1e6:.0f}", f"{sent / 1e6:.1f}"),
            *(f"{ratio:.2f}" for ratio in ratios),
            *([""] if oracle is None else []),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
