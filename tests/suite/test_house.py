"""What the project says of itself is true."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from documented_commands import CHANGED, LEFT, PAGES, READ, blocks, commands

import features
from ec_acceptance.conformance.profiles import MUST, SHOULD
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.scenario.claims import OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]


def _commands() -> list[str]:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)


def test_the_readme_has_two_commands() -> None:
    assert len(_commands()) == 2


def test_ci_runs_the_readmes_commands() -> None:
    workflow = (_ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert all(command in workflow for command in _commands())
    assert _commands()[1] in (_ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_what_ci_checks_in_seconds_is_checked_before_each_commit() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(_ROOT / "tox.ini", encoding="utf-8")
    wanted = tox["testenv:lint"]["commands"].split("\n")
    hooks = yaml.safe_load((_ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert {hook["entry"] for hook in hooks if "pytest" not in hook["entry"]} == set(filter(None, wanted))
    named = [Path(word) for hook in hooks for word in hook["entry"].split() if word.startswith("tests/")]
    assert named
    assert [path for path in named if not (_ROOT / path).is_file()] == []


def test_all_features_are_run_in_processes_once() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(_ROOT / "tox.ini", encoding="utf-8")
    named = re.findall(r"features/\w+", tox["testenv:processes"]["commands"])
    assert sorted(named) == sorted({f"features/{path.parent.name}" for path in _ROOT.glob("features/*/*.feature")})


def test_the_oldest_versions_that_are_allowed_are_tried_every_night() -> None:
    workflow = (_ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "tox -e oldest" in workflow
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    assert [requirement for requirement in wanted if ">=" not in requirement] == []


def test_each_dependency_has_its_reason() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (_ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!]", requirement)[0] for requirement in wanted}
    assert {name for name in names if name not in reasons} == set()


def _list_defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _list_used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (name.name for name in node.names)


def test_the_reference_validator_uses_all_that_it_defines() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (_ROOT / "refimpl").rglob("*.py")]
    used = {name for tree in trees for name in _list_used(tree)}
    defined = {name for tree in trees for name in _list_defined(tree) if not name.startswith("__")}
    for_libraries = {"handleError", "persistent_id", "persistent_load", "reducer_override", "yaml_implicit_resolvers"}
    assert defined - used - for_libraries == set()


def test_nothing_outside_the_reference_validator_imports_it() -> None:
    places = [*(_ROOT / "ec_acceptance").rglob("*.py"), *(_ROOT / "steps").glob("*.py"), _ROOT / "environment.py"]
    guilty = [path for path in places if re.search(r"^\s*(import|from) refimpl", path.read_text(), re.MULTILINE)]
    assert guilty == []
    ours = [path for path in (_ROOT / "refimpl").rglob("*.py") if "ec_acceptance" in path.read_text(encoding="utf-8")]
    assert ours == []


def test_the_wheel_has_two_packages_at_its_top_level() -> None:
    installed = files("ec-acceptance") or []
    if any(path.name.endswith(".pth") for path in installed):
        pytest.skip("an editable installation has no files of its own")
    tops = {path.parts[0] for path in installed if path.parts[0] not in {"..", "__pycache__"}}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"refimpl", "ec_acceptance"}
    assert {"features", "steps", "snapshots", "environment.py"} <= {
        path.parts[2] for path in installed if path.parts[:2] == ("ec_acceptance", "suite")
    }


def test_each_id_is_in_one_feature() -> None:
    """`@cache-02` names a point of the contract, which may be spread; `@cache-02.1` and `@happy-01` are ids."""
    seen: dict[str, str] = {}
    pattern = re.compile(r"@((?!cache-)[a-z_]+-\d+|cache-\d+\.\d+)\b")
    for path in sorted((_ROOT / "features").rglob("*.feature")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("@")]
        for tag in pattern.findall("\n".join(lines)):
            assert seen.setdefault(tag, path.name) == path.name, f"@{tag} is in {seen[tag]} and in {path.name}"
    assert "happy-01" in seen


def test_every_sentence_of_the_features_is_a_step() -> None:
    features.load_steps()
    assert [str(sentence) for sentence in features.sentences() if sentence.definition is None] == []


def test_the_files_that_pages_name_are_there() -> None:
    pattern = re.compile(
        r"`((?:ec_acceptance|refimpl|steps|tests|mutants|benchmarks|features|snapshots|docs)/[\w./-]+)`"
    )
    pages = [*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")]
    named = {(page.name, name) for page in pages for name in pattern.findall(page.read_text(encoding="utf-8"))}
    assert [each for each in sorted(named) if not (_ROOT / each[1]).exists()] == []
    assert ("DEVELOPMENT.md", "steps/request_log.py") in named


def test_the_rooms_of_the_testbed_are_told() -> None:
    text = (_ROOT / "docs" / "DEVELOPMENT.md").read_text(encoding="utf-8")
    told = {name for row in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    folders = (_ROOT / "ec_acceptance" / "testbed").iterdir()
    assert {folder.name for folder in folders if (folder / "__init__.py").is_file()} <= told


def test_no_table_of_the_features_is_wide_and_no_background_is_long() -> None:
    """Long JSON stands in a text of its own, and what many scenarios need in `features/examples`."""
    assert features.long_rows(160) == []
    assert features.long_backgrounds(6) == []


def test_each_scenario_has_a_profile_a_point_and_a_weight() -> None:
    scenarios = Suite.installed().scenarios()
    lacking = [one.location for one in scenarios if not (one.id and one.place.profile and one.place.point)]
    assert lacking == [], "say in features/profiles.toml where they belong"
    assert {one.place.weight for one in scenarios} == {MUST, SHOULD}


def test_scenarios_of_an_optional_profile_belong_to_it() -> None:
    """Else a run that doesn't claim it is incomplete, though it lacks nothing of what it claims."""
    scenarios = Suite.installed().scenarios()
    optional = [
        (one, {tag.removeprefix(OPTIONAL) for tag in one.tags if tag.startswith(OPTIONAL)}) for one in scenarios
    ]
    assert [one.location for one, profiles in optional if profiles - {one.place.profile}] == []
    assert any(profiles for _, profiles in optional)


