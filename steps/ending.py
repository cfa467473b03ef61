"""How a validation ends that something ends, and what is left of it then."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

from behave import given, step, then, use_step_matcher, when

from ec_acceptance.testbed.gate.rules import Stall
from ec_acceptance.testbed.scenario.behave_context import Context, rows, skipping
from ec_acceptance.testbed.validator.processes import find_survivors
from ec_acceptance.testbed.validator.sandbox import redirect

_HELPER = '#!/bin/sh\n: >"$0.asked"\nsleep 60\n: >"$0.slept"\n'


@given("the registry never answers requests for manifests")
def never_answers(context: Context) -> None:
    context.world.servers.gate.add(Stall(None), kind="manifest", method=None)


@given("the Docker configuration names a helper that never answers")
def a_helper_that_never_answers(context: Context) -> None:
    world = context.world
    world.docker_configuration.store(world.servers.gate.address, "user", "password", helper="patience")
    (world.folders.root / "bin" / "docker-credential-patience").write_text(_HELPER, encoding="ascii")


@step('"{folder}" is a named pipe that nobody reads')
def a_named_pipe(context: Context, folder: str) -> None:
    if not hasattr(os, "mkfifo"):
        context.scenario.skip("there are no named pipes here")
        return
    os.mkfifo(context.world.folders.work / folder)


@given('"{name}" is a {kind} link to "{target}"')
def a_link(context: Context, name: str, kind: str, target: str) -> None:
    work = context.world.folders.work
    (work / target).write_text("before", encoding="ascii")
    if kind == "hard":
        (work / name).hardlink_to(work / target)
    else:
        (work / name).symlink_to(target)


@given('the validator is started with "{redirection}"')
def started_with_a_redirection(context: Context, redirection: str) -> None:
    with skipping(context):
        context.world.runs.sandbox = redirect(redirection)


@when('the registry is being asked for "{image}"')
def being_asked(context: Context, image: str) -> None:
    gate = context.world.servers.gate
    name = context.world.fixtures.full_name(image)
    context.world.injector.wait_for(lambda: bool(gate.log.requests(repository=name)), f"a request for {image}")


@when("the helper is being asked")
def the_helper_is_being_asked(context: Context) -> None:
    world = context.world
    asked = world.folders.root / "bin" / "docker-credential-patience.asked"
    until = time.monotonic() + world.injector.limit
    while not asked.exists():
        assert time.monotonic() < until, "the helper isn't asked"
        time.sleep(0.01)


use_step_matcher("re")


@when(r"the validation (?P<how>gets (?P<number>SIG[A-Z]+), and all its processes end|ends with all its processes)")
def all_of_it_ends(context: Context, how: str, number: str | None) -> None:
    del how
    world = context.world
    running = world.runs.running[""]
    if number:
        running.send(signal.Signals[number])
    assert running.ended_within(world.injector.limit), "the validator didn't end"
    with skipping(context):
        left = find_survivors(f"TMPDIR={world.folders.scratch}", world.injector.limit)
        last = world.runs.finish()
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.split()[0]), signal.SIGKILL)
        assert not left, f"processes outlived the validator: {'; '.join(left)}\n{last.describe()}"


use_step_matcher("parse")


@then("no temporary file is left")
def no_temporary_file(context: Context) -> None:
    world = context.world
    left = sorted(set(os.listdir(world.folders.scratch)) - world.runs.temporary_files_before)  # noqa: PTH208 - names are compared
    assert not left, f"left in the folder for temporary files: {', '.join(left)}\n{world.runs.last.describe()}"


@then('the file "{name}" is the report of "{component}" alone')
def the_file_is_the_report(context: Context, name: str, component: str) -> None:
    text = _read_written(context, name)
    try:
        names = [one["name"] for one in json.loads(text)["components"]]
    except ValueError:
        names = []
    assert names == [component], f"{name} holds {text[:2000]!r}\n{context.world.runs.last.describe()}"


def _read_written(context: Context, name: str) -> str:
    """A file that the validator must have written."""
    path = context.world.folders.work / name
    assert path.is_file(), f"the validator wrote no file {name}:\n{context.world.runs.last.describe()}"
    return path.read_text(encoding="utf-8", errors="replace")


@then('the lines of the file "{name}" begin with')
def the_lines_begin_with(context: Context, name: str) -> None:
    lines = _read_written(context, name).splitlines()
    wanted = [text for (text,) in rows(context.table)]
    assert len(lines) == len(wanted), f"{name} has {len(lines)} lines, not {len(wanted)}: {lines}"
    assert all(map(str.startswith, lines, wanted)), f"{name} holds {lines}"


@then('"{name}" and "{other}" are the same file')
def the_same_file(context: Context, name: str, other: str) -> None:
    work = context.world.folders.work
    assert (work / name).samefile(work / other), f"{name} isn't {other} any more"


@then("standard error has only the lines")
def standard_error_says(context: Context) -> None:
    last = context.world.runs.last
    said = [line for line in last.err.splitlines() if not line.startswith('time="')]
    assert said == context.world.text(context.text).splitlines(), f"other lines:\n{last.describe()}"
