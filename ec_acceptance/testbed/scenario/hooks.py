"""behave's hooks. What a step's AssertionError means is the validator's fault; any other exception is the suite's."""

from __future__ import annotations

import json
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behave.model_type import Status  # type: ignore[import-untyped]  # behave publishes no types

from ec_acceptance.testbed.errors import InputError, is_about_form
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.scenario.claims import OPTIONAL, UNCLAIMED, reason_to_skip
from ec_acceptance.testbed.scenario.evidence import save_evidence
from ec_acceptance.testbed.scenario.pauses import measure_pause, readers_waited_for
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.validator.orphans import adopt

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["after_all", "after_scenario", "after_step", "before_all", "before_scenario", "before_step"]

EMBEDDED = "embedded"
"""The tag of scenarios whose images other registries refuse: each has an embedded one of its own."""

_ID = re.compile(r"[a-z]+(?:_[a-z]+)*-\d{2,}(?:\.\d+)?")


_UNFIT = re.compile(r"[^a-z0-9]+")


class ScenarioIdError(Exception):
    """A scenario has no id, or two."""


def before_all(context: Any) -> None:
    """Start the run's services, and say which registry was chosen and why."""
    for number in {signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)}:
        if signal.getsignal(number) is signal.SIG_IGN:  # by nohup, or a shell's &: validators would inherit it
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
    adopt()
    features = Path(context.config.base_dir) / "features"
    if not features.is_dir():  # behave was started inside of it
        features = Path(context.config.base_dir)
    context.services = None
    context.features_folder = features
    services = context.services = Services.start(Options.read(context.config.userdata), features)
    sys.stderr.write(f"registry: {services.backend.kind} ({services.backend.reason})\n")
    sys.stderr.write(f"validator: {services.validator.command[0]}\n")


def before_scenario(context: Any, scenario: Any) -> None:
    """Make the scenario's world."""
    identity, has_id = name_scenario(scenario)
    services: Services = context.services
    if reason := reason_to_skip(map(str, scenario.effective_tags), services.options.claims):
        context.world = None
        scenario.skip(reason)
        return
    for reader in readers_waited_for(scenario):
        if reader.name not in services.pauses:
            pause = services.pauses[reader.name] = measure_pause(services, reader)
            sys.stderr.write(f"measured: the validator pauses for {pause:.2f} s at most, through {reader.name}\n")
    number = _number_row(scenario, identity)
    row = "" if number == 1 else f".{number}"
    feature = Path(scenario.filename).resolve().relative_to(context.features_folder.resolve()).with_suffix("")
    snapshots = services.snapshots.feature(feature.as_posix())
    if EMBEDDED in map(str, scenario.effective_tags) and services.backend.kind != "embedded":
        services = replace(services, backend=EmbeddedRegistry(reason="the scenario's images need it"))
    context.world = World(services, f"{identity}{row}", snapshots, identity if has_id else "")


def before_step(context: Any, step: Any) -> None:
    """Let nothing but a `When` run the validator."""
    context.world.runs.allowed = step.step_type == "when"


def after_step(context: Any, step: Any) -> None:  # noqa: ARG001 - behave's
    """Let nobody blame the validator for what the scenario itself named wrongly, nor the suite for what it can't read.

    What a `Then` reads is the validator's: JSON of another form, or of no end, ends it with an error of its own.
    """
    error = getattr(step, "exception", None)
    if isinstance(error, InputError):
        step.status = Status.error
    elif step.status == Status.error and step.step_type == "then" and is_about_form(error):
        step.status = Status.failed


def after_scenario(context: Any, scenario: Any) -> None:
    """Keep what was seen if the scenario failed, and end its services.

    Formatters find in the scenario whether the validator was ended for its time, and whether it ended with an error.
    """
    world: World | None = getattr(context, "world", None)
    if world is None:
        return
    runs = world.runs.invocations
    scenario.timed_out = any(run.timed_out for run in runs)
    scenario.rejected = bool(runs) and runs[-1].status > 0
    options: Options = context.services.options
    failed = scenario.status.name in {"failed", "error"}
    wanted = {"all": failed or scenario.status.name == "passed", "failed": failed}
    if wanted.get(options.keep):
        world.runs.stop()
        place = options.artifacts / _evidence_name(scenario, world)
        try:
            kept = save_evidence(world, place, _describe(scenario, world) if failed else None)
        except OSError as error:  # a full disk says nothing of the validator
            sys.stderr.write(f"what {world.scenario} saw can't be kept in {place}: {error.strerror}\n")
        else:
            scenario.evidence = kept.name  # for formatters
            if failed:
                sys.stderr.write(f"what {world.scenario} saw is kept in {kept}\n")
    world.close()
    if world.services.backend is not context.services.backend:
        world.services.backend.close()


