"""Runs the suite in several processes at once: scenarios mostly wait, for a registry's gate or a validator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.outcome import Outcome, ScenarioResult
from ec_acceptance.testbed.registry.choice import open_backend
from ec_acceptance.testbed.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ec_acceptance.conformance.suite import Scenario, Suite
    from ec_acceptance.testbed.registry.backend import Backend

__all__ = ["Run", "run"]

_FORMATTER = "ec_acceptance.conformance.lines:Lines"


@dataclass(frozen=True, slots=True)
class Run:
    """What to run.

    Attributes:
        suite: where.
        scenarios: which.
        options: behave's `-D name=value`, but for the registry.
        registry: `auto`, `container`, `embedded` or a URL.
        jobs: processes at once.
        whole: these are all scenarios, so that snapshots which none of them used are a problem.
    """

    suite: Suite
    scenarios: Sequence[Scenario]
    options: Mapping[str, str]
    registry: str
    jobs: int
    whole: bool
    registry_image: str = "registry:2"


@dataclass(slots=True)
class _Shard:
    scenarios: list[Scenario]
    results: list[ScenarioResult] = field(default_factory=list)
    problem: str = ""


def run(wanted: Run, tell: Callable[[str], None], done: Callable[[ScenarioResult], None]) -> Outcome:
    """Carry out a run.

    Args:
        wanted: what to run.
        tell: called with a line for people, now and then.
        done: called with each result, from one thread at a time.

    Raises:
        UnavailableError: the registry that was asked for cannot be had.
    """
    backend = open_backend(wanted.registry, image=wanted.registry_image)  # one for all, started in one process
    try:
        tell(f"registry: {backend.kind} ({backend.reason})")
        shards = [_Shard(list(wanted.scenarios[first :: wanted.jobs])) for first in range(wanted.jobs)]
        shards = [shard for shard in shards if shard.scenarios]
        with tempfile.TemporaryDirectory(prefix="ec-acceptance-run-") as folder:
            turn = threading.Lock()

            def noted(result: ScenarioResult) -> None:
                with turn:
                    done(result)

            threads = [
                threading.Thread(target=_work, args=(wanted, shard, backend, Path(folder) / str(number), noted))
                for number, shard in enumerate(shards)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return _joined(wanted, shards, Path(folder))
    finally:
        backend.close()


def _work(wanted: Run, shard: _Shard, backend: Backend, stem: Path, done: Callable[[ScenarioResult], None]) -> None:
    """Run one shard, and take its results as they come."""
    listing = stem.with_suffix(".txt")
    places = (wanted.suite.folder / scenario.location for scenario in shard.scenarios)
    listing.write_text("".join(f"{place}\n" for place in places), encoding="utf-8")  # else they'd be below its folder
    registry = "embedded" if backend.kind == "embedded" else backend.url  # an embedded one is a process's own
    options = {**wanted.options, "registry": registry, "used": str(stem.with_suffix(".used"))}
    command = [
        *(sys.executable, "-m", "behave", "--no-summary", "--format", _FORMATTER),
        *(word for name, value in options.items() for word in ("-D", f"{name}={value}")),
        f"@{listing}",
    ]
    with stem.with_suffix(".log").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            cwd=wanted.suite.folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
        )
        words = []
        for line in process.stdout or ():
            if line.startswith("{"):
                result = ScenarioResult.read(line)
                shard.results.append(result)
                done(result)
            else:
                words.append(line)
        status = process.wait()
        errors.seek(0)
        if status not in {0, 1} or (
            status == 1 and all(result.status in {"passed", "skipped"} for result in shard.results)
        ):
            shard.problem = f"behave ended with status {status}:\n{''.join(words)}{errors.read()}"


def _joined(wanted: Run, shards: Sequence[_Shard], folder: Path) -> Outcome:
    results = tuple(result for shard in shards for result in shard.results)
    ran = {result.location for result in results}
    missing = tuple(scenario for scenario in wanted.scenarios if scenario.location not in ran)
    problems = [shard.problem for shard in shards if shard.problem]
    if wanted.whole and not missing and all(result.status == "passed" for result in results):
        problems += _unused(wanted.suite, folder)
    return Outcome(results, missing, tuple(problems))


def _unused(suite: Suite, folder: Path) -> list[str]:
    """Snapshots that no shard compared with."""
    used: dict[str, set[str]] = {}
    for path in folder.glob("*.used"):
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for feature, keys in document.items():
            used.setdefault(feature, set()).update(keys)
    snapshots = Snapshots(suite.folder / "snapshots")
    for path in (suite.folder / "features").rglob("*.feature"):
        feature = path.relative_to(suite.folder / "features").with_suffix("").as_posix()
        snapshots.feature(feature).used |= used.get(feature, set())
    return [f"no scenario compares with the snapshot {entry}" for entry in snapshots.unused()]
