from __future__ import annotations

from copy import copy
from functools import cached_property
from itertools import count
from typing import Any

import pytest

from refimpl.record import _init, field, field_names, record, replace


@pytest.fixture(autouse=True, params=["shared", "compiled"])
def constructor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether classes use the constructor of all, or, as after many objects, one of their own."""
    made = 1 << 60 if request.param == "shared" else 1
    monkeypatch.setattr("refimpl.record._MANY", made)
    for cls in (Point, Marked, Holder, Counter):
        monkeypatch.setattr(cls, "__init__", _init)
        monkeypatch.setattr(cls, "__record_count__", count(1))


@record
class Point:
    """Somewhere."""

    x: int
    y: int = 2


@record
class Marked(Point):
    """Somewhere with a name."""

    z: int = 3
    name: str = "here"

    @property
    def shown(self) -> str:
        """Name and place."""
        return f"{self.name}: {self.x}"


@record(kw_only=True)
class Holder:
    """All particulars that a member may have."""

    items: list[int] = field(default_factory=list)
    secret: str = field(repr=False)
    note: str = field(compare=False, default_factory=str)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", len(self.items))


@record(frozen=False)
class Counter:
    """What changes."""

    count: int = 0


@record
class Lazy:
    """What is worked out once."""

    calls: list[int]

    @cached_property
    def total(self) -> int:
        """How often it was worked out."""
        self.calls.append(1)
        return len(self.calls)


def test_members_are_given_by_place_name_or_default() -> None:
    assert [(p.x, p.y) for p in (Point(1), Point(1, 5), Point(y=7, x=6))] == [(1, 2), (1, 5), (6, 7)]
    marked = Marked(1, 2, name="there")
    assert (marked.x, marked.y, marked.z, marked.shown) == (1, 2, 3, "there: 1")


def test_wrong_arguments_are_refused() -> None:
    made: Any = Point
    for values, given, trouble in (
        ((), {}, r"\bx\b"),
        ((1, 2, 3), {}, "positional arguments"),
        ((1,), {"x": 1}, r"\bx\b"),
        ((1,), {"w": 1}, r"\bw\b"),
    ):
        with pytest.raises(TypeError, match=trouble):
            made(*values, **given)
    keyed: Any = Holder
    with pytest.raises(TypeError, match="Holder takes 0 positional arguments, not 1"):
        keyed([])
    with pytest.raises(TypeError, match=r"\bsize\b"):
        keyed(secret="", size=1)


def test_equality_and_hash_are_those_of_the_compared_members_and_the_class() -> None:
    assert Point(1) == Point(1, 2)
    assert hash(Point(1)) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    assert Point(1) != Marked(1)
    pair: Any = (1, 2)
    assert Point(1) != pair
    assert Holder(secret="a", note="b") == Holder(secret="a", note="c")
    assert Holder(secret="a") != Holder(secret="b")


def test_frozen_members_can_be_neither_set_nor_deleted() -> None:
    point: Any = Point(1)
    with pytest.raises(AttributeError, match="x can't be set"):
        point.x = 2
    with pytest.raises(AttributeError, match="x can't be deleted"):
        del point.x
    assert point.x == 1


def test_others_can_be_set_and_have_no_hash() -> None:
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_a_property_can_be_cached() -> None:
    lazy = Lazy([])
    assert (lazy.total, lazy.total) == (1, 1)


def test_each_record_has_a_default_of_its_own() -> None:
    first, second = Holder(secret=""), Holder(secret="")
    first.items.append(1)
    assert second.items == []


def test_what_is_set_at_the_end_of_the_construction_counts() -> None:
    assert Holder(secret="", items=[1, 2]).size == 2


def test_a_copy_differs_in_the_changes_alone() -> None:
    assert replace(Marked(1, 2, 3), y=5) == Marked(1, 5, 3)
    assert replace(Holder(secret="a", items=[1]), items=[]).size == 0
    with pytest.raises(TypeError, match=r"\bw\b"):
        replace(Point(1), w=1)


def test_members_keep_their_order_and_show_in_it() -> None:
    assert field_names(Marked) == ("x", "y", "z", "name")
    assert repr(Marked(1)) == "Marked(x=1, y=2, z=3, name='here')"
    assert repr(Holder(secret="a")) == "Holder(items=[], note='', size=0)"


def test_records_can_be_matched_by_place() -> None:
    match Point(1):
        case Point(x, y):
            assert (x, y) == (1, 2)


@record
class _Sent:
    name: str
    items: tuple[str, ...] = ()


@record(frozen=False)
class _Open:
    name: str | None


@record
class _Empty:
    pass


def test_records_go_to_other_processes_as_they_are() -> None:
    # A copy is made by what pickles are made of, too.
    for sent in (_Sent("a", ("b",)), _Open("a"), _Open(None), _Empty()):
        assert copy(sent) == sent
    assert copy(Holder(secret="", items=[1, 2])).size == 2
