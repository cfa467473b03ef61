"""`validate input` in this process: files, documents, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from refimpl.command_line.commands import VALIDATE_INPUT
from refimpl.command_line.flags import parse_flags
from refimpl.command_line.options import Options
from refimpl.commands.input_files import check_path, input_files
from refimpl.commands.validate_input import read_paths, validate_input
from refimpl.errors import (
    ComponentError,
    InputError,
    NotSupportedError,
    OutputError,
    TimeoutExceededError,
    UnsuccessfulError,
    UsageError,
)

_RULES = """package p

import rego.v1

# METADATA
# title: Denied
# custom:
#   short_name: denied
deny contains {"code": "p.denied", "msg": "denied"} if input.denied

# METADATA
# custom:
#   short_name: seen
warn contains {"code": "p.seen", "msg": sprintf("%s %v", [data.conftest.file.name, input])}

# METADATA
# custom:
#   short_name: key
warn contains {"code": "p.key", "msg": data.config.default_sigstore_opts.public_key} if input.key
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "p.rego").write_text(_RULES)
    return tmp_path


def _judge(folder: Path, *paths: str, policy: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    spec = {"sources": [{"policy": ["./rules"]}], **(policy or {})}
    report = folder / "report.json"
    options = Options(**({"policy": json.dumps(spec), "output": (f"json={report}",)} | changes))
    environ = {"HOME": str(folder), "TMPDIR": str(folder)}
    try:
        validate_input(paths, options, environ)
        succeeded = True
    except UnsuccessfulError:
        succeeded = False
    document: dict[str, Any] = json.loads(report.read_text())
    assert document["success"] is succeeded
    return document


def _documents(path: Path, content: bytes) -> list[Any]:
    path.write_bytes(content)
    (file,) = input_files(str(path))
    return [json.loads(document) for document in file.documents]


def test_each_file_is_judged_by_itself(folder: Path) -> None:
    (folder / "a.json").write_text('{"denied": true}')
    (folder / "b.yaml").write_text("denied: false")
    report = _judge(folder, "a.json", "b.yaml")
    assert [(file["filepath"], file["success"]) for file in report["filepaths"]] == [
        ("b.yaml", True),
        ("a.json", False),
    ]
    assert report["policy"] == {"sources": [{"policy": ["./rules"]}]}


def test_rules_see_the_name_of_the_file_at_hand(folder: Path) -> None:
    names = [f"{number}.json" for number in range(8)]
    for name in names:
        (folder / name).write_text("[1, 2]")
    report = _judge(folder, *names)
    said = {file["filepath"]: [result["msg"] for result in file["warnings"]] for file in report["filepaths"]}
    assert said == {name: [f"{name} 1", f"{name} 2"] for name in names}


def test_the_key_of_the_policy_is_there_for_rules(folder: Path) -> None:
    from ec_acceptance.testbed.signing import KeyPair

    key = KeyPair.derive("test", "key")
    (folder / "key.pub").write_text(key.public_pem)
    (folder / "a.json").write_text('{"key": true}')
    (file,) = _judge(folder, "a.json", policy={"publicKey": "key.pub"})["filepaths"]
    assert [result["msg"] for result in file["warnings"] if result["metadata"]["code"] == "p.key"] == [key.public_pem]


def test_who_may_sign_does_not_count(folder: Path) -> None:
    (folder / "a.json").write_text("{}")
    assert _judge(folder, "a.json", policy={"identity": {"subject": "half of it"}})["success"]


def test_errors_of_files_are_joined_in_their_order(folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    (folder / "good.json").write_text("{}")
    with pytest.raises(ComponentError) as raised:
        _judge(folder, "none.json", "good.json", "bad.json")
    assert str(raised.value) == (
        "error validating file none.json: unable to parse the provided input file: none.json\n"
        "error validating file bad.json: evaluating policy: parse configurations: parser unmarshal: unmarshal json: "
        "unexpected end of JSON input, path: bad.json"
    )
    assert not (folder / "report.json").exists()


def test_what_is_wrong_with_rules_comes_before_what_is_wrong_with_files(folder: Path) -> None:
    (folder / "rules" / "p.rego").write_text("package p\ndeny contains 5")
    (folder / "bad.json").write_text("{")
    with pytest.raises(ComponentError, match=r"evaluating policy: the rule .* returns an unsupported value"):
        _judge(folder, "bad.json")


def test_sources_are_missed_by_every_file(folder: Path) -> None:
    (folder / "a.json").write_text("{}")
    (folder / "b.json").write_text("{}")
    missing = {"sources": [{"policy": ["./nowhere"]}]}
    with pytest.raises(ComponentError) as raised:
        _judge(folder, "a.json", "b.json", policy=missing)
    cause = "evaluating policy: source file does not exist: stat ./nowhere: no such file or directory"
    assert str(raised.value).splitlines() == [f"error validating file {name}.json: {cause}" for name in "ab"]


def test_without_sources_nothing_is_read(folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    assert _judge(folder, "bad.json", policy={"sources": []})["success"]


def test_hidden_warnings_are_not_in_the_report(folder: Path) -> None:
    (folder / "a.json").write_text("{}")
    (file,) = _judge(folder, "a.json", show_warnings=False)["filepaths"]
    assert file["warnings"] is None


def test_the_text_of_files_without_results_is_a_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.json").write_text("{}")
    _judge(folder, "a.json", policy={"sources": []}, output=("text", f"json={folder / 'report.json'}"))
    assert capsys.readouterr().out == (
        "Success: true\nResult: SUCCESS\nViolations: 0, Warnings: 0, Successes: 0\nInput File: a.json\n\n"
    )


def test_options_of_targets_do_not_count_but_must_be_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.json").write_text('{"denied": false}')
    _judge(folder, "a.json", output=("text?show-warnings=false", f"json={folder / 'report.json'}"))
    assert "[Warning] p.seen" in capsys.readouterr().out
    with pytest.raises(OutputError, match='parsing "x": invalid syntax'):
        _judge(folder, "a.json", output=("text?show-warnings=x",))


def test_the_time_ends_it(folder: Path) -> None:
    (folder / "a.json").write_text("{}")
    with pytest.raises(TimeoutExceededError, match="exceeded allowed execution time of 1ns"):
        _judge(folder, "a.json", timeout=1e-9)


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ("a b -f c,d --file e -p x", ("a", "b", "c", "d", "e")),
        ("a a -f a -p x", ("a",)),
    ],
)
def test_paths_come_once_arguments_first(words: str, paths: tuple[str, ...]) -> None:
    assert read_paths(parse_flags(VALIDATE_INPUT, words.split())) == paths


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        (["-p", "x"], UsageError, "at least one input file"),
        (["", "-p", "x"], UsageError, "at least one input file"),
        (["a"], UsageError, r'required flag\(s\) "policy" not set'),
        (["a", "--server"], UsageError, "mutually exclusive"),
    ],
)
def test_command_lines_that_are_refused(words: list[str], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        read_paths(parse_flags(VALIDATE_INPUT, words))


@pytest.mark.parametrize(
    ("name", "content", "documents"),
    [
        ("a.json", b'{"a": 1}\n', [{"a": 1}]),
        ("a.JSON", b'\xef\xbb\xbf{"a": 1}', [{"a": 1}]),
        ("a.json", b'{"a": "\xff\\ud800"}', [{"a": "\ufffd\ufffd"}]),
        ("a.json", b"[1, [2]]", [1, [2]]),
        ("a.json", b"[]", []),
        ("a.json", b'{"a": 1, "a": 2}', [{"a": 2}]),
        ("a.yaml", b"", [None]),
        ("a.yml", b"- 1\n- 2\n", [1, 2]),
        ("a.yaml", b"a: 1\n---\n- 2\n", [{"a": 1}, [2]]),
        ("a.yaml", b"---\na: 1\n---\n", [{"a": 1}, None]),
        ("a.yaml", b"a: 1\n--- \nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a.yaml", b"a: 1\n--- # more\nb: 2\n...\n---\n- c\n", [{"a": 1}, {"b": 2}, ["c"]]),
        ("a.yaml", b"# first\n---\na: 1\n", [None, {"a": 1}]),
        ("a.yaml", b"%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
        ("a.yaml", b"%YAML 1.2\n# first\n---\n- 1\n- 2\n", [1, 2]),
        (
            "a.yaml",
            b"# first\n%TAG !e! tag:example.com,2000:\n---\na: !e!x {b: 1}\n---\nc: 2\n",
            [{"a": {"b": 1}}, {"c": 2}],
        ),
        ("a.yaml", b"%YAML 1.1\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a.yaml", "a: \u00fc\n---\nb: 2\n".encode("utf-16"), [{"a": "\u00fc"}, {"b": 2}]),
        ("a.yaml", b"a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("a.yaml", b'a: "x\n  ---y"\n', [{"a": "x ---y"}]),
    ],
)
def test_the_documents_of_a_file(tmp_path: Path, name: str, content: bytes, documents: list[Any]) -> None:
    assert _documents(tmp_path / name, content) == documents


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.json", b'{"a": NaN}', "unmarshal json: invalid character 'N' looking for beginning of value, path: "),
        (
            "a.json",
            b'{"a": 1e999}',
            "unmarshal json: json: cannot unmarshal number 1e999 into Go value of type float64",
        ),
        ("a.json", b'{"a": 1' + b"0" * 400 + b"}", "json: cannot unmarshal number 10{400} into Go value"),
        ("a.json", b'{"a": 1' + b"0" * 100_000 + b"}", "json: cannot unmarshal number 10{999}… into Go value"),
        ("a.json", b"{} {}", "unmarshal json: invalid character '{' after top-level value"),
        ("a.yaml", b"a: [", "unmarshal yaml: error converting YAML to JSON: yaml: "),
        ("a.yaml", b"a: 1\n---\nb: [\n", "unmarshal multiple documents: unmarshal subdocument yaml: error converting"),
        ("a.yaml", b"a: \xff\n", "error converting YAML to JSON: yaml: "),
        ("a.yaml", b'a: "\\ud800"', "error converting YAML to JSON: "),
        ("a", b"a: 1", "new parser: new: unknown parser: , path: "),
        ("a.md", b"a: 1", "new parser: new: unknown parser: md, path: "),
    ],
)
def test_files_that_are_not_what_their_names_say(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    with pytest.raises(InputError, match=f"^parse configurations: .*{text}"):
        _documents(tmp_path / name, content)


@pytest.mark.parametrize("name", ["a.toml", "a.TF", "Dockerfile.base", ".env.local", "a.jsonc"])
def test_other_kinds_of_files_are_named_as_not_supported(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotSupportedError, match=f"{name} is not supported yet: only JSON and YAML files are"):
        _documents(tmp_path / name, b"a = 1")


def test_a_directory_is_all_files_below_it(tmp_path: Path) -> None:
    for name in ("b/c.json", ".hidden/d.json", "a.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'"{name}"')
    files = input_files(str(tmp_path))
    assert [json.loads(document) for file in files for document in file.documents] == [
        ".hidden/d.json",
        "a.json",
        "b/c.json",
    ]
    assert files[-1].data == {"conftest/file": {"name": "c.json", "dir": str(tmp_path / "b")}}


def _names_below(folder: Path) -> list[str]:
    places = [(file.data or {})["conftest/file"] for file in input_files(str(folder))]
    return [os.path.relpath(f"{place['dir']}/{place['name']}", folder) for place in places]


def test_files_that_nobody_reads_are_passed_over_in_folders_only(tmp_path: Path) -> None:
    for name in ("a.json", "chart/notes.txt", "chart/HEAD", "chart/values.YAML", "chart/deep/b.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert _names_below(tmp_path) == ["a.json", "chart/deep/b.yml", "chart/values.YAML"]
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match="unknown parser: txt"):
        input_files(str(tmp_path))


def test_links_are_followed_once(tmp_path: Path) -> None:
    for name in ("in/a.json", "in/s/b.json", "out/c.json", "out/d.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "in/s/folder").symlink_to("../../out")
    (tmp_path / "in/s/again").symlink_to(tmp_path / "in/s/folder")
    (tmp_path / "in/s/file.txt").symlink_to("../../out/d.json")
    (tmp_path / "in/s/up").symlink_to("..")
    (tmp_path / "in/top").symlink_to("../out")
    names = ["a.json", "s/b.json", "../out/d.json", "../out/c.json"]
    assert sorted(_names_below(tmp_path / "in")) == sorted(names)


def test_folders_may_be_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.json").write_text("{}")
    os.chdir(tmp_path)
    assert len(input_files("d")) == 1
    while Path("d/d").exists():  # pytest couldn't remove it
        Path("d/d").rename("e")
        Path("d").rmdir()
        Path("e").rename("d")


def test_what_is_no_file_in_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    os.mkfifo(tmp_path / "s" / "a.json")
    with pytest.raises(InputError, match=r"open .*/s/a\.json: not a regular file"):
        input_files(str(tmp_path))


@pytest.mark.parametrize("target", ["nowhere", "a.json"])
def test_a_link_in_a_folder_that_leads_nowhere_is_told(tmp_path: Path, target: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "a.json").symlink_to(target)
    with pytest.raises(InputError, match=r"parse files: get files from directory: lstat "):
        input_files(str(tmp_path))


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"parse files: get file info: stat .*a.json: no such file or directory"):
        input_files(str(tmp_path))


def test_paths_without_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(InputError, match=f"^the directory {tmp_path}/empty/deep contained no files$"):
        check_path(f"{tmp_path}/empty/deep")
    with pytest.raises(InputError, match=r"^parse files: no files found$"):
        input_files(f"{tmp_path}/empty")
    with pytest.raises(InputError, match=f"^stat {tmp_path}/a.json/b: not a directory$"):
        check_path(f"{tmp_path}/a.json/b")
    with pytest.raises(InputError, match=r"^unable to parse the provided input file: nowhere$"):
        check_path("nowhere")
