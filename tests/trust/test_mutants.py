"""The list of mutants, and how the matrix judges them."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

sys.path.append(str(Path(__file__).parents[2]))  # `mutants` isn't installed; what is installed comes first

from mutants.catalogue import CONTROL, DuplicateError, Kind, Mutant, all_mutants, find, mutant
from mutants.cli import main, part
from mutants.junit import junit
from mutants.matrix import PLAIN, Matrix, plain
from mutants.page import page
from mutants.replacement import MissingPartError, change, replace
from mutants.scenarios import ROOT, Scenario, all_scenarios, choose
from mutants.trial import Finding, Trial, TrialError, Trials, read_record, validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MUTANTS = all_mutants()
_SCENARIOS = all_scenarios()
_PASSED, _FAILED, _ERROR = (Finding(status, 0.1) for status in ("passed", "failed", "error"))
_SKIPPED = Finding("skipped", 0.0)


def _scenario(name: str, feature: str = "layer_cache/any") -> Scenario:
    return Scenario(name, f"what {name} is about", feature, frozenset({name, name.partition(".")[0]}))


def _mutant(*named: str, kind: Kind = Kind.ENTRIES) -> Mutant:
    return Mutant("wrong", "It is wrong.", kind, named, lambda: None)


def _matrix(one: Mutant, found: dict[str, Finding], *names: str) -> Matrix:
    scenarios = {name: _scenario(name) for name in names} | {
        name: _scenario(name, "validate_image/any") for name in PLAIN
    }
    return Matrix(scenarios, {one.name: one}, {one.name: {**dict.fromkeys(PLAIN, _PASSED), **found}})


def test_there_are_enough_mutants_besides_those_that_do_nothing() -> None:
    assert sum(one.kind.works for one in _MUTANTS.values()) >= 24
    assert {one.name for one in _MUTANTS.values() if not one.kind.works} == {"true", "false", "hang", "echo"}


def test_there_are_enough_mutants_that_evaluate_wrongly_and_scenarios_about_policies_are_to_find_them() -> None:
    of_policies = {name for name, one in _SCENARIOS.items() if one.feature.startswith("policy/")}
    evaluating = [one for one in _MUTANTS.values() if one.kind in {Kind.VERDICT, Kind.CRITERIA, Kind.SOURCES}]
    assert sum(not of_policies.isdisjoint(one.scenarios) for one in evaluating) >= 15


def test_a_scenario_is_where_its_places_say() -> None:
    for one in _SCENARIOS.values():
        assert one.places
        for place in one.places:
            path, _, line = place.rpartition(":")
            text = Path(path).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip()
            assert text.startswith(("|", "Scenario")), place


def test_each_mutant_is_found_by_its_name_alone() -> None:
    assert all(find(name) is one for name, one in _MUTANTS.items())
    assert find("no-such-mutant") is None


def test_no_mutant_is_called_like_the_control_or_an_option() -> None:
    assert CONTROL not in _MUTANTS
    assert all(not name.startswith("-") for name in _MUTANTS)


@pytest.mark.parametrize("name", _MUTANTS)
def test_each_mutant_has_a_fault_and_scenarios_that_exist(name: str) -> None:
    one = _MUTANTS[name]
    assert one.fault.endswith(".")
    assert one.scenarios
    assert [tag for tag in one.scenarios if not choose(_SCENARIOS, [tag])] == []


@pytest.mark.parametrize("name", _MUTANTS)
def test_something_of_the_plain_happy_path_is_left_for_each_mutant(name: str) -> None:
    assert plain(_MUTANTS[name])


def test_only_faults_in_layers_are_held_against_scenarios_of_layers() -> None:
    assert plain(_mutant("verdict-01", kind=Kind.VERDICT)) == ("happy-01",)
    assert plain(_mutant("cache-01", kind=Kind.TRANSFER)) == PLAIN
    assert plain(_mutant("happy-01", kind=Kind.VERDICT)) == PLAIN[1:]


def test_the_control_may_come_from_a_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    row = {"tags": ["cache-01.1", "cache-01"], "status": "passed", "seconds": 0.5, "step": "", "message": ""}
    failed = {**row, "status": "failed", "step": "Then x", "message": "why"}
    other = {**row, "tags": ["cache-02.1", "cache-02"], "status": "broken"}
    report.write_text(json.dumps({"results": [row, failed, row, other]}), encoding="utf-8")
    found = read_record(report)
    assert found["cache-01.1"] == Finding("failed", 0.5, "Then x: why")
    assert found["cache-02.1"].status == "error"
    report.write_text("{}", encoding="utf-8")
    with pytest.raises(TrialError, match="no report of ec-conformance"):
        read_record(report)


def test_every_scenario_of_the_cache_is_named_for_a_mutant_that_works() -> None:
    named = {one.id for wrong in _MUTANTS.values() if wrong.kind.works for one in choose(_SCENARIOS, wrong.scenarios)}
    assert [one.id for one in _SCENARIOS.values() if one.of_cache and one.id not in named] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the mutants of locks are made for systems with flock")
def test_the_parts_that_mutants_replace_are_there() -> None:
    program = (
        "import os\n"
        "import refimpl.commands.validate_image\n"
        "from mutants.catalogue import all_mutants\n"
        "wrong = []\n"
        "for one in all_mutants().values():\n"
        "    if one.kind.works and not (child := os.fork()):\n"
        "        try:\n"
        "            one.apply()\n"
        "        except BaseException as error:\n"
        "            print(one.name, repr(error), flush=True)\n"
        "        os._exit(0)\n"
        "    elif one.kind.works:\n"
        "        os.waitpid(child, 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)


@pytest.mark.parametrize(("name", "status", "out"), [("true", 0, ""), ("false", 1, ""), (CONTROL, 0, "v0.")])
def test_a_mutant_has_a_command_line_of_its_own_in_any_folder(name: str, status: int, out: str, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "mutants"), name, "version", "--short"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout[:3], ended.stderr) == (status, out, "")
    assert validator(name).endswith(f" {name}")


def test_a_name_is_a_mutant_by_the_folder_and_a_row_of_the_matrix_by_the_module() -> None:
    for words, status in (([str(ROOT / "mutants"), "nobody"], 1), (["-m", "mutants", "nobody"], 2)):
        ended = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == status
        assert ended.stderr == "no such mutant: nobody\n"
    ended = subprocess.run(
        [sys.executable, "-m", "mutants", "true", "--list"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, len(_MUTANTS))


def test_two_mutants_cannot_have_one_name() -> None:
    with pytest.raises(DuplicateError):
        mutant("true", "It is another one.", Kind.NOTHING, "happy-01")(lambda: None)


def test_a_part_that_is_gone_is_an_error_and_no_mutant_without_a_fault() -> None:
    class Owner:
        part = 1

    replace(Owner, "part", 2)
    assert Owner.part == 2
    with pytest.raises(MissingPartError):
        replace(Owner, "gone", 2)
    with pytest.raises(MissingPartError):
        change(Owner, "gone")


def test_a_changed_part_gets_the_original_first() -> None:
    class Owner:
        def twice(self, number: int) -> int:
            return 2 * number

    @change(Owner, "twice")
    def one_more(original: Any, self: Owner, number: int) -> int:
        return int(original(self, number)) + 1

    assert Owner().twice(4) == 9


def test_killed_when_a_named_scenario_fails() -> None:
    matrix = _matrix(_mutant("cache-01"), {"cache-01.1": _FAILED, "cache-01.2": _PASSED}, "cache-01.1", "cache-01.2")
    assert matrix.verdict("wrong") == "killed"
    assert matrix.killed_by("cache-01.1") == ("wrong",)
    assert [problem for problem in matrix.problems() if "finds no mutant" not in problem] == []
    assert ["cache-01.2 " in problem for problem in matrix.problems()] == [True]


@pytest.mark.parametrize("finding", [_PASSED, _ERROR, _SKIPPED])
def test_nothing_but_a_failure_kills(finding: Finding) -> None:
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": finding}, "cache-01.1")
    assert matrix.verdict("wrong") == "survived"
    assert "wrong survives" in matrix.problems()


def test_a_scenario_that_is_not_named_does_not_kill() -> None:
    found = {"cache-01.1": _PASSED, "cache-02.1": _FAILED}
    assert _matrix(_mutant("cache-01.1"), found, "cache-01.1", "cache-02.1").verdict("wrong") == "survived"


@pytest.mark.parametrize("finding", [_FAILED, _ERROR])
def test_who_fails_the_happy_path_is_broken_and_does_not_count(finding: Finding) -> None:
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": _FAILED, "layers-01": finding}, "cache-01.1")
    assert matrix.verdict("wrong") == "broken"
    assert matrix.killed_by("cache-01.1") == ()
    assert len(matrix.problems()) == 2


def test_a_plain_scenario_that_is_named_for_the_fault_may_fail() -> None:
    found = {"cache-01.1": _FAILED, "layers-01": _FAILED}
    assert _matrix(_mutant("cache-01.1", "layers-01"), found, "cache-01.1").verdict("wrong") == "killed"


def test_who_does_nothing_may_fail_the_happy_path_and_must_fail_all_else() -> None:
    found = {"cache-01.1": _FAILED, "cache-01.2": _PASSED, "happy-01": _FAILED}
    matrix = _matrix(_mutant("cache-01", kind=Kind.NOTHING), found, "cache-01.1", "cache-01.2")
    assert matrix.verdict("wrong") == "killed"
    assert matrix.killed_by("cache-01.1") == ()
    assert any(problem.startswith("wrong does nothing, and yet") for problem in matrix.problems())


def test_a_name_that_finds_nothing_is_a_problem_though_another_one_kills() -> None:
    found = {"cache-01.1": _FAILED, "cache-02.1": _PASSED}
    matrix = _matrix(_mutant("cache-01.1", "cache-02.1", "cache-99"), found, "cache-01.1", "cache-02.1")
    assert matrix.verdict("wrong") == "killed"
    problems = "\n".join(matrix.problems())
    assert "cache-02.1 is named for wrong but doesn't find it" in problems
    assert "no scenario has the tag cache-99" in problems


def test_what_fails_with_the_reference_validator_itself_is_a_problem() -> None:
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": _FAILED}, "cache-01.1")
    assert matrix.problems() == ()
    matrix.control["cache-01.1"] = _FAILED
    assert [problem.partition(":")[0] for problem in matrix.problems()] == [
        "cache-01.1 fails with the reference validator itself"
    ]


def test_what_cannot_run_here_need_not_find_anything() -> None:
    matrix = _matrix(
        _mutant("cache-01.1", "cache-01.2"), {"cache-01.1": _FAILED, "cache-01.2": _SKIPPED}, "cache-01.1", "cache-01.2"
    )
    matrix.control["cache-01.2"] = _SKIPPED
    assert matrix.problems() == ()


def test_of_some_mutants_alone_it_is_not_said_that_scenarios_find_none() -> None:
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": _FAILED}, "cache-01.1", "cache-02.1")
    assert [problem.partition(" ")[0] for problem in matrix.problems()] == ["cache-02.1"]
    matrix.every = False
    assert matrix.problems() == ()


def test_a_run_that_came_to_nothing_is_a_problem() -> None:
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": _FAILED}, "cache-01.1")
    matrix.failures["wrong"] = "behave took more than 90 s"
    assert matrix.verdict("wrong") == "broken"
    assert "wrong is broken: behave took more than 90 s" in matrix.problems()


def _fits(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """What of `value` doesn't fit; of JSON Schema only what the matrix's uses."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    known = {"type", "required", "additionalProperties", "properties", "items", "enum", "const", "description"}
    kinds = {"object": dict, "array": list, "string": str, "number": int | float, "boolean": bool}
    wrong = [f"{at}: unknown keyword {word}" for word in schema if word not in known | {"$schema", "title", "$defs"}]
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [*wrong, f"{at}: not of type {schema['type']}"]
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        wrong.append(f"{at}: {value!r}")
    if isinstance(value, list):
        wrong += [
            text for index, item in enumerate(value) for text in _fits(item, schema["items"], whole, f"{at}/{index}")
        ]
    if isinstance(value, dict):
        wrong += [f"{at}: no {name}" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
            wrong += [f"{at}: {name}"] if inner is False else _fits(item, inner, whole, f"{at}/{name}")
    return wrong


def test_what_is_stored_fits_its_schema() -> None:
    schema = json.loads((ROOT / "mutants" / "matrix.schema.json").read_text(encoding="utf-8"))
    matrix = _matrix(_mutant("cache-01"), {"cache-01.1": Finding("failed", 1.5, "a step: why")}, "cache-01.1")
    matrix.control["cache-01.1"] = _PASSED
    stored = json.loads(json.dumps(matrix.to_json()))
    assert _fits(stored, schema, schema) == []
    assert stored["complete"] is True
    assert next(one for one in stored["scenarios"] if one["id"] == "cache-01.1")["finds"] == ["wrong"]
    assert _fits({**stored, "more": 1}, schema, schema) == [": more"]


def test_the_page_shows_verdicts_and_quotes_what_validators_said() -> None:
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": Finding("failed", 1.5, "<b> & more")}, "cache-01.1")
    text = page(matrix)
    assert '<td class="killed">killed</td>' in text
    assert '<td class="cell failed named" title="&lt;b&gt; &amp; more">✗</td>' in text
    assert "complete both ways" in text
    matrix.every = False
    assert "complete both ways" not in page(matrix)


def test_a_mutant_is_a_test_in_junit_and_what_concerns_none_is_one_more() -> None:
    found = ET.fromstring(junit(_matrix(_mutant("cache-01.1"), {"cache-01.1": _FAILED}, "cache-01.1")))
    assert (found.get("tests"), found.get("failures")) == ("2", "0")
    matrix = _matrix(_mutant("cache-01.1"), {"cache-01.1": _PASSED}, "cache-01.1")
    matrix.control["layers-01"] = _FAILED
    found = ET.fromstring(junit(matrix))
    assert (found.get("tests"), found.get("failures")) == ("2", "2")
    texts = {case.get("name"): case.findtext("failure") for case in found}
    assert texts["wrong"] == "\n".join(matrix.problems_of("wrong"))
    assert "layers-01 fails with the reference validator itself" in str(texts["the whole"])
    assert "wrong survives" not in str(texts["the whole"])


def test_what_ends_as_an_error_is_tried_once_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "never-swept"
    times: Counter[str] = Counter()

    def try_all(_: Trials, trials: Iterable[Trial], **__: object) -> Iterator[tuple[Trial, dict[str, Finding]]]:
        for trial in trials:
            found = {}
            for one in trial.scenarios:
                wrong = trial.name == name and one.of_cache
                times[f"{one.id} {wrong}"] += 1
                found[one.id] = _PASSED if not wrong else _ERROR if times[f"{one.id} {wrong}"] == 1 else _FAILED
            yield trial, found

    monkeypatch.setattr(Trials, "run", try_all)
    assert main([name, "--output", str(tmp_path)]) == 0
    assert f"again {name}: cache-14" in capsys.readouterr().out
    assert set(times.values()) == {1, 2}


def test_an_unknown_mutant_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nobody"]) == 2
    assert capsys.readouterr().err == "no such mutant: nobody\n"


def test_parts_by_number_and_by_day() -> None:
    assert part("2/3", day=0) == (2, 3)
    assert part("1/1", day=366) == (1, 1)
    assert {part("today/3", day=day) for day in range(100, 103)} == {(1, 3), (2, 3), (3, 3)}
    assert part("today/3", day=100) == part("today/3", day=103)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "yesterday/3", "1/3/5"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no part"):
        part(text, day=1)


def test_the_parts_are_all_there_is_and_each_says_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def passed(_: Trials, trials: Iterable[Trial], **__: object) -> Iterator[tuple[Trial, dict[str, Finding]]]:
        for trial in trials:
            yield trial, {one.id: _PASSED for one in trial.scenarios}

    monkeypatch.setattr(Trials, "run", passed)
    tried: list[str] = []
    for number in (1, 2, 3):
        assert main([f"--part={number}/3", "--output", str(tmp_path)]) == 1  # none of them is found
        stored = json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8"))
        assert not [problem for problem in stored["problems"] if "finds no mutant" in problem]
        tried += [one["name"] for one in stored["mutants"]]
        assert f"part {number} of 3: {stored['mutants'][0]['name']} " in capsys.readouterr().out
    assert sorted(tried) == sorted(_MUTANTS)


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(_MUTANTS)


def test_a_suite_that_does_not_run_is_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(_: Trials, trials: Iterable[Trial], **__: object) -> Iterator[tuple[Trial, TrialError]]:
        for trial in trials:
            yield trial, TrialError("no steps")

    monkeypatch.setattr(Trials, "run", failed)
    assert main([]) == 2
    assert capsys.readouterr().err == "the suite doesn't run, with the reference validator itself: no steps\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it_and_leaves_no_folder(tmp_path: Path, number: signal.Signals) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "mutants", "hang", "--timeout", "60", "--output", str(tmp_path / "matrix")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 120
    while not any(scratch.glob("*/trial-*")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=180)
    assert process.returncode == 130, said.decode()
    assert "ended by a signal" in said.decode()
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "matrix").exists()
