"""`inspect policy` and `inspect policy-data` in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from refimpl.command_line.commands import INSPECT_POLICY, INSPECT_POLICY_DATA
from refimpl.command_line.flags import parse_flags
from refimpl.command_line.options import Options
from refimpl.commands.inspect_data import inspect_data
from refimpl.commands.inspect_policy import inspect_policy
from refimpl.errors import Error, OutputError, PolicyError, TimeoutExceededError, UsageError
from refimpl.policy.sources.fetcher import source_id

if TYPE_CHECKING:
    from pathlib import Path

_RULES = """# METADATA
# title: The package
# custom:
#   short_name: whole
package a.b

# METADATA
# title: One
# custom:
#   short_name: one
#   collections: [c, 5]
deny contains "x"

warn_z contains "y"

helping := 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.rego").write_text(_RULES)
    return tmp_path


class Shell:
    """Carries out commands in a folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._environ = {"HOME": str(folder), "TMPDIR": str(folder)}
        self._capsys = capsys

    def policy(self, *words: str) -> str:
        parsed = parse_flags(INSPECT_POLICY, words)
        inspect_policy(parsed, Options.from_flags(parsed.values), self._environ)
        return self._capsys.readouterr().out

    def data(self, *words: str) -> str:
        parsed = parse_flags(INSPECT_POLICY_DATA, words)
        inspect_data(parsed, Options.from_flags(parsed.values), self._environ)
        return self._capsys.readouterr().out


@pytest.fixture
def shell(folder: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(folder, capsys)


def test_only_rules_are_listed_for_people(shell: Shell) -> None:
    assert shell.policy("-s", "./rules") == (
        "# Source: file::./rules\n\n"
        "a.b.one (deny)\nhttps://conforma.dev/docs/policy/packages/release_b.html#b__one\nOne\n\n[c]\n--\n"
        "a.b.warn_z\n(No annotations found)\n--\n"
    )


def test_rules_without_annotations_have_their_place_in_json(shell: Shell) -> None:
    # The contract's program crashes here.
    links = json.loads(shell.policy("-s", "./rules", "-o", "json"))["file::./rules"]
    package, one = "The package", "One"
    assert [link.get("annotations", {}).get("title") for link in links] == [one, package, None, package, package]
    assert links[2] == {
        "location": {"file": "a.rego", "row": 14, "col": 1},
        "path": [
            {"type": "var", "value": "data"},
            {"type": "string", "value": "a"},
            {"type": "string", "value": "b"},
            {"type": "string", "value": "warn_z"},
        ],
    }


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("", 5),
        ("--rule one", 1),
        ("--rule a.b.one", 1),
        ("--rule whole", 3),
        ("--rule a.b.warn_z", 1),
        ("--rule on", 0),
        ("--package a.b", 5),
        ("--package b", 0),
        ("--collection c", 1),
        ("--collection @c", 0),
        ("--rule warn_z --collection c", 2),
    ],
)
def test_what_is_named_is_chosen(shell: Shell, words: str, count: int) -> None:
    found = json.loads(shell.policy("-s", "rules", "-o", "json", *words.split()))
    assert len(found["file::rules"]) == count


def test_sources_come_once_in_the_order_of_their_urls(shell: Shell, folder: Path) -> None:
    (folder / "bare").mkdir()
    (folder / "bare" / "b.rego").write_text('package z\nviolation contains "v"')
    out = shell.policy("-s", "./rules", "-s", "file::./rules", "-s", "./bare")
    assert [line for line in out.splitlines() if line.startswith("#")] == [
        "# Source: file::./bare",
        "# Source: file::./rules",
    ]


def test_commas_belong_to_a_source(shell: Shell) -> None:
    with pytest.raises(PolicyError, match=r"stat ./rules,./more: no such file"):
        shell.policy("-s", "./rules,./more")


def test_no_source_gives_nothing(shell: Shell) -> None:
    assert (shell.policy(), shell.policy("-o", "json")) == ("", "{}\n")


def test_sources_may_be_kept_and_kept_again(shell: Shell, folder: Path) -> None:
    for _ in range(2):
        shell.policy("-s", "./rules", "-d", "kept")
    assert (folder / "kept" / "policy" / source_id("./rules") / "a.rego").read_text() == _RULES
    assert not list(folder.glob("ec-work-*"))


def test_sources_that_cannot_be_kept_are_told(shell: Shell, folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(OutputError, match="file/policy/"):
        shell.policy("-s", "./rules", "-d", "file")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        (
            ["-s", "x", "-o", "xml"],
            UsageError,
            "^invalid value for --output 'xml'. accepted values: json, text, names, ",
        ),
        (
            ["-s", "x", "-p", '{"sources": []}'],
            UsageError,
            r"^if any flags in the group \[policy source\] are set none ",
        ),
        (["-s", "x", "-p", '{"zz": 1}'], PolicyError, "additionalProperties 'zz' not allowed"),
        (["-p", "./policy.yaml"], PolicyError, "Kubernetes"),
        (["-s", "./rules", "--timeout", "1ns"], TimeoutExceededError, "1ns"),
    ],
)
def test_command_lines_that_are_refused(shell: Shell, words: list[str], error: type[Error], text: str) -> None:
    with pytest.raises(error, match=text):
        shell.policy(*words)


def test_rules_that_cannot_be_results_are_told(shell: Shell, folder: Path) -> None:
    (folder / "rules" / "bad.rego").write_text("package q\ndeny contains 5")
    with pytest.raises(PolicyError, match=r"returns an unsupported value, at bad.rego:2"):
        shell.policy("-s", "./rules")


def test_data_of_all_files_are_one_object(shell: Shell, folder: Path) -> None:
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "z.json").write_text('{"z": 1.50, "a": {"b": "<"}}')
    (folder / "data" / "deep" / "y.yml").write_text("big: 12345678901234567890\n")
    (folder / "data" / "empty.yaml").write_text("")
    (folder / "data" / "no.txt").write_text("no: data")
    assert shell.data("-s", "./data") == '{"a":{"b":"\\u003c"},"big":12345678901234567000,"z":1.5}\n'
    assert shell.data("-s", "./data", "-o", "yaml") == "a:\n  b: <\nbig: 12345678901234567000\nz: 1.5\n\n"
    with pytest.raises(PolicyError, match=r"^Merge error. The '\w+' key was found more than once!$"):
        shell.data("-s", "./data", "-s", "./data")


def test_ends_of_data_files_in_any_case(shell: Shell, folder: Path) -> None:
    (folder / "data").mkdir()
    for name in ("A.JSON", "b.Yaml", "C.YML", "d.json", "e.jsonx"):
        (folder / "data" / name).write_text(f'{{"{name[0]}": 1}}')
    assert shell.data("-s", "./data") == '{"A":1,"C":1,"b":1,"d":1}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", r"cannot unmarshal array into Go value of type map\[string\]interface {}, in d.json"),
        ("true", "cannot unmarshal bool into"),
        ("5", "cannot unmarshal number into"),
        ("x", "cannot unmarshal string into"),
        ("{", "error converting YAML to JSON: yaml: .*, in d.json"),
    ],
)
def test_files_that_are_no_data(shell: Shell, folder: Path, text: str, message: str) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "d.json").write_text(text)
    with pytest.raises(PolicyError, match=message):
        shell.data("-s", "./data")


@pytest.mark.parametrize(
    ("words", "text"),
    [([], r'^required flag\(s\) "source" not set$'), (["-s", "x", "-o", "text"], "accepted values: json, yaml$")],
)
def test_data_need_a_source_and_a_format(shell: Shell, words: list[str], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        shell.data(*words)
