"""Rules: packages of Rego with and without annotations, and the codes that they may report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from choices import Choices

__all__ = ["COLLECTIONS", "DATES", "INTENTIONS", "Library", "criterion_texts", "write"]

PACKAGES = ("a", "b", "c", "x.y", "x", "policy.rel", "b.c")
COLLECTIONS = ("c1", "c2", "c3")
INTENTIONS = ("rel", "prod", "build")
NAMES = ("deny", "warn", "violation", "deny_x", "warn_y", "helper", "violation_x", "denyx", "deny_a_b1")
# Around 2030-01-01, the usual effective time, and 90 days before it.
DATES = (
    "2019-01-01T00:00:00Z",
    "2029-12-01T00:00:00Z",
    "2030-01-01T00:00:00Z",
    "2030-01-01T00:00:00.000000001Z",
    "2031-05-05T00:00:00Z",
    "2029-10-03T00:00:00Z",
    "2029-10-02T23:59:59Z",
    "2031-01-01T01:00:00+01:00",
    "bad",
    "2031-01-01",
)
TERMS = ('"t1"', '"t2"', '["t1", "t3"]', "[]", '""', "5", '["", "t2"]', "null", '{"t2", "t1"}', '["t1", 5]', '{"k": 1}')
CONDITIONS = (
    "true",
    "true",
    "false",
    "not input.nope",
    'input.component_name == "one"',
    'input.component_name != "one"',
    "count(input.snapshot.components) > 1",
    "count(input.attestations) > 1",
    'some a in input.attestations; a.statement.predicateType == "https://slsa.dev/provenance/v0.2"',
    'input.image.config.Labels.n == "1"',
    '"p" in data.rule_data__configuration__.allowed',
    "data.rule_data__configuration__.strict",
    "some thing in data.things.list; thing != 5",
    "data.config.policy.when_ns > 1893456000000000000",
    "1 / 0 == 1",
    'to_number("x") == 1',
    'ec.purl.is_valid("pkg:rpm/x@1")',
    'data.conftest.file.name == "input.json"',
    "is_object(ec.oci.image_manifest(input.image.ref))",
    'print("seen", input.component_name)',
    'startswith(input.image.ref, "127.")',
)
MESSAGES = (
    '"m"',
    '"m."',
    '"same"',
    '"m.."',
    '"<a&b> é \\u2028"',
    'sprintf("%s %v", [input.component_name, count(input.attestations)])',
    "json.marshal(input.image)",
    "json.marshal(input.snapshot)",
    "json.marshal(input.policy_spec)",
    "json.marshal([x | x := input.attestations[_].statement.predicateType])",
    "json.marshal(data.things)",
    "json.marshal(data.more)",
    "json.marshal(data.deep)",
    "json.marshal(data.rule_data__configuration__)",
    "json.marshal(data.config.default_sigstore_opts)",
    'sprintf("%v", [1 / 3])',
    '""',
)
MEMBERS = (
    ("num", "1.50"),
    ("exp", "1e3"),
    ("third", "1 / 3"),
    ("sum", "1.5 + 1.5"),
    ("big", "12345678901234567890"),
    ("set", '{"b", "a", 3}'),
    ("html", '"<a&b>\\u2029"'),
    ("nested", '{"k": [1, {"z": null}], "é": true}'),
    ("none", "null"),
    ("_loc", '"x"'),
    ("query", '"x"'),
    ("of_input", "input.image.source"),
    ("of_data", "data.rule_data__configuration__"),
    ("title", '"own title"'),
    ("solution", '"own solution"'),
    ("depends_on", '["a.r1"]'),
    ("depends_on", '"a.r1"'),
    ("description", '"own."'),
    ("description", "5"),
    ("collections", '["c1"]'),
    ("collections", '"c1"'),
    ("collections", '["c2", 1.50, null]'),
    ("severity", '"warning"'),
    ("severity", '"failure"'),
    ("severity", '"odd"'),
    ("severity", "5"),
)
ODD_VALUES = ("1", "true", "null", "[2]", '{"code": "a.r1"}', '{"msg": ""}', '""', '{"msg": "m", "code": 5}', '"text"')
DESCRIPTIONS = (
    "Desc",
    "Desc.",
    "See xref:foo[Bar].",
    "See xref:policy:ROOT:packages/x.adoc#sec[Label x], xref:policy:ROOT:y.adoc[Label].",
    '"é <b>"',
    '""',
)
SOLUTIONS = (
    "Do it",
    '"See xref:policy:ROOT:packages/x.adoc#sec[Label x] then xref:foo[bar]."',
    "[not, text]",
    "5",
    "2020-01-01",
)
SHORT_NAMES = ("12", "1.50", "true", "null", "[a, b]", '""', "{k: v}", "a.b", '"é"', "2020-01-01")


@dataclass(slots=True)
class Library:
    """What was written so far."""

    codes: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    number: int = 0

    def next(self) -> int:
        """A number of its own for each rule."""
        self.number += 1
        return self.number

    def short(self, package: str) -> str:
        """The next short name of a package: ``r0``, ``r1`` and so on."""
        place = self.places.get(package, -1) + 1
        self.places[package] = place
        return f"r{place}"


def write(choices: Choices, library: Library, folder: str) -> dict[str, str]:
    """The files of a policy source, by path."""
    files = {}
    for package in choices.distinct(PACKAGES, 1, 4):
        stem = package.replace(".", "_")
        files[f"{folder}/{stem}.rego"] = _module(choices, library, package)
        if choices.chance(12):
            files[f"{folder}/deeper/{stem}.rego"] = _module(choices, library, package)
        if choices.chance(6):
            files[f"{folder}/{stem}_test.rego"] = _module(choices, library, package)
    return files


def criterion_texts(codes: Sequence[str]) -> list[str]:
    """What may stand in include and exclude lists: the usual, and what names the given codes."""
    texts = ["*", "a", "b", "c", "x", "a.*", "a.r1", "b.r2", "a.r1:t1", "a:t1", "a.*:t2", "@c1", "@c2", "@nope"]
    texts += ["x.y", "y", "y.r1", "rel", "rel.r1", "policy", "c.r2", "zz", "zz.other", "nodot", "*:t1", "a.", "nope"]
    texts += ["*.r1", "a.r1:", ":t1", "", "@", "policy.rel.r1", "b.*:t1:t2"]
    own = []
    for code in codes:
        if "." in code:
            package, _, rule = code.rpartition(".")
            last = package.rpartition(".")[2]
            own += ["*", f"{last}.{rule}", last, f"{last}.{rule}:t1", f"{last}.*"]
    return texts + own * (1 + len(texts) // (len(own) + 1))


def _module(choices: Choices, library: Library, package: str) -> str:
    lines = []
    if choices.chance(15):
        lines += ["# METADATA"]
        if choices.chance(30):
            lines += [f"# scope: {choices.pick(('package', 'subpackages'))}"]
        lines += [f"# title: package {package}", "# custom:"]
        lines += [f"#   short_name: pkg{library.next()}" if choices.chance(8) else "#   other: 1"]
    lines += [f"package {package}", "", "import rego.v1", ""]
    for _ in range(0 if choices.chance(5) else choices.number(1, 4)):
        lines += _rule(choices, library, package)
    if choices.chance(12):
        silenced = ('""', '"x"', '"y"', '"a_b1"', "1 / 0", 'sprintf("%v", [1])')
        lines += [f"exception contains [{choices.pick(silenced)}]", ""]
    return "\n".join(lines) + "\n"


def _rule(choices: Choices, library: Library, package: str) -> list[str]:
    number = library.next()
    name = choices.pick(NAMES)
    short = "r0" if choices.chance(1) else library.short(package)
    lines = _annotation(choices, library, short, number) if choices.chance(70) else []
    code = _code(choices, library, package, short, number)
    if name == "helper":
        return [*lines, f'helper{number} := "x"', ""]
    if choices.chance(12):
        return [*lines, *_odd(choices, name, number), ""]
    conditions = [choices.pick(CONDITIONS) for _ in range(choices.number(0, 2))] or ["true"]
    term = ""
    members = [("msg", choices.pick(MESSAGES))]
    if choices.chance(85):
        members.append(("code", code))
    if choices.chance(40):
        term = choices.pick(TERMS)
        if choices.chance(25):
            conditions.append(f"some term in [{term}, {choices.pick(TERMS)}]")
            term = "term"
        members.append(("term", term))
    if choices.chance(25):
        members.append(("effective_on", json.dumps(choices.pick(DATES)) if choices.chance(90) else "5"))
    members += {key: (key, value) for key, value in choices.several(MEMBERS, 2)}.values()
    literal = "{" + ", ".join(f'"{key}": {value}' for key, value in members) + "}"
    body = [f"\t{condition}" for condition in conditions]
    match choices.number(0, 9):
        case 7 if term != "term":
            lines += [f"{name} contains {literal} if {{", *body, "}"]
        case 8:
            lines += [f'{name} contains "text {number}" if {{', *body, "}"]
        case 9:
            lines += [f"{name} contains made{number}(1) if {{", *body[:1], "}", ""]
            lines += [f'made{number}(x) := {{"msg": sprintf("made %v", [x]), "code": {code}}}']
        case 6:
            lines += [f"{name} contains result if {{", *body, '\tother := {"x": "y"}']
            lines += [f'\tresult := object.union({literal}, {{"more": other}})', "}"]
        case _:
            lines += [f"{name} contains result if {{", *body, f"\tresult := {literal}", "}"]
    return [*lines, ""]


def _code(choices: Choices, library: Library, package: str, short: str, number: int) -> str:
    """The code that a rule reports, as Rego."""
    if choices.chance(70):
        code = f"{package}.{short}"
    elif choices.chance(60):
        code = choices.pick([*library.codes, "a.r1"])
    else:
        odd = ("zz.other", "nodot", f"{package.partition('.')[0]}.un{number}", "", ".r1", "a.")
        value = choices.pick((*odd, '["a.r1"]', "5", '["", "a.r2"]'))
        if value not in odd:
            return value
        code = value
    library.codes.append(code)
    return json.dumps(code)


def _annotation(choices: Choices, library: Library, short: str, number: int) -> list[str]:
    lines = ["# METADATA"]
    if choices.chance(8):
        lines += [f"# scope: {choices.pick(('rule', 'document'))}"]
    lines += [f"# title: T{number}"] if choices.chance(90) else []
    if choices.chance(50):
        lines += [f"# description: {choices.pick(DESCRIPTIONS)}"]
    lines += ["# custom:"]
    if choices.chance(80):
        lines += [f"#   short_name: {short if choices.chance(95) else choices.pick(SHORT_NAMES)}"]
    else:
        lines += ["#   other: 1"]
    if choices.chance(40):
        wrong = ("c1", "[c1, 5, null]", "{c1: c2}", "[c1, 2020-01-01]")
        lines += [f"#   collections: {_list_all(choices, COLLECTIONS) if choices.chance(90) else choices.pick(wrong)}"]
    if choices.chance(30):
        codes = [*library.codes, "a.r1", "q.q"]
        scalars = (json.dumps(choices.pick(codes)), "5", "[5, null]", "null", "[]", "2020-01-01", "[{k: 2020-01-01}]")
        lines += [
            f"#   depends_on: {json.dumps(choices.several(codes, 3)) if choices.chance(75) else choices.pick(scalars)}"
        ]
    if choices.chance(30):
        date = choices.pick(DATES)
        spellings = (
            json.dumps(date),
            json.dumps(date),
            date,
            "2099-02-02",
            "5",
            "[2030-01-01]",
            "2031-01-01T00:00:00.5+01:00",
        )
        lines += [f"#   effective_on: {choices.pick(spellings)}"]
    if choices.chance(30):
        lines += [f"#   solution: {choices.pick(SOLUTIONS)}"]
    if choices.chance(15):
        lines += [f"#   severity: {choices.pick(('failure', 'warning'))}"]
    if choices.chance(35):
        odd = ("rel", "[rel, 5]", "null", "[rel, 2020-01-01]")
        lines += [
            f"#   pipeline_intention: {_list_all(choices, INTENTIONS) if choices.chance(90) else choices.pick(odd)}"
        ]
    return lines


def _list_all(choices: Choices, options: Sequence[str]) -> str:
    return json.dumps(choices.distinct(options, 0, 2))


def _odd(choices: Choices, name: str, number: int) -> list[str]:
    """Rules whose values aren't sets of objects."""
    value = choices.pick(ODD_VALUES)
    return choices.pick(
        (
            [f"{name} contains value if {{", f"\tsome value in [{value}]", "}"],
            [f"{name} contains value if {{", f"\tvalue := {value}", "}"],
            [f"{name} := value if {{", f'\tvalue := ["text {number}", {value}]', "}"],
            [f"{name}[key] := value if {{", f'\tsome key, value in {{"k": {value}}}', "}"],
            [f"{name} contains value if {{", f'\tsome value in {{"a": {value}, "b": "text {number}"}}', "}"],
            [f'{name} := "text {number}"'],
            [f'{name} := {{"msg": "whole {number}"}}'],
            [f"{name}_part{number} contains value if {{", f"\tvalue := {value}", "}"],
            [f"{name} contains value if {{", f"\tsome value in numbers.range(1, {number})", "}"],
        )
    )
