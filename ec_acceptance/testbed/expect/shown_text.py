"""What reports of each format show of a text that a rule repeats, and of where it stood."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ShownText", "find_differences"]


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text as reports must show it.

    Attributes:
        text: as it is, but for what no report can hold.
        places: where rules find it, by the names that they give these.
        file: the path of the image's one file, which holds it.
        well_formed: whether it is text at all, and so the component's name and rule data too.
    """

    text: str
    places: frozenset[str]
    file: str
    well_formed: bool

    @property
    def count(self) -> int:
        """The number of violations: one for each place, and the one of every image."""
        return len(self.places) + 1


def find_differences(output: str, kind: str, wanted: ShownText) -> list[str]:
    """What is wrong with a report in one of the formats; nothing when it shows the text as it is, and denies."""
    try:
        return [difference for difference in _FORMATS[kind](output, wanted) if difference]
    except (ValueError, LookupError, TypeError, AttributeError, ET.ParseError, yaml.YAMLError) as error:
        return [f"no {kind} report of the image: {error!r}"]


def _json(output: str, wanted: ShownText) -> Iterator[str]:
    return _report(json.loads(output), wanted)


def _yaml(output: str, wanted: ShownText) -> Iterator[str]:
    return _report(yaml.safe_load(output), wanted)


def _report(document: dict[str, Any], wanted: ShownText) -> Iterator[str]:
    (component,) = document["components"]
    found = {one["metadata"].get("term"): one for one in component["violations"]}
    yield _describe_difference("places", set(found) - {None}, set(wanted.places))
    for place in wanted.places & set(found):
        shown = [found[place]["msg"], *found[place]["metadata"]["texts"]]
        yield _describe_difference(place, shown, [wanted.text, wanted.text, {wanted.text: wanted.text}])
    yield _describe_difference("verdict", [document["success"]], [False])
    if wanted.well_formed:
        yield _describe_difference("name", component["name"], wanted.text)
        yield _describe_difference("rule data", document["policy"]["sources"][0]["ruleData"], {"text": wanted.text})


def _summary(output: str, wanted: ShownText) -> Iterator[str]:
    (component,) = json.loads(output)["components"]
    yield _describe_difference("messages", component["violations"]["main.seen"][0], wanted.text)
    yield _describe_difference("violations", component["total_violations"], wanted.count)


def _text(output: str, wanted: ShownText) -> Iterator[str]:
    yield "" if f"\n  Reason: {wanted.text}\n" in output else "messages: the text isn't there"
    yield _describe_difference("outcome", output.splitlines()[:2], ["Success: false", "Result: FAILURE"])


def _junit(output: str, wanted: ShownText) -> Iterator[str]:
    (suite,) = ET.fromstring(output)  # noqa: S314 - of the validator
    messages = {failure.text for failure in suite.iter("failure")}
    yield _describe_difference("messages", messages, {"nothing passes", wanted.text.replace("\0", "\ufffd")})
    yield _describe_difference("failures", suite.get("failures"), str(wanted.count))


def _appstudio(output: str, wanted: ShownText) -> Iterator[str]:
    document = json.loads(output)
    yield _describe_difference("sums", (document["failures"], document["result"]), (wanted.count, "FAILURE"))


def _summary_markdown(output: str, wanted: ShownText) -> Iterator[str]:
    yield "" if f"| Failures | {wanted.count} | :x: |" in output else "sums: not these"


def _policy_input(output: str, wanted: ShownText) -> Iterator[str]:
    image = json.loads(output)["image"]
    yield _describe_difference("label", image["config"]["Labels"]["text"], wanted.text)
    yield _describe_difference("members", sorted(image), ["config", "files", "ref", "signatures", "source"])
    yield _describe_difference("files", image["files"], {wanted.file: {"text": wanted.text}})


def _vsa(output: str, wanted: ShownText) -> Iterator[str]:
    document = json.loads(output)
    yield _describe_difference("status", document["status"], "failed")
    yield _describe_difference("violations", document["summary"]["Violations"], wanted.count)
    yield _describe_difference(
        "name", document["summary"]["component_details"][0]["name"], wanted.text if wanted.well_formed else "app"
    )


def _attestation(output: str, wanted: ShownText) -> Iterator[str]:
    yield _describe_difference("statement", json.loads(output)["predicate"]["materials"][-1]["uri"], wanted.text)


_FORMATS = {
    "json": _json,
    "yaml": _yaml,
    "summary": _summary,
    "text": _text,
    "junit": _junit,
    "appstudio": _appstudio,
    "summary-markdown": _summary_markdown,
    "policy-input": _policy_input,
    "vsa": _vsa,
    "attestation": _attestation,
}


def _describe_difference(what: str, found: Any, wanted: Any) -> str:
    return "" if found == wanted else f"{what}: {found!r}, not {wanted!r}"