def test_no_file_has_both_sides_of_a_conflict() -> None:
    texts = (path for kind in ("*.py", "*.md", "*.feature", "*.toml", "*.ini", "*.yml") for path in _files(kind))
    assert [path for path in texts if re.search(r"^(<{7}|>{7}) ", path.read_text(encoding="utf-8"), re.MULTILINE)] == []


def _files(kind: str) -> list[Path]:
    folders = ("benchmarks", "docs", "ec_acceptance", "features", "mutants", "refimpl", "steps", "tests")
    return [*_ROOT.glob(kind), *(path for folder in folders for path in (_ROOT / folder).rglob(kind))]


def test_commands_in_pages_are_in_blocks_that_a_test_runs() -> None:
    """Blocks have a language, and commands stand in ``bash``: tests/suite/test_documented_commands.py runs these."""
    program = r"(?:\S+/)?(?:ec-ref|ec-conformance|behave|tox|pytest|pip|python3?|docker|kubectl) "
    command, indented = re.compile(rf"{program}[^<\[…]*$"), re.compile(rf"    {program}")
    for page in PAGES:
        found = blocks(page)
        assert [block.text for block in found if not block.language] == [], f"{page}: name the language, as ```text"
        prose = page.read_text(encoding="utf-8")
        for block in found:
            prose = prose.replace(block.text, "")
        plain = [line for block in found if block.language == "text" for line in block.text.splitlines()]
        found_outside = [line for line in plain if command.match(line)]
        found_outside += [line for line in prose.splitlines() if indented.match(line)]
        assert found_outside == [], f"{page}: a command belongs in ```bash"


def test_the_readme_names_each_page() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (_ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {name for name in pages if f"`docs/{name}`" not in readme} == set()


def test_a_command_with_a_gap_says_how_it_is_run() -> None:
    known = {*CHANGED, *READ, *LEFT}
    gaps = [command.splitlines()[0] for page in PAGES for command in commands(page) if "…" in command]
    assert [command for command in gaps if command not in known] == [], "tests/suite/documented_commands.toml"
