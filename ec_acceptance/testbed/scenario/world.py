"""One scenario's world: the parts that its steps share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ec_acceptance.testbed.cache.directory import CacheDirectory, user_cache
from ec_acceptance.testbed.expect.redactions import Redactions
from ec_acceptance.testbed.fixtures.collection import Fixtures
from ec_acceptance.testbed.fixtures.policies import PolicySources
from ec_acceptance.testbed.gate.fault_injector import FaultInjector
from ec_acceptance.testbed.scenario.docker_configuration import DockerConfiguration
from ec_acceptance.testbed.scenario.expectations import Expectations
from ec_acceptance.testbed.scenario.file_policies import FilePolicies
from ec_acceptance.testbed.scenario.folders import Folders
from ec_acceptance.testbed.scenario.runs import Runs
from ec_acceptance.testbed.scenario.servers import ScenarioServers
from ec_acceptance.testbed.validator.command_line import expand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ec_acceptance.testbed.expect.snapshots import FeatureSnapshots
    from ec_acceptance.testbed.fixtures.bundles import Reader
    from ec_acceptance.testbed.gate.rules import Rule
    from ec_acceptance.testbed.scenario.services import Services
    from ec_acceptance.testbed.scenario.trust import Trust
    from ec_acceptance.testbed.validator.service import Service

__all__ = ["POLICY_FILE", "World"]

POLICY_FILE = "policy.yaml"
"""The policy configuration of scenarios, in the folder in which the validator is started."""

_PATIENCE = 40.0  # seconds; machines may be busy


class World:
    """All that a scenario's steps share, typed; what takes time is made when it is first used.

    Args:
        services: of the run.
        scenario: the scenario's id, such as `happy-01`; rows of an outline that share an id have `.1` and so on added.
        snapshots: of the scenario's feature.
        snapshot_key: the id without the row; empty if it has no id, and so no snapshots.

    Attributes:
        variables: values of `${…}` that steps made; addresses come from `servers`.
        environment: variables that the validator gets besides the usual ones.
        remembered: the content of the cache directory when a step remembered it.
        files_outside: the files around the cache directory when a step remembered them.
    """

    def __init__(self, services: Services, scenario: str, snapshots: FeatureSnapshots, snapshot_key: str) -> None:
        self.services = services
        self.scenario = scenario
        self.folders = Folders.create(services.folder, scenario)
        self.redactions = Redactions()
        self.redactions.add("tmp", str(self.folders.scratch))
        self.variables: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.remembered: Mapping[str, str] = {}
        self.files_outside: Mapping[str, str] = {}
        self.servers = ScenarioServers(services, self.folders, self.redactions, self.variables, self.environment)
        self.runs = Runs(services, self.folders, self.environment, self.servers)
        self.expect = Expectations(self.runs, self.redactions, snapshots, snapshot_key, self.text)
        self.docker_configuration = DockerConfiguration(self.folders, self.environment)
        self.service: Service | None = None
        self.held: Rule | None = None

    @cached_property
    def fixtures(self) -> Fixtures:
        """This scenario's keys, images, signatures and attestations."""
        return Fixtures(
            log=self.services.log,
            gate=self.servers.gate,
            redactions=self.redactions,
            variables=self.variables,
            keys=self.services.key,
            folder=self.folders.root,
            seed=self.scenario,
        )

    @cached_property
    def policies(self) -> PolicySources:
        """Where this scenario's policies and their data come from."""
        return PolicySources(
            servers=self.servers,
            examples=self.services.examples,
            folder=self.folders.work,
            redactions=self.redactions,
            variables=self.variables,
        )

    @cached_property
    def injector(self) -> FaultInjector:
        """Puts faults in force at the registry, and holds and releases what validators wait for."""
        limit = min(_PATIENCE, self.services.options.timeout)
        return FaultInjector(self.servers.gate, self.runs.running, self.runs.requests_so_far, limit)

    @cached_property
    def trust(self) -> Trust:
        """How this scenario's validator is told whom to trust for keyless signatures."""
        from ec_acceptance.testbed.scenario.trust import Trust  # most scenarios have none

        return Trust(self.services, self.servers, self.folders, self.redactions, self.variables, self.environment)

    @cached_property
    def file_policies(self) -> FilePolicies:
        """The policies that read files of images."""
        return FilePolicies(self.fixtures, self.runs)

    @property
    def cache(self) -> CacheDirectory:
        """Where the validator keeps layers."""
        return CacheDirectory(user_cache(self.runs.environment_variables()))

    def substitutions(self) -> Mapping[str, str]:
        """The values of `${…}` in steps."""
        return {
            **self.variables,
            "IMAGES": self.fixtures.snapshot(name for name, image in self.fixtures.images.items() if image.tag),
            "IMAGE_COUNT": str(len(self.fixtures.images)),
            **self.servers.addresses(),
            "TMPDIR": str(self.folders.scratch),
        }

    def text(self, text: str) -> str:
        """A text of the scenario with `${…}` replaced."""
        return expand(text, self.substitutions()) if "${" in text else text

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder in which the validator is started; `${…}` in the text is replaced."""
        path = self.folders.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(text), encoding="utf-8")
        return path

    def judge_files(self, reader: Reader) -> None:
        """Sign all images, and write the policy configuration by which the files that this reader sees are judged."""
        self.file_policies.reader = reader
        self.fixtures.ensure_key("known")
        self.fixtures.sign_all("known")
        self.policies.add_repository("manifests-policy", {"main.rego": reader.policy, "witness.rego": "witness.rego"})
        self.write(POLICY_FILE, "sources: [{policy: ['git::https://${GITHOST}/git/manifests-policy.git']}]")

    def wait_until_idle(self) -> None:
        """Return when every request is held or answered, and no other one has come for longer than any pause."""
        self.injector.wait_until_idle(self.services.pauses[self.file_policies.reader.name])

    def close(self) -> None:
        """Stop what still runs, end the scenario's own servers and remove its files.

        Raises:
            TestbedError: a server of the testbed failed, so what the scenario showed is worth nothing.
        """
        self.runs.kill()
        try:
            self.servers.close()
        finally:
            self.folders.remove()
