"""The report as SARIF 2.1.0, for tools that gather findings, such as code scanning on GitHub (docs/outputs.md)."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from refimpl.golang import jsontext
from refimpl.golang.utf8 import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refimpl.report.model import ComponentResult, Report
    from refimpl.result import Result

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
"""Where the format is defined."""

_UNNAMED = "unnamed"
"""The rule of results without a code."""


def render(report: Report) -> str:
    """One line of JSON, without a newline."""
    return jsontext.dumps(describe(report))


def describe(report: Report) -> dict[str, Any]:
    """The log as JSON data: one run, a rule for each code, a result for each violation, warning and shown success."""
    rules: dict[str, dict[str, Any]] = {}
    indexes: dict[str, int] = {}
    results = []
    for component in report.components:
        for level, result in _with_levels(report, component):
            index = indexes.setdefault(_rule_id(result), len(indexes))
            if index == len(rules):
                rules[_rule_id(result)] = _describe_rule(result)
            results.append(_describe_result(component, result, level, index))
    driver = {
        "name": "ec-ref",
        "version": report.ec_version,
        "informationUri": "https://conforma.dev/",
        "rules": list(rules.values()),
    }
    invocation = {"executionSuccessful": True, "endTimeUtc": f"{report.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    properties = {"success": report.success, "effectiveTime": report.effective_time}
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results, "properties": properties}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _with_levels(report: Report, component: ComponentResult) -> Iterator[tuple[str, Result]]:
    lists: list[tuple[str, Sequence[Result]]] = [("error", component.violations)]
    if report.show_warnings:
        lists.append(("warning", component.warnings))
    if report.show_successes:
        lists.append(("none", component.successes))
    for level, results in lists:
        for result in results:
            yield level, result


def _rule_id(result: Result) -> str:
    return result.code or _UNNAMED


def _describe_rule(result: Result) -> dict[str, Any]:
    """Title, description and solution are there with ``--info``; readers need some text in each place."""
    code = _rule_id(result)
    title = _text(result, "title") or code
    description = _text(result, "description") or title
    return {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": description},
        "help": {"text": _text(result, "solution") or description},
    }


def _describe_result(component: ComponentResult, result: Result, level: str, rule_index: int) -> dict[str, Any]:
    uri = _uri(component)
    location = {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}},
        "logicalLocations": [{"name": component.name, "fullyQualifiedName": component.container_image}],
    }
    shown: dict[str, Any] = {
        "ruleId": _rule_id(result),
        "ruleIndex": rule_index,
        "kind": "pass" if level == "none" else "fail",
        "level": level,
        "message": {"text": result.msg or _rule_id(result)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(uri, component, result)},
    }
    properties = {name: result.metadata[name] for name in ("term", "effective_on") if name in result.metadata}
    return {**shown, "properties": properties} if properties else shown


def _uri(component: ComponentResult) -> str:
    """A relative reference: of an image its repository, which is the same for each build; of a file its path."""
    return quote(replace_surrogates(component.container_image.partition("@")[0].lstrip("/")), safe="/") or "."


def _fingerprint(uri: str, component: ComponentResult, result: Result) -> str:
    """The same for a finding in each build of an image; the message isn't part of it, which may tell of digests."""
    parts = (uri, component.name, _rule_id(result), jsontext.dumps(result.metadata.get("term", "")))
    return hashlib.sha256(replace_surrogates("\0".join(parts)).encode()).hexdigest()[:32] + ":1"


def _text(result: Result, name: str) -> str:
    value = result.metadata.get(name)
    return value if type(value) is str else ""
