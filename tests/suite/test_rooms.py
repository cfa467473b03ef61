"""The reference validator can be drawn, and docs/rooms.svg is the drawing."""

from __future__ import annotations

import rooms


def test_no_room_uses_one_that_uses_it() -> None:
    assert rooms.circles(rooms.rooms()) == []


def test_no_module_uses_one_that_uses_it() -> None:
    assert rooms.circles(rooms.modules()) == []


def test_the_foundation_needs_nothing_but_itself() -> None:
    uses = rooms.rooms()
    assert {other for room in rooms.FOUNDATION for other in uses[room]} <= set(rooms.FOUNDATION)


def test_the_picture_is_of_today() -> None:
    assert rooms.PICTURE.read_text(encoding="utf-8") == rooms.picture(), "python tests/suite/rooms.py draws it anew"


def test_circles_are_found() -> None:
    assert rooms.circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]
