from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from refimpl.errors import PolicyError
from refimpl.golang.jsontext import Number
from refimpl.rego.engine import DateText
from refimpl.rego.host import Host
from refimpl.result import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refimpl.rego.engine import RuleEntry


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host.start() as host:
        yield host


def inspected(host: Host, directory: Path, **files: str) -> list[RuleEntry]:
    for name, text in files.items():
        path = directory / name.replace("__", "/")
        path = path.with_name(path.name + ".rego")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return host.inspect(directory)


def test_chain_goes_from_the_rule_outwards(host: Host, tmp_path: Path) -> None:
    text = """\
# METADATA
# scope: subpackages
# title: outer
package a

# METADATA
# scope: document
# title: document
# custom:
#   short_name: d

# METADATA
# title: own
# description: says more
# custom:
#   short_name: 12
#   effective_on: 2099-02-02
#   quoted: "2099-02-02"
#   ratio: 1.50
#   endless: .inf
#   collections: [x, 3]
#   days: [2020-01-01, {one: 2020-01-01T10:11:12.5+02:00}, "2020-01-01"]
#   solution: 2020-01-01T10:11:12.5+02:00
deny contains "x"

deny contains "y"
"""
    first, second = inspected(host, tmp_path, a=text)
    assert (first.package, first.name, first.file, first.row) == ("a", "deny", "a.rego", 24)
    assert [(link.scope, link.title) for link in first.chain] == [
        ("rule", "own"),
        ("document", "document"),
        ("subpackages", "outer"),
    ]
    assert first.chain[0].description == "says more"
    assert first.chain[0].custom == {
        "short_name": 12,
        "effective_on": "2099-02-02T00:00:00Z",
        "quoted": "2099-02-02",
        "ratio": 1.5,
        "endless": "+Inf",
        "collections": ["x", 3],
        "days": [
            DateText("2020-01-01 00:00:00 +0000 UTC"),
            {"one": DateText("2020-01-01 10:11:12.5 +0200 +0200")},
            "2020-01-01",
        ],
        "solution": "2020-01-01T10:11:12+02:00",
    }
    assert plain_text(first.chain[0].custom["days"][0]) is None
    assert [link.scope for link in second.chain] == ["", "document", "subpackages"]


def test_files_are_taken_in_order_and_tests_left_out(host: Host, tmp_path: Path) -> None:
    entries = inspected(
        host,
        tmp_path,
        z='package z\nwarn contains "z"',
        s__b='package b\nwarn contains "b"',
        a_Test="nonsense",
    )
    assert [(entry.file, entry.package) for entry in entries] == [("s/b.rego", "b"), ("z.rego", "z")]


def test_suffix_is_matched_in_any_case(host: Host, tmp_path: Path) -> None:
    (tmp_path / "A.REGO").write_text('package a\ndeny contains "x"')
    assert [entry.file for entry in host.inspect(tmp_path)] == ["A.REGO"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('deny contains r if { r := {"code": "a.one", "msg": "m"} }', "a.one"),
        ('deny contains r if { c := "x"; r := {"code": c, "msg": "m"}; s := {"code": "s.t"}; s }', "s.t"),
        ('deny contains r if { r := {"code": 5, "msg": "m"} }', "a.deny"),
        ('deny contains r if { r = {"code": "a.one", "msg": "m"} }', "a.deny"),
        ('deny contains {"code": "a.head", "msg": "m"}', "a.deny"),
        ('deny contains r if { some r in [z | z := {"code": "a.inner"}] }', "a.deny"),
        ('deny_x contains "m"', "a.deny_x"),
    ],
)
def test_code_of_a_rule_without_metadata(host: Host, tmp_path: Path, rule: str, code: str) -> None:
    (entry,) = inspected(host, tmp_path, a=f"package a.b\n{rule}")
    assert entry.code == code


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("deny contains 5 if { true }", "deny contains 5 if { true }"),
        ("deny if true", "deny = true if { true }"),
        ("deny.x := 1", "deny.x := 1 if { true }"),
        ('deny["x"] := true', "deny.x := true if { true }"),
        ("deny.a.b := 1", "deny.a.b := 1 if { true }"),
        ('deny := ["x"] if { input.x }', 'deny := [\\"x\\"] if { input.x }'),
        ("deny contains input.x", "deny contains input.x if { true }"),
    ],
)
def test_unsupported_values_are_named(host: Host, tmp_path: Path, rule: str, shown: str) -> None:
    (entry,) = inspected(host, tmp_path, a=f"package a\n{rule}")
    assert entry.chain[0].unsupported == f'the rule "{shown}" returns an unsupported value, at a.rego:2'


