"""Texts that would be more than texts for a program that puts documents together from pieces, and where they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import yaml

from ec_acceptance.testbed.images import OLM_LABEL, Image, Layer, publish
from ec_acceptance.testbed.judging import attach, judge
from ec_acceptance.testbed.platforms import register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ec_acceptance.testbed.world import World

__all__ = ["TEXTS", "add_nested", "add_telling", "judge_telling", "nested", "tells"]

_CLOSING = '0}}}},"namespaces":[],"rest":{"a":{"b":{"c":0'
"""The end of a label, the configuration, the image and the input; then a member of whatever is around that."""

TEXTS = {
    "a marked number": "\0number:7",
    "a marked end of the input": f"\0number:{_CLOSING}",
    "an end of the input": _CLOSING,
    "a quoted end of the input": f'"{_CLOSING.replace("0", "")}"',
    "a marked date": "\0date:2020-01-01",
    "a request of its own": 'x"}\n{"op":"cancel","id":1}\n{"id":2,"size":0}\n',
    "half a character": "\ud800x",
}
"""By what scenarios call them; a validator shows all as they are, but the last one with U+FFFD."""
_HALF = "half a character"
_FILE = 'manifests/x":0}},"namespaces":[],"y.json'

_RULES = f"""package main

manifest := ec.oci.image_manifest(input.image.ref)

config_ref := concat("@", [split(input.image.ref, "@")[0], manifest.config.digest])

files := ec.oci.image_files(input.image.ref, ["manifests/"])

seen contains ["label", input.image.config.Labels.text]
seen contains ["environment", input.image.config.Env[0]]
seen contains ["volume", name] if some name, _ in input.image.config.Volumes
seen contains ["annotation", manifest.annotations.text]
seen contains ["statement", one.uri] if {{
	some one in input.attestations[0].statement.predicate.materials
	one.digest.sha1 == "0"
}}

seen contains ["content of a file", input.image.files[{json.dumps(_FILE)}].text]
seen contains ["content of a file, once more", files[{json.dumps(_FILE)}].text]
seen contains ["blob", ec.oci.parsed_blob(config_ref).config.Labels.text]
seen contains ["component", input.component_name] if data.rule_data__configuration__.text
seen contains ["snapshot", input.snapshot.components[0].name] if data.rule_data__configuration__.text
seen contains ["rule data", data.rule_data__configuration__.text]
seen contains ["policy", input.policy_spec.sources[0].ruleData.text]

