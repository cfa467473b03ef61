"""Results as lines, of many images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from behave import given, step, then, when

from ec_acceptance.testbed.scenario.behave_context import Context, rows

if TYPE_CHECKING:
    from pathlib import Path

_DENYING = """package main

import rego.v1

deny contains result if {{
  {condition}
  result := {{"code": "main.denied", "msg": "denied"}}
}}
"""


def _path(context: Context, name: str) -> Path:
    path = context.world.folders.work / name
    assert path.is_file(), f"there is no file {name}:\n{context.world.runs.last.describe()}"
    return path


def _components(path: Path) -> list[dict[str, Any]]:
    """The components in whole lines; what is torn isn't there yet."""
    text = path.read_bytes()
    try:
        lines = [json.loads(line) for line in text[: text.rfind(b"\n") + 1].split(b"\n") if line]
    except ValueError as error:
        raise AssertionError(f"a line is no JSON: {error}\n{text.decode(errors='replace')}") from None
    return [line for line in lines if line["type"] == "component"]


@given('a list "{name}" of the conforming images "{first}", "{second}" (as "{component}") and "{third}"')
def a_list(context: Context, name: str, first: str, second: str, component: str, third: str) -> None:
    """On its lines 1, 3 and 5: between them are a comment, and nothing."""
    for image in (first, second, third):
        context.world.fixtures.add_conforming(image)
    named = json.dumps({"name": component, "containerImage": f"${{REGISTRY}}/{second}"})
    context.world.write(name, f"${{REGISTRY}}/{first}\n# it has a name\n{named}\n\n${{REGISTRY}}/{third}\n")


@given('a list "{name}" of all images')
def a_list_of_all(context: Context, name: str) -> None:
    """In the order in which they were made."""
    context.world.write(name, "".join(f"${{REGISTRY}}/{image}\n" for image in context.world.fixtures.images))


@then('the lines of "{name}" are')
def the_lines_are(context: Context, name: str) -> None:
    """Of the last run: what there is of each position, in their order."""
    path = _path(context, name)
    found = [
        (str(one["position"]), one["name"], json.dumps(one["success"]))
        for one in sorted(_components(path), key=lambda one: int(one["position"]))
    ]
    wanted = [tuple(row) for row in rows(context.table)[1:]]
    assert found == wanted, f"the lines are {found}, not {wanted}:\n{context.world.runs.last.describe()}"
    last = json.loads(path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")[2])
    assert last["type"] == "summary", f"the last line is no summary: {last}"


@then('the lines of "{name}" come in the order of the list')
def in_the_order_of_the_list(context: Context, name: str) -> None:
    positions = [one["position"] for one in _components(_path(context, name))]
    assert positions == sorted(positions), f"the lines are of {positions}"


@then('the rules saw snapshots of 1 component in "{name}"')
def the_rules_saw_one(context: Context, name: str) -> None:
    inputs = [json.loads(line) for line in _path(context, name).read_text(encoding="utf-8").split("\n") if line]
    counts = [len(one["snapshot"]["components"] or []) for one in inputs]
    assert counts, "there is no input"
    assert set(counts) == {1}, f"the snapshots have {counts} components"


@when('"{name}" has {count:d} components')
def it_has_components(context: Context, name: str, count: int) -> None:
    path = context.world.folders.work / name
    context.world.injector.wait_for(
        lambda: path.is_file() and len(_components(path)) == count, f"{count} components in {name}"
    )


@then('"{name}" has {count:d} {noun}, whatever ends a line')
def it_has_lines(context: Context, name: str, count: int, noun: str) -> None:
    del noun
    lines = _path(context, name).read_bytes().decode().splitlines()
    assert len(lines) == count + 2, f"{name} has {len(lines)} lines: {lines}"
    kinds = [json.loads(line)["type"] for line in lines]
    assert kinds == ["run", *["component"] * count, "summary"], f"the lines of {name} are {kinds}"


@step('all of "{name}" behind the middle of the line of {position:d} is lost')
def it_is_torn(context: Context, name: str, position: int) -> None:
    path = _path(context, name)
    data = path.read_bytes()
    begin = data.index(b'{"type":"component","position":%d,' % position)
    path.write_bytes(data[: (begin + data.index(b"\n", begin)) // 2])


@step('the last line of "{name}" is lost')
def the_last_line_is_lost(context: Context, name: str) -> None:
    path = _path(context, name)
    path.write_bytes(path.read_bytes().rstrip(b"\n").rpartition(b"\n")[0] + b"\n")


@step('the lines of "{name}" come in the opposite order')
def in_the_opposite_order(context: Context, name: str) -> None:
    path = _path(context, name)
    first, *lines, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first, *reversed(lines), last]))


@given('the rules deny "{component}"')
def the_rules_deny(context: Context, component: str) -> None:
    context.world.write(
        "rules/denied.rego", _DENYING.format(condition=f"input.component_name == {json.dumps(component)}")
    )


@step('the rules in "{folder}" now deny everything')
def the_rules_deny_all(context: Context, folder: str) -> None:
    context.world.write(f"{folder}/denied.rego", _DENYING.format(condition="input.image.ref"))


@then('the files "{name}" and "{other}" are equal')
def the_files_are_equal(context: Context, name: str, other: str) -> None:
    one, two = (_path(context, path).read_bytes() for path in (name, other))
    assert one == two, f"{name} and {other} differ:\n{one!r}\n{two!r}"


@given('no request for "{image}" fails any more')
def nothing_fails(context: Context, image: str) -> None:
    assert image in context.world.fixtures.images, f"there is no {image}"
    gate = context.world.servers.gate
    for rule in gate.rules:
        gate.remove(rule)


@then('the registry wasn\'t asked for the manifest of "{image}"')
def no_manifest_of(context: Context, image: str) -> None:
    asked = context.world.runs.requests(repository=context.world.fixtures.full_name(image), kind="manifest")
    fetched = [one for one in asked if one.method == "GET"]
    assert not fetched, f"the registry was asked for {image}: {[str(one) for one in fetched]}"
