"""What formats for other tools hold."""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import yaml
from behave import given, then

from ec_acceptance.testbed.scenario.behave_context import Context, rows


def _sarif(context: Context, name: str = "") -> dict[str, Any]:
    """The one run of a SARIF log, which standard output or a file holds."""
    last = context.world.runs.last
    path = context.world.folders.work / name
    text = path.read_text(encoding="utf-8") if name and path.is_file() else last.out
    try:
        document = json.loads(text)
    except ValueError:
        raise AssertionError(f"there is no SARIF:\n{last.describe()}") from None
    assert document.get("version") == "2.1.0", f"the version isn't 2.1.0:\n{last.describe()}"
    assert len(document["runs"]) == 1, f"there are several runs:\n{last.describe()}"
    run: dict[str, Any] = document["runs"][0]
    return run


def _check_results(context: Context, run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    found = []
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"], f"another rule than that of its index: {result}"
        assert result["message"]["text"], f"no message: {result}"
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        found.append((result["ruleId"], result["level"], uri))
    registry = quote(context.world.servers.gate.address)
    wanted = [tuple(cell.replace("${REGISTRY_IN_URI}", registry) for cell in row) for row in rows(context.table)]
    assert found == wanted, f"the results are {found}"


@then("the SARIF results are")
def the_results(context: Context) -> None:
    _check_results(context, _sarif(context))


@then('the SARIF results in "{name}" are')
def the_results_in(context: Context, name: str) -> None:
    _check_results(context, _sarif(context, name))


@given('the file "{name}" gets the name "{new}"')
def a_file_gets_a_name(context: Context, name: str, new: str) -> None:
    """Bytes are written as hexadecimal escapes; the scenario is skipped where no file can have such a name."""
    folder = os.fsencode(context.world.folders.work)
    try:
        os.rename(  # noqa: PTH104 - names of bytes
            os.path.join(folder, os.fsencode(name)),  # noqa: PTH118
            os.path.join(folder, new.encode().decode("unicode_escape").encode("latin-1")),  # noqa: PTH118
        )
    except OSError as error:
        context.scenario.skip(f"no file can have such a name here: {error}")


@then('the SARIF rule "{code}" has the title "{title}" and some help')
def the_rule(context: Context, code: str, title: str) -> None:
    (rule,) = [rule for rule in _sarif(context)["tool"]["driver"]["rules"] if rule["id"] == code]
    assert rule["shortDescription"]["text"] == title, f"another title: {rule}"
    assert rule["fullDescription"]["text"] not in {title, code}, f"no description: {rule}"
    assert rule["help"]["text"], f"no help: {rule}"


@then("the SARIF fingerprints are all different")
def the_fingerprints(context: Context) -> None:
    found = [tuple(result["partialFingerprints"].items()) for result in _sarif(context)["results"]]
    assert found, "there are no results"
    assert len(set(found)) == len(found), f"equal fingerprints: {found}"


@then('the JSON Schema wants the members "{names}"')
def the_schema_wants(context: Context, names: str) -> None:
    last = context.world.runs.last
    try:
        schema = json.loads(last.out)
    except ValueError:
        raise AssertionError(f"there is no JSON Schema:\n{last.describe()}") from None
    assert schema.get("$schema") == "https://json-schema.org/draft/2020-12/schema", f"of another version:\n{last.out}"
    assert schema.get("required") == names.split(", "), f"other members: {schema.get('required')}"
    assert set(schema["required"]) <= set(schema["properties"]), f"members that it doesn't tell:\n{last.out}"


_PROFILES = {
    "CPU profile": (b"samples", b"count", b"cpu", b"nanoseconds"),
    "memory profile": (b"inuse_objects", b"count", b"inuse_space", b"bytes"),
}
"""What pprof's own readers are told of the values in a profile."""


@then('the {title} "{name}" is one')
def the_profile(context: Context, title: str, name: str) -> None:
    (path,) = context.world.folders.scratch.glob(f"{name}.*")
    assert path.suffix[1:].isdecimal(), f"no decimal digits: {path.name}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, f"others may read it: {path.stat().st_mode:o}"
    content = path.read_bytes()
    if title == "performance trace":
        assert content.startswith((b"go 1.", b'{"')), f"neither Go's nor JSON: {content[:40]!r}"
        assert content.startswith(b"go 1.") or json.loads(content)["traceEvents"], "there are no events"
        return
    profile = gzip.decompress(content)
    missing = [word for word in _PROFILES[title] if word not in profile]
    assert not missing, f"the {title} lacks {missing}"


@then("the output has the text")
def the_output_has(context: Context) -> None:
    last = context.world.runs.last
    assert context.world.text(context.text) in last.out, f"the output lacks the text:\n{last.describe()}"


@then('standard error names a file in "{pattern}"')
def names_a_file_in(context: Context, pattern: str) -> None:
    last = context.world.runs.last
    assert re.search(pattern, last.err), f"no file there is named:\n{last.describe()}"


class _Texts(yaml.SafeLoader):
    """Reads each scalar as the text that it is."""


_Texts.yaml_implicit_resolvers = {}


def _yaml_results(context: Context, judged: str) -> list[dict[str, Any]]:
    """What the YAML on standard output says of `components` or `filepaths`."""
    last = context.world.runs.last
    try:
        report = yaml.load(last.out, _Texts)  # noqa: S506 - made of the safe one
    except (yaml.YAMLError, UnicodeError) as error:
        raise AssertionError(f"the output is no YAML: {error}\n{last.describe()}") from None
    assert isinstance(report, dict), f"no report:\n{last.describe()}"
    assert not re.search("[\u0085\u2028\u2029]", last.out), (
        f"lines end in it for readers of YAML 1.1 alone: {last.out!a}"
    )
    found: list[dict[str, Any]] = report[judged]
    return found


def _check_messages(context: Context, found: list[str | None]) -> None:
    """Against a table that has them written as in JSON."""
    wanted = [json.loads(f'"{text}"') for (text,) in rows(context.table)]
    assert found == wanted, f"the messages are {found}\n{context.world.runs.last.describe()}"


@then('the YAML report is of "{name}"')
def the_yaml_report_is_of(context: Context, name: str) -> None:
    """Written as in JSON."""
    found = [one["filepath"] for one in _yaml_results(context, "filepaths")]
    assert found == [json.loads(f'"{name}"')], f"the files are {found}\n{context.world.runs.last.describe()}"


@then("the messages in YAML are")
def the_messages_in_yaml(context: Context) -> None:
    components = _yaml_results(context, "components")
    _check_messages(context, [violation["msg"] for one in components for violation in one["violations"]])


@then("the messages in JUnit are")
def the_messages_in_junit(context: Context) -> None:
    last = context.world.runs.last
    try:
        suites = ET.fromstring(last.out.encode("utf-8", "surrogateescape"))  # noqa: S314 - of the validator alone
    except ET.ParseError as error:
        raise AssertionError(f"the output is no XML: {error}\n{last.describe()}") from None
    _check_messages(context, [failure.get("message") for failure in suites.iter("failure")])
