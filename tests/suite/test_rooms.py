"""The reference validator and the testbed can be drawn, and docs/*.svg are the drawings."""

from __future__ import annotations

import ast
import re

import pytest
import rooms


@pytest.mark.parametrize("package", rooms.PICTURES)
def test_no_room_uses_one_that_uses_it(package: str) -> None:
    assert rooms.circles(rooms.rooms(package)) == []


@pytest.mark.parametrize("package", rooms.PICTURES)
def test_no_module_uses_one_that_uses_it(package: str) -> None:
    assert rooms.circles(rooms.modules(package)) == []


def test_the_foundation_needs_nothing_but_itself() -> None:
    uses = rooms.rooms()
    assert {other for room in rooms.FOUNDATION for other in uses[room]} <= set(rooms.FOUNDATION)


@pytest.mark.parametrize("package", rooms.PICTURES)
def test_the_picture_is_of_today(package: str) -> None:
    drawn = rooms.PICTURES[package].read_text(encoding="utf-8")
    assert drawn == rooms.picture(package), "python tests/suite/rooms.py draws it anew"


def test_circles_are_found() -> None:
    assert rooms.circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]


def _walks() -> list[list[str]]:
    """The files that each walk of the tour goes through, in order."""
    text = (rooms.ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    parts = [re.findall(r"^\d+\. `(refimpl/[\w/]+\.py)`", part, re.MULTILINE) for part in text.split("\n## ")]
    return [files for files in parts if files]


def test_each_walk_of_the_tour_is_short_and_leads_through_files_that_exist() -> None:
    walks = _walks()
    assert len(walks) == 3
    for files in walks:
        assert len(files) <= 12
        assert len(set(files)) == len(files)
        assert [file for file in files if not (rooms.ROOT / file).is_file()] == []


def _read_imports(file: str) -> set[str]:
    nodes = ast.walk(ast.parse((rooms.ROOT / file).read_text(encoding="utf-8")))
    names = {f"{node.module}.{name.name}" for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}
    names |= {name.rpartition(".")[0] for name in names}
    names |= {"refimpl.layers.layers", "refimpl.layers.cache"} if "refimpl.layers" in names else set()  # by their room
    return {f"{name.replace('.', '/')}.py" for name in names}


def test_each_step_of_the_tour_leads_on_from_one_before() -> None:
    for first, second, *others in _walks():  # which flag is which option, `cli` knows
        before = [first, second]
        for file in others:
            assert any(file in _read_imports(one) or one in _read_imports(file) for one in before), file
            before.append(file)


def test_the_tour_names_each_room() -> None:
    text = (rooms.ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    rows = {name for row in re.findall(r"^\| (`.*`) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert rows == rooms.rooms().keys() - set(rooms.FOUNDATION)
