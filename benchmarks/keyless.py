"""``python -m benchmarks.keyless [rounds]``: what 1 and 50 keyless images cost, with roots of trust by a TUF mirror.

`EC_ORACLE` names ``ec``, `EC_BEFORE` an older `ec-ref`. Each image has a signature and an attestation in the tag
scheme, with the log's signed entry timestamp. After the table comes how many requests one run makes, to registry and
mirror.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Case, print_head, print_rows, validators
from benchmarks.measure import measure
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.sigstore.instance import ISSUER, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ec_acceptance.testbed.rekor import Log
    from ec_acceptance.testbed.signing import Layer

_ROOT = Path(__file__).parents[1]
_ROUNDS = 7
_COUNTS = (1, 50)


def main(rounds: int) -> None:
    """Measure all cases and print two tables."""
    services = Services.start(Options(registry="embedded"), _ROOT / "features")
    world = World(services, "bench-keyless", services.snapshots.feature("bench"), "bench")
    try:
        print_head(rounds)
        cases = list(_cases(world))
        for case in cases:
            print_rows(case, world, rounds)
        print("\n| case | | requests |\n|---|---|---|")
        for case in cases:
            for name in validators():
                print(f"| {case.name} | {name} | {_requests(case, world, name)} |", flush=True)
    finally:
        world.close()
        services.close()


def _cases(world: World) -> Iterator[Case]:
    world.trust.by_mirror()
    world.policies.add_repository("policy", {"main.rego": "happy_day.rego"})
    signer = world.services.sigstore.signer()

    def signature(digest: str, reference: str, _: Log) -> Layer:
        return signer.signature(digest, reference)

    def attestation(digest: str, reference: str, _: Log) -> Layer:
        return signer.provenance(digest, reference)

    names = [f"bench/keyless-{number:02}" for number in range(max(_COUNTS))]
    for name in names:
        world.fixtures.add_image(name)
        world.fixtures.attach(name, "sig", signature)
        world.fixtures.attach(name, "att", attestation)
    policy = json.dumps({"sources": [{"policy": [world.text("git::https://${GITHOST}/git/policy.git")]}]})
    for count in _COUNTS:
        snapshot = world.folders.work / f"keyless-{count}.json"
        snapshot.write_text(world.fixtures.snapshot(names[:count]), encoding="utf-8")
        arguments = [
            *("validate", "image", "--images", str(snapshot), "--policy", policy, "--output", "json"),
            *("--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER),
        ]
        yield Case(f"{count} keyless", arguments, world.runs.environment_variables())


def _requests(case: Case, world: World, name: str) -> int:
    """How many requests a run makes; what it keeps in its home is what the runs before left there."""
    before = world.servers.gate.log.mark(), len(world.trust.mirror.request_log.requests)
    environment = {"PATH": os.environ["PATH"], **case.environment, "HOME": str(world.folders.root / f"home-{name}")}
    measure([*validators()[name].command, *case.arguments], environment, world.folders.work)
    mirror = len(world.trust.mirror.request_log.requests) - before[1]
    return len(world.servers.gate.log.requests(since=before[0])) + mirror


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)