@pytest.mark.parametrize("value", ['"x"', "x", '{"msg": "x"}', 'concat("", ["x"])'])
def test_supported_values_are_not(host: Host, tmp_path: Path, value: str) -> None:
    (entry,) = inspected(host, tmp_path, a=f'package a\ndeny contains {value} if {{ x := "x"; x }}')
    assert entry.chain[0].unsupported == ""


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_directory_may_be_a_link(host: Host, tmp_path: Path) -> None:
    inspected(host, tmp_path / "real", a='package a\ndeny contains "x"')
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert [entry.file for entry in host.inspect(tmp_path / "link")] == ["a.rego"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('deny contains "x"', "1 error occurred: a.rego:1: rego_parse_error: package expected"),
        (
            "package a\ndeny[x] { x }",
            """\
2 errors occurred:
a.rego:2: rego_parse_error: `if` keyword is required before rule body
a.rego:2: rego_parse_error: `contains` keyword is required for partial set rules""",
        ),
        (
            "package a\n\n# METADATA\n# title: [\nfoo := 1",
            """\
1 error occurred: a.rego:4: rego_parse_error: yaml: line 1: did not find expected node content
\t# title: [
\t^""",
        ),
        ("", "a.rego:0: rego_parse_error: empty module"),
        (
            "package a\n# METADATA\n# scope: document\ndeny := 1\n# METADATA\n# scope: document\ndeny := 2",
            "1 error occurred: a.rego:5: rego_type_error: document annotation redeclared: a.rego:2",
        ),
    ],
)
def test_what_does_not_parse_is_told_in_opas_words(host: Host, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PolicyError) as raised:
        inspected(host, tmp_path, a=text)
    assert str(raised.value) == message


def test_no_policy_file(host: Host, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"^no rego files found in policy subdirectory$"):
        inspected(host, tmp_path, a_test='package a\ndeny contains "x"')


def test_whole_annotations_are_as_opa_writes_them(host: Host, tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text(
        "package p\n\n# METADATA\n# title: T\n# organizations: [Acme]\n# custom:\n"
        '#   ratio: 1.50\n#   on: 2030-01-02T00:00:00.5Z\ndeny contains "x"\n\nwarn contains "y"\n',
        encoding="utf-8",
    )
    ours, none = (entry.chain[0].whole for entry in host.inspect(tmp_path, whole=True))
    path = [{"type": "var", "value": "data"}, {"type": "string", "value": "p"}, {"type": "string", "value": "deny"}]
    assert ours is not None
    assert none is not None
    assert {**ours, "annotations": {**ours["annotations"], "custom": None}} == {
        "annotations": {"custom": None, "organizations": ["Acme"], "scope": "rule", "title": "T"},
        "location": {"file": "a.rego", "row": 9, "col": 1},
        "path": path,
    }
    assert ours["annotations"]["custom"] == {"ratio": Number("1.5"), "on": "2030-01-02T00:00:00.5Z"}
    warn = {"type": "string", "value": "warn"}
    assert none == {"location": {"file": "a.rego", "row": 11, "col": 1}, "path": [*path[:2], warn]}
    assert [entry.chain[0].whole for entry in host.inspect(tmp_path)] == [None, None]
