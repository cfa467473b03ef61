"""Files to be judged, and which of them rules saw."""

from __future__ import annotations

import json
import os

from behave import given, then

from ec_acceptance.testbed.fixtures.yaml_bombs import YAML_BOMBS
from ec_acceptance.testbed.scenario.behave_context import Context, rows


@given('a link "{name}" that leads to "{target}"')
def a_link(context: Context, name: str, target: str) -> None:
    path = context.world.folders.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@given('a pipe "{name}"')
def a_pipe(context: Context, name: str) -> None:
    path = context.world.folders.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


@given('a growing file "{name}": {what}')
def a_growing_file(context: Context, name: str, what: str) -> None:
    context.world.write(name, YAML_BOMBS[what]())


@given('an image "{name}" with a layer that has a file: {what}')
def an_image_with_a_growing_file(context: Context, name: str, what: str) -> None:
    context.world.fixtures.add_bundle(name, {"manifests/a.yaml": YAML_BOMBS[what]()})
    context.world.fixtures.make_conforming(name)


@then("standard output is {text}")
def standard_output_is(context: Context, text: str) -> None:
    last = context.world.runs.last
    assert last.out == f"{text}\n", f"standard output isn't {text}:\n{last.describe()}"


@then("the rules saw")
def the_rules_saw(context: Context) -> None:
    """A table of all messages of warnings, in any order."""
    last = context.world.runs.last
    assert last.status == 0, f"the exit status is {last.status}, not 0:\n{last.describe()}"
    try:
        files = json.loads(last.out)["filepaths"]
    except (ValueError, KeyError, TypeError) as error:
        raise AssertionError(f"the output is no report of files: {error}\n{last.describe()}") from None
    said = sorted(result["msg"] for file in files for result in file["warnings"] or [])
    wanted = sorted(text for (text,) in rows(context.table))
    assert said == wanted, f"the rules saw {said}, not {wanted}:\n{last.describe()}"