deny contains {{"code": "main.no", "msg": "nothing passes"}}
deny contains {{"code": "main.seen", "msg": text, "term": place, "texts": [text, {{text: text}}]}} if {{
	some [place, text] in seen
}}
"""
_PLACES = frozenset(
    ("label", "environment", "volume", "annotation", "content of a file", "content of a file, once more", "blob")
)
_WELL_FORMED_PLACES = frozenset(("statement", "component", "snapshot", "rule data", "policy"))
"""Where half a character is an error of its own."""


def add_telling(world: World, name: str, words: str) -> None:
    """Push a conforming image that has one of `TEXTS` wherever its maker may write what they like."""
    text = TEXTS[words]
    config = {
        "Labels": {"text": text, text: "as a name", OLM_LABEL: "manifests/"},
        "Env": [text],
        "Volumes": {text: {}},
    }
    layer = Layer.of({_FILE: json.dumps({"text": text}).encode()})
    image = Image.of([layer], config=config, annotations={"text": text})
    register(world, name, publish(image, world.gate.repository(name)))
    if "known" not in world.stock.keys:
        world.stock.add_key("known")
    world.stock.sign(name, "known", logged=False)
    materials = [] if words == _HALF else [{"uri": text, "digest": {"sha1": "0"}}]
    world.stock.attest(name, "known", logged=False, materials=materials)


def nested(levels: int) -> str:
    """JSON of as many objects, one in the other."""
    return '{"a":' * levels + "1" + "}" * levels


def add_nested(world: World, name: str, levels: int) -> None:
    """Push a conforming OLM bundle with a file that is nested so deep."""
    layer = Layer.of({"manifests/deep.json": nested(levels).encode()})
    image = Image.of([layer], config={"Labels": {OLM_LABEL: "manifests/"}})
    register(world, name, publish(image, world.gate.repository(name)))
    attach(world, name)


def judge_telling(world: World, words: str, output: str) -> None:
    """Judge all images by a policy that lets nothing pass and tells the text of each place where it finds it.

    The text is the component's name and rule data, too, but for half a character: YAML can't hold it.
    """
    text = TEXTS[words]
    fit = words != _HALF
    world.write("rules/main.rego", _RULES)
    snapshot = json.loads(world.stock.snapshot())
    if fit:
        snapshot["components"][0]["name"] = text
    source: dict[str, Any] = {"policy": ["./rules"], **({"ruleData": {"text": text}} if fit else {})}
    judge(
        world,
        [
            *("--json-input", json.dumps(snapshot), "--policy", json.dumps({"sources": [source]})),
            *("--info", "--output", output),
        ],
    )


def tells(output: str, kind: str, words: str) -> list[str]:
    """What is wrong with a report in one of the formats; nothing when it tells the text as it is, and denies."""
    told = _Told(TEXTS[words].replace("\ud800", "\ufffd"), fit=words != _HALF)
    try:
        return [trouble for trouble in _FORMATS[kind](output, told) if trouble]
    except (ValueError, LookupError, TypeError, AttributeError, ET.ParseError, yaml.YAMLError) as error:
        return [f"no {kind} report of the image: {error!r}"]


@dataclass(frozen=True, slots=True)
class _Told:
    """A text as reports must have it; `fit` tells that it is well-formed, and so in all places."""

    text: str
    fit: bool

    @property
    def places(self) -> frozenset[str]:
        return _PLACES | (_WELL_FORMED_PLACES if self.fit else frozenset())

    @property
    def count(self) -> int:
        """How many violations there are."""
        return len(self.places) + 1


def _json(output: str, told: _Told) -> Iterator[str]:
    return _report(json.loads(output), told)


def _yaml(output: str, told: _Told) -> Iterator[str]:
    return _report(yaml.safe_load(output), told)


def _report(document: dict[str, Any], told: _Told) -> Iterator[str]:
    (component,) = document["components"]
    found = {one["metadata"].get("term"): one for one in component["violations"]}
    yield _different("places", set(found) - {None}, set(told.places))
    for place in told.places & set(found):
        shown = [found[place]["msg"], *found[place]["metadata"]["texts"]]
        yield _different(place, shown, [told.text, told.text, {told.text: told.text}])
    yield _different("verdict", [document["success"]], [False])
    if told.fit:
        yield _different("name", component["name"], told.text)
        yield _different("rule data", document["policy"]["sources"][0]["ruleData"], {"text": told.text})


def _summary(output: str, told: _Told) -> Iterator[str]:
    (component,) = json.loads(output)["components"]
    yield _different("messages", component["violations"]["main.seen"][0], told.text)
    yield _different("violations", component["total_violations"], told.count)


def _text(output: str, told: _Told) -> Iterator[str]:
    yield "" if f"\n  Reason: {told.text}\n" in output else "messages: the text isn't there"
    yield _different("outcome", output.splitlines()[:2], ["Success: false", "Result: FAILURE"])


def _junit(output: str, told: _Told) -> Iterator[str]:
    (suite,) = ET.fromstring(output)  # noqa: S314 - of the validator
    messages = {failure.text for failure in suite.iter("failure")}
    yield _different("messages", messages, {"nothing passes", told.text.replace("\0", "\ufffd")})
    yield _different("failures", suite.get("failures"), str(told.count))


def _appstudio(output: str, told: _Told) -> Iterator[str]:
    document = json.loads(output)
    yield _different("sums", (document["failures"], document["result"]), (told.count, "FAILURE"))


def _summary_markdown(output: str, told: _Told) -> Iterator[str]:
    yield "" if f"| Failures | {told.count} | :x: |" in output else "sums: not these"


def _policy_input(output: str, told: _Told) -> Iterator[str]:
    image = json.loads(output)["image"]
    yield _different("label", image["config"]["Labels"]["text"], told.text)
    yield _different("members", sorted(image), ["config", "files", "ref", "signatures", "source"])
    yield _different("files", image["files"], {_FILE: {"text": told.text}})


def _vsa(output: str, told: _Told) -> Iterator[str]:
    document = json.loads(output)
    yield _different("status", document["status"], "failed")
    yield _different("violations", document["summary"]["Violations"], told.count)
    yield _different("name", document["summary"]["component_details"][0]["name"], told.text if told.fit else "app")


def _attestation(output: str, told: _Told) -> Iterator[str]:
    yield _different("statement", json.loads(output)["predicate"]["materials"][-1]["uri"], told.text)


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


def _different(what: str, found: Any, wanted: Any) -> str:
    return "" if found == wanted else f"{what}: {found!r}, not {wanted!r}"
