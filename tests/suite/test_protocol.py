"""docs/protocol.md has all that a validator must understand: what scenarios and steps use or assert is on it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import features

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAGE = (features.ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
_WORDS = set(re.findall(r"`([^`|]+)`", _PAGE.replace("\\|", "/")))
_SINGLE = {word for text in _WORDS for word in re.findall(r"[\w.-]+", text)}
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_FUNCTION = re.compile(r"\bec\.(?:oci|sigstore|purl)\.[a-z_]+")
_MEMBER = re.compile(r"^ +'([\w-]+)': ", re.MULTILINE)
_INVENTED = {"--bogus", "--flag", "--trust", "ec.oci.nosuch"}
"""What no validator knows, which is what their scenarios are about."""
_PLACEHOLDERS = {
    *("REGISTRY", "REGISTRY_PORT", "GITHOST", "GIT_PORT", "REKOR", "REKOR_PORT", "NOBODY"),
    *("IMAGES", "IMAGE_COUNT", "PATH"),
}
"""Names of `${…}` in scenarios, which validators don't see, and what every program has."""
_RUN = re.compile(r"is run|starts?\b|start with|usual flags|started with")


def _texts() -> Iterator[str]:
    """The sentences that run a validator, with their tables."""
    for sentence in features.sentences():
        if _RUN.search(sentence.step.name):
            yield sentence.step.name
            table = sentence.step.table
            if table is not None:
                yield from (str(row) for row in [table.headings, *(row.cells for row in table)])


def _constants(*folders: str) -> Iterator[tuple[Path, ast.Constant, str]]:
    """The texts in the suite's own code: of calls, subscripts and keys of dictionaries."""
    for folder in folders:
        for path in sorted((features.ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path, node, node.value


def _keys(*folders: str) -> set[str]:
    """The words in subscripts, in dictionaries and in calls of `get`."""
    found = set()
    for folder in folders:
        for path in sorted((features.ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                keys: list[ast.expr | None] = []
                if isinstance(node, ast.Subscript):
                    keys = [node.slice]
                elif isinstance(node, ast.Dict):
                    keys = list(node.keys)
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
                    keys = list(node.args[:1])
                found |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return found


def test_all_flags_of_the_scenarios_are_on_the_page() -> None:
    used = {flag for text in _texts() for flag in _FLAG.findall(text)} - _INVENTED
    used |= {flag for path, _, text in _constants("ec_acceptance/testbed/scenario") for flag in _FLAG.findall(text)}
    assert len(used) > 40
    assert sorted(flag for flag in used if flag.removeprefix("--") not in {one.lstrip("-") for one in _SINGLE}) == []


def test_all_variables_of_the_scenarios_are_on_the_page() -> None:
    set_by_steps = {
        match[1]
        for sentence in features.sentences()
        if (match := re.search(r'variable is set "(\w+)=', sentence.step.name))
    }
    rows = {
        row.cells[0]
        for sentence in features.sentences()
        if "variable" in sentence.step.name and sentence.step.table is not None
        for row in sentence.step.table
    }
    testbed = {key for key in _keys("ec_acceptance/testbed/scenario", "steps") if re.fullmatch(r"[A-Z][A-Z_]{3,}", key)}
    variables = (set_by_steps | rows | testbed) - _PLACEHOLDERS - _substitutions()
    assert len(variables) > 12
    assert sorted(variables - _SINGLE) == []


def test_all_functions_of_rules_are_on_the_page() -> None:
    paths = [path for path in (features.ROOT / "features").rglob("*") if path.suffix in {".feature", ".rego"}]
    used = {name for path in paths for name in _FUNCTION.findall(path.read_text(encoding="utf-8"))}
    used |= {name for _, _, text in _constants("ec_acceptance/testbed", "steps") for name in _FUNCTION.findall(text)}
    assert len(used) > 10
    assert sorted(used - _INVENTED - _SINGLE) == []


def test_all_members_of_reports_that_are_asserted_are_on_the_page() -> None:
    read = {key for key in _keys("ec_acceptance/testbed/expect") if re.fullmatch(r"[A-Za-z][\w.-]*", key)}
    read -= _OF_OTHER_FORMATS
    snapshot = (features.ROOT / "snapshots" / "validate_image" / "verdicts.ambr").read_text(encoding="utf-8")
    assert {"success", "components", "violations"} <= read
    assert sorted((read | set(_MEMBER.findall(snapshot))) - _SINGLE) == []


def test_all_commands_of_the_scenarios_are_on_the_page() -> None:
    used = {
        match[1]
        for sentence in features.sentences()
        if (match := re.search(r'"((?:validate|inspect|sigstore|version)(?: [a-z][a-z-]+)?)\b', sentence.step.name))
        and _RUN.search(sentence.step.name)
    }
    assert {"validate image", "validate input"} <= used
    known = " ".join(_WORDS)
    assert sorted(command for command in used if command not in known and not _is_misspelt(command)) == []


def test_all_formats_of_the_scenarios_are_on_the_page() -> None:
    pattern = re.compile(r"--output[ =']+(?:')?([a-z-]+)")
    used = {name for text in _texts() for name in pattern.findall(text)}
    assert {"json"} <= used
    assert sorted(used - _SINGLE - {"html", "nope", "xml"}) == []  # of which scenarios hold that they are unknown


_OF_OTHER_FORMATS = {"failures", "result", "status", "summary", "Violations", "component_details", "total_violations"}
_OF_OTHER_FORMATS |= {"predicate", "materials", "uri", "Labels", "texts", "text", "main.seen", "cause"}
_OF_OTHER_FORMATS |= {"component", "message"}
"""Members of formats that docs/contract/24-outputs.md describes, of rules' own results, and of the suite's tables."""


def _substitutions() -> set[str]:
    """Names that steps give to values of `${…}`."""
    found = set()
    for folder in ("ec_acceptance/testbed", "steps"):
        for path in (features.ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r'variables\["([A-Z_]+)"\]', path.read_text(encoding="utf-8")))
    return found


def _is_misspelt(command: str) -> bool:
    """Whether scenarios are about its being no command."""
    return command in {"validate imag", "validate inpt", "validate inp", "validate", "inspect", "sigstore"}
