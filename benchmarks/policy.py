"""``EC_ORACLE=/path/to/ec python -m benchmarks.policy [rounds]``: what a large policy and a large attestation cost.

The policy has 80 packages of five rules, half of them with helpers from shared libraries. 1, 10 and 50 components are
judged by all packages and by an eighth of them, and one with an attestation of 20 MB by a small policy.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Case, print_head, print_rows, validate
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.servers.git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[1]
_ROUNDS = 3
_PACKAGES = 80
_RULES = 5
_LIBRARIES = 8
_EVERY = 8
_COMPONENTS = (1, 10, 50)
_ATTESTATION = 20_000_000

_LIBRARY = """\
package lib.part_{number}

import rego.v1

provenances contains statement if {{
	some attestation in input.attestations
	statement := attestation.statement
	statement.predicateType == "https://slsa.dev/provenance/v0.2"
}}

tasks contains task if {{
	some statement in provenances
	some task in statement.predicate.buildConfig.tasks
}}

succeeded(task) if task.status == "Succeeded"

result_of(task, name) := value if {{
	some result in task.results
	result.name == name
	value := result.value
}}

named(pattern, text) if regex.match(sprintf("^%s-{number}$", [pattern]), text)
"""
_PACKAGE = """\
# METADATA
# title: Package {number}
# description: What is asked of builds, part {number}.
package package_{number}

{imports}import rego.v1
"""
_RULE = """
# METADATA
# title: Rule {rule} of package {number}
# description: The build's part {number}.{rule} is as it should be.
# custom:
#   short_name: rule_{rule}
#   failure_msg: '%s is not as part {number}.{rule} wants it'
#   solution: Build it again.
#   collections:
#   - {collection}
deny contains result if {{
{condition}
	result := {{"code": "package_{number}.rule_{rule}", "msg": sprintf("%s: part {number}.{rule}", [task.name])}}
}}
"""
_ALONE = """\
	some attestation in input.attestations
	some task in attestation.statement.predicate.buildConfig.tasks
	some parameter, value in task.invocation.parameters
	parameter == "forbidden-{number}-{rule}"
	value != ""\
"""
_HELPED = """\
	some task in library.tasks
	library.succeeded(task)
	library.result_of(task, "IMAGE_URL")
	library.named("forbidden-{rule}", task.name)\
"""


def main(rounds: int) -> None:
    """Measure all cases and print a table."""
    services = Services.start(Options(registry="embedded"), _ROOT / "features")
    try:
        print_head(rounds)
        for scene in (_large_policy, _large_attestation):
            world = World(services, f"bench-{scene.__name__.strip('_')}", services.snapshots.feature("bench"), "bench")
            try:
                for case in scene(world):
                    print_rows(case, world, rounds)
            finally:
                world.close()
    finally:
        services.close()


def _large_policy(world: World) -> Iterator[Case]:
    repository = Repository()
    repository.commit({path: text.encode() for path, text in _policy()})
    world.servers.git.add("policy", repository)
    world.fixtures.add_key("known")
    for number in range(max(_COMPONENTS)):
        world.fixtures.add_image(f"bench/image-{number}")
    world.fixtures.sign_all("known")
    for components in _COMPONENTS:
        images = ["--json-input", world.fixtures.snapshot([f"bench/image-{number}" for number in range(components)])]
        everything = validate(world, images, "policy.git")
        yield Case(f"{components} × {_PACKAGES} packages", everything, world.runs.environment_variables())
        selected = validate(world, images, "policy.git", include=["@chosen"])
        yield Case(f"{components} × {_PACKAGES // _EVERY} of them", selected, world.runs.environment_variables())


def _policy() -> Iterator[tuple[str, str]]:
    for number in range(_LIBRARIES):
        yield f"lib/part_{number}.rego", _LIBRARY.format(number=number)
    for number in range(_PACKAGES):
        helped = number % 2 == 0
        imports = f"import data.lib.part_{number // 2 % _LIBRARIES} as library\n" if helped else ""
        text = _PACKAGE.format(number=number, imports=imports)
        for rule in range(_RULES):
            condition = (_HELPED if helped else _ALONE).format(number=number, rule=rule)
            collection = "others" if number % _EVERY else "chosen"
            text += _RULE.format(number=number, rule=rule, condition=condition, collection=collection)
        yield f"checks/package_{number}.rego", text


def _large_attestation(world: World) -> Iterator[Case]:
    world.fixtures.add_key("known")
    world.fixtures.add_image("bench/image")
    world.fixtures.sign("bench/image", "known", logged=True)
    materials = [
        {"uri": f"oci://quay.example/material-{number:040}", "digest": {"sha256": f"{number:064x}"}}
        for number in range(_ATTESTATION // 170)
    ]
    world.fixtures.attest("bench/image", "known", logged=True, materials=materials)
    world.policies.add_repository("policy", {"main.rego": "happy_day.rego"})
    arguments = validate(world, ["--image", world.text("${REGISTRY}/bench/image")], "policy.git")
    yield Case(f"attestation of {_ATTESTATION / 1e6:.0f} MB", arguments, world.runs.environment_variables())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)
