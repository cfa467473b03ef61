"""Whole cases: a policy configuration, its rules and data, what is judged, and the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from choices import Choices
from generated_rules import COLLECTIONS, INTENTIONS, Library, criterion_texts, write
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

__all__ = ["OUTPUTS", "Case", "cases"]

OUTPUTS = ("yaml", "text", "junit", "appstudio", "summary", "summary-markdown", "policy-input", "attestation")
"""Formats that a case may write into files of these names, beside JSON on standard output."""

IMAGES = ("one", "two", "multi", "unsigned", "foreign", "bare", "odd", "invalid", "absent")
"""Images of the scene; "absent" isn't there."""

_INDEX = "/acme/multi"
NAMES = ("one", "two", "x", "", "Unnamed", f"one-sha256:{'a' * 64}-amd64", "é y")
DATA = (
    ("things.json", '{"things": {"list": ["p", "q", 5], "n": 1.50, "big": 12345678901234567890, "e": 1e3}}'),
    ("more.yaml", "more: {on: yes, oct: 010, hex: 0x1f, f: 1.50, e: 1e3, d: 2020-01-01, n: ~, s: 'x', b: !!str 5}\n"),
    ("sub/deep.yml", "deep: [1, 2, {a: b}]\n"),
    ("rule_data.yml", "rule_data__configuration__: {allowed: [p], other: 1}\n"),
    ("config.json", '{"config": {"extra": 1}}'),
    ("ignored.YAML", "ignored: 1\n"),
    ("note.txt", "no data"),
    ("twice.json", '{"things": {"more": {"a": 1}}}'),
    ("clash.json", '{"things": {"list": ["p"]}}'),
    ("top.json", "[1]"),
    ("empty.yaml", ""),
)
MISTAKES = (
    ("pol/mistake.rego", "package a\n\nimport rego.v1\n\ndeny contains 5 if { true }\n"),
    ("pol/mistake.rego", "package a\n\nimport rego.v1\n\ndeny if { true }\n"),
    ("pol/mistake.rego", 'package a\n\nimport rego.v1\n\ndeny contains "x" if { nope(1) }\n'),
    ("pol/mistake.rego", "package a\n\ndeny[msg] { msg := 1 }\n"),
    ("pol/mistake.rego", "package a\n\nimport rego.v1\n\ndeny contains x if { deny[x] }\n"),
    ("pol/mistake.rego", 'package a\n\nimport rego.v1\n\n# METADATA\n# title: [\ndeny contains "x" if true\n'),
    ("pol/mistake.rego", 'package a\n\nimport rego.v1\n\ndeny contains http.send({"method": "get"}) if true\n'),
    ("pol/mistake.rego", "package a\n\nimport rego.v1\n\nf(x) := 1 if x\n\nf(x) := 2 if x\n\ndeny contains f(true)\n"),
    ("pol/mistake.rego", ""),
    ("pol/mistake_test.rego", "package a\n\ndeny[msg] { msg := 1 }\n"),
    ("pol/mistake.rego", "package a\n\nimport data.nope\n\ndeny contains y if { y := nope.x }\n"),
)
TIMES = ("2030-01-01", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00+01:00", "2031-06-01T12:00:00.5Z", "now")
RULE_DATA: tuple[dict[str, Any], ...] = (
    {},
    {"allowed": ["p", "q"]},
    {"strict": True, "n": 1.5},
    {"strict": False, "nested": {"é<": [None, 12345678901234567890, "x"]}},
)


@dataclass(frozen=True, slots=True)
class Case:
    """What both programs get; ``${REGISTRY}`` and ``${DIGEST_name}`` in texts stand for the scene's.

    Attributes:
        files: texts by path, in the working directory.
        arguments: after ``validate image``.
        environment: variables.
    """

    files: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


@st.composite
def cases(draw: DrawFn) -> Case:
    """Cases, from one rule for one image on."""
    choices = Choices(draw)
    library = Library()
    files = write(choices, library, "pol")
    if choices.chance(20):
        files |= write(choices, library, "more")
    if choices.chance(5):
        files |= [choices.pick(MISTAKES)]
    texts = criterion_texts(library.codes)
    sources = [_source(choices, files, texts, number) for number in range(2 if choices.chance(15) else 1)]
    spec: dict[str, Any] = {"sources": sources}
    if choices.chance(20):
        spec["configuration"] = _lists(choices, texts) | {"collections": choices.several(COLLECTIONS, 2)}
    if choices.chance(10):
        spec |= {"name": "é name", "description": "<text>"}
    arguments = _judge(choices, files)
    arguments += _configured(choices, files, spec)
    arguments += _flags(choices, alone=_is_alone(arguments, files))
    environment = {"EC_USE_OPA": "1"} if choices.chance(15) else {}
    return Case(files, tuple(arguments), environment)


def _source(choices: Choices, files: dict[str, str], texts: Sequence[str], number: int) -> dict[str, Any]:
    folders = sorted({path.partition("/")[0] for path in files if path.endswith(".rego")})
    policies = [f"./{folders[number % len(folders)]}"]
    if choices.chance(15):
        policies = [choices.pick(("./", "file::./", "")) + folder for folder in folders]
    if choices.chance(2):
        policies = choices.pick(([], ["./nope"], ["./pol", "./pol"], ["pol/a.rego"], ["nope.example/x"]))
    source: dict[str, Any] = {"policy": policies}
    if choices.chance(30):
        source["data"] = []
        for count in range(2 if choices.chance(20) else 1):
            folder = f"data{number}{count}"
            # The same document twice is a conflict; most cases have none.
            names = DATA if choices.chance(8) else (DATA[:5], DATA[5:8])[count]
            few = choices.distinct(names, 1, 3)
            files.update((f"{folder}/{name}", text) for name, text in few)
            source["data"].append(f"./{folder}")
    if choices.chance(60):
        source["config"] = {key: items for key, items in _lists(choices, texts).items() if choices.chance(70)}
    if choices.chance(40):
        source["volatileConfig"] = {
            "include": [_volatile(choices, texts) for _ in range(choices.number(0, 2))],
            "exclude": [_volatile(choices, texts) for _ in range(choices.number(0, 2))],
        }
    if choices.chance(50):
        source["ruleData"] = dict(choices.pick(RULE_DATA))
        if choices.chance(60):
            odd: tuple[Any, ...] = ("rel", ["rel", "build"], [], "", ["none"], 5, [5, "rel"], None)
            source["ruleData"]["pipeline_intention"] = choices.pick((*INTENTIONS, *odd))
    if choices.chance(10):
        source["name"] = "group"
    return source


def _lists(choices: Choices, texts: Sequence[str]) -> dict[str, Any]:
    return {"include": choices.several(texts, 3), "exclude": choices.several(texts, 3)}


def _volatile(choices: Choices, texts: Sequence[str]) -> dict[str, Any]:
    criterion: dict[str, Any] = {"value": choices.pick(texts)}
    if choices.chance(30):
        dates = ("2029-01-01", "2030-01-01T00:00:00Z", "2031-01-01", "2030-01-01T02:00:00+02:00", "2030-01-01", "bad")
        criterion["effectiveOn"] = choices.pick(dates)
    if choices.chance(30):
        criterion["effectiveUntil"] = choices.pick(("2031-01-01T00:00:00Z", "2030-01-01", "2029-01-01", "", "bad"))
    image = choices.pick(("one", "two", "multi", "bare"))
    match choices.number(0, 9):
        case 6:
            criterion["imageUrl"] = f"${{REGISTRY}}/acme/{image}"
        case 7:
            criterion["imageUrl"] = f"${{REGISTRY}}/acme/{image}:latest"
        case 8:
            criterion["imageDigest"] = f"${{DIGEST_{image}}}"
        case 9:
            criterion["imageRef"] = f"${{DIGEST_{image}}}"
        case _:
            pass
    if choices.chance(20):
        criterion["componentNames"] = choices.distinct((*NAMES[:3], "multi"), 1, 2)
    if choices.chance(5):
        criterion["reference"] = "https://issues.example/1"
    return criterion


def _judge(choices: Choices, files: dict[str, str]) -> list[str]:
    """The flags that name images."""
    chosen: list[str] = []
    for _ in range(choices.number(1, 3)):
        image = _image(choices)
        # An index twice gives components with the same image: their order, which rules can see, is open.
        chosen.append(image if _INDEX not in "".join(chosen) else image.replace("multi", "two"))
    if len(chosen) == 1 and choices.chance(50):
        return ["--image", chosen[0]]
    components = [_component(choices, image) for image in chosen]
    snapshot: dict[str, Any] = {"components": components}
    if choices.chance(20):
        snapshot |= {"application": "app", "displayName": "é App", "displayDescription": ""}
    match choices.number(0, 6):
        case 4:
            files["snapshot.yaml"] = yaml.safe_dump(snapshot, allow_unicode=True)
            return ["--images", "snapshot.yaml"]
        case 5:
            files["snapshot.json"] = json.dumps({"spec": snapshot})
            return ["--file-path", "snapshot.json"]
        case 6:
            return ["--images", json.dumps(snapshot), "--image", _image(choices).replace("multi", "two")]
        case _:
            return ["--json-input", json.dumps(snapshot)]


def _image(choices: Choices) -> str:
    name = choices.pick(IMAGES) if choices.chance(40) else choices.pick(IMAGES[:3])
    if name == "absent" or choices.chance(50):
        return f"${{REGISTRY}}/acme/{name}" + choices.pick(("", ":latest"))
    return f"${{REGISTRY}}/acme/{name}" + choices.pick(("", ":latest", ":other")) + f"@${{DIGEST_{name}}}"


def _component(choices: Choices, image: str) -> dict[str, Any]:
    component: dict[str, Any] = {"name": choices.pick(NAMES), "containerImage": image}
    if choices.chance(20):
        git = {"url": "https://git.example/x", "revision": choices.pick(("abc", "", "<é>"))}
        component["source"] = {"git": git}
    return component


def _is_alone(arguments: Sequence[str], files: dict[str, str]) -> bool:
    """Whether one component is judged, so that the time of attestations is no race."""
    texts = [*arguments, *(text for path, text in files.items() if path.startswith("snapshot."))]
    whole = "".join(texts)
    return whole.count("${REGISTRY}") == 1 and "/multi" not in whole


def _configured(choices: Choices, files: dict[str, str], spec: dict[str, Any]) -> list[str]:
    """The flags that name the policy and the key."""
    key = ["--public-key", "${KEY}"]
    if choices.chance(10):
        key = []
        spec["publicKey"] = "${KEY}"
    if choices.chance(4):
        place, name, value = choices.pick(
            (
                (spec, "unknown", 1),
                (spec, "name", 5),
                (spec, "rekorUrl", None),
                (spec["sources"][0], "odd", True),
                (spec["sources"][0], "ruleData", [1]),
                (spec["sources"][0], "policy", "./pol"),
                (spec["sources"][0], "config", {"include": [5]}),
                (spec["sources"][0], "volatileConfig", {"exclude": [{"effectiveOn": "x"}]}),
                (spec, "sources", None),
                (spec, "identity", {"subject": "x"}),
            )
        )
        place[name] = value
    document: dict[str, Any] = spec
    if choices.chance(10):
        document = {"apiVersion": "appstudio.redhat.com/v1alpha1", "kind": "EnterpriseContractPolicy", "spec": spec}
    match choices.number(0, 3):
        case 1:
            files["policy.yaml"] = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
            return [*key, "--policy", "policy.yaml"]
        case 2:
            files["policy.json"] = json.dumps(document, ensure_ascii=False)
            return [*key, "--policy", "policy.json"]
        case _:
            return [*key, "--policy", json.dumps(document)]


def _flags(choices: Choices, *, alone: bool) -> list[str]:
    flags = ["--ignore-rekor", "--output", "json"]
    if choices.chance(80):
        flags += ["--info"]
    if choices.chance(85):
        flags += ["--show-successes"]
    if choices.chance(30):
        flags += ["--filter-type", choices.pick(("ec-policy", "ec-policy", "include-exclude", "odd"))]
    flags += ["--effective-time", _time(choices, alone=alone)]
    if "2020" in flags[-1] or choices.chance(5):
        flags += ["--allow-past-effective-time"] if choices.chance(80) else []
    if choices.chance(15):
        extra = (
            "strict=true",
            "pipeline_intention=rel",
            'j={"a": 1}',
            "e=",
            "f=policy.yaml",
            "a=1,b=2",
            "none",
            "x=y=z",
        )
        for pair in choices.several(extra, 2):
            quoted = '"' + pair.replace('"', '""') + '"' if '"' in pair else pair
            flags += ["--extra-rule-data", quoted]
    for flag, percent in (
        ("--skip-image-sig-check", 12),
        ("--skip-att-sig-check", 12),
        ("--strict=false", 15),
        ("--workers=0", 10),
        ("--show-warnings=false", 5),
        ("--show-policy-docs-link", 5),
        ("--quiet", 3),
    ):
        flags += [flag] if choices.chance(percent) else []
    if choices.chance(20):
        for output in choices.distinct(OUTPUTS, 1, 3):
            options = choices.pick(("", "", "?show-successes=true", "?show-warnings=false"))
            flags += ["--output", f"{output}=out.{output}{options}"]
    return flags


def _time(choices: Choices, *, alone: bool) -> str:
    if alone and choices.chance(10):
        return choices.pick(("attestation", "Attestation"))
    if choices.chance(5):
        return choices.pick(("2020-01-01", "garbage", "2030-1-1", "", "2020-01-01T00:00:00.25Z"))
    return choices.pick(TIMES)