def after_all(context: Any) -> None:
    """Write what an update recorded; after a full run, entries that nothing compared with are a failure."""
    services: Services | None = context.services
    if services is None:
        return
    services.close()
    for entry in services.snapshots.save():
        sys.stderr.write(f"snapshot written: {entry}\n")
    if services.options.used is not None:
        services.options.used.write_text(json.dumps(services.snapshots.used()), encoding="utf-8")
    elif _full(context) and (unused := services.snapshots.unused()):
        raise AssertionError("snapshots that no scenario compares with: " + "; ".join(unused))


def scenario_id(tags: Iterable[str]) -> str:
    """The one tag that is an id: `happy-01`; or `cache-02.1`, the first scenario of the point with the tag `cache-02`.

    Raises:
        ScenarioIdError: there is none, or more than one, or the point's own tag is missing.
    """
    found = [str(tag) for tag in tags if _ID.fullmatch(str(tag))]
    numbered = [tag for tag in found if "." in tag]
    points = {tag.partition(".")[0] for tag in numbered}
    ids = numbered or found
    if len(ids) != 1 or (numbered and set(found) != {*numbered, *points}):
        raise ScenarioIdError(
            f"a scenario needs exactly one id among its tags, such as @happy-01, or @cache-02.1 beside @cache-02; "
            f"found: {found}"
        )
    return ids[0]


def _number_row(scenario: Any, identity: str) -> int:
    """Which of the rows of its outline that share an id a scenario is, from 1 on: the same in each run of it."""
    if getattr(scenario, "_row", None) is None:
        return 1
    alike = [row.line for row in scenario.parent.scenarios if name_scenario(row)[0] == identity]
    return alike.index(scenario.line) + 1


def _evidence_name(scenario: Any, world: World) -> str:
    """What the scenario's folder of artifacts is called: its id; rows of an outline that share one have their lines."""
    identity, _ = name_scenario(scenario)
    shared = getattr(scenario, "_row", None) is not None and "." not in identity
    return f"{identity}-{scenario.line}" if shared else world.folders.root.name


def _describe(scenario: Any, world: World) -> dict[str, str]:
    """What a bundle says of its scenario."""
    step = next((one for one in scenario.all_steps if one.status.name in {"failed", "error"}), None)
    return {
        "id": world.scenario,
        "name": str(scenario.name),
        "feature": str(scenario.feature.name),
        "location": str(scenario.location),
        "step": f"{step.keyword} {step.name}" if step is not None else "",
        "message": str(getattr(step, "error_message", None) or getattr(scenario, "error_message", None) or ""),
    }


def name_scenario(scenario: Any) -> tuple[str, bool]:
    """What a scenario is called, and whether that is an id: one without an id goes by its feature and its title."""
    try:
        return scenario_id(scenario.effective_tags), True
    except ScenarioIdError:
        return f"{Path(scenario.filename).stem}-{_UNFIT.sub('-', scenario.name.lower()).strip('-')}"[:80], False


def _full(context: Any) -> bool:
    """Whether all scenarios of all features ran and passed: else what wasn't compared says nothing."""
    wanted = {path.resolve() for path in context.features_folder.rglob("*.feature")}
    features = context._runner.features  # noqa: SLF001  # behave shows its features nowhere else
    scenarios = [scenario for feature in features for scenario in feature.walk_scenarios()]
    return wanted == {Path(f.filename).resolve() for f in features} and all(
        s.status.name == "passed" or any(str(tag).startswith((UNCLAIMED, OPTIONAL)) for tag in s.effective_tags)
        for s in scenarios
    )
