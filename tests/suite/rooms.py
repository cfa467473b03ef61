"""The rooms of a package and which uses which, read from its imports; ``python tests/suite/rooms.py`` draws them."""

from __future__ import annotations

import ast
import html
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

ROOT = Path(__file__).parents[2]
TESTBED = "ec_acceptance.testbed"
PICTURES = {"refimpl": ROOT / "docs" / "rooms.svg", TESTBED: ROOT / "docs" / "testbed.svg"}
FOUNDATION = ("about", "deadline", "errors", "record", "redaction", "result")
"""Modules that any room of ``refimpl`` may use; in the picture they are its floor."""

_BOX, _GAP, _STEP, _MARGIN = (124, 34), 20, 74, 16


@cache
def modules(package: str = "refimpl") -> Mapping[str, AbstractSet[str]]:
    """Each module of the package by its dotted name, and those of the package that it imports, if only for types."""
    files = {}
    for path in ROOT.joinpath(*package.split(".")).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: _imports(path, files.keys()) - {name} for name, path in files.items()}


def rooms(package: str = "refimpl") -> dict[str, set[str]]:
    """Each package or module right below the package, and those that it uses."""
    used: dict[str, set[str]] = defaultdict(set)
    for name, imported in modules(package).items():
        if name != package or imported:
            used[_room(name, package)] |= {_room(one, package) for one in imported} - {_room(name, package)}
    return dict(used)


def circles(uses: Mapping[str, AbstractSet[str]]) -> list[set[str]]:
    """Groups of names of which each uses each other, directly or not."""
    reached = {name: _reach(name, uses) for name in uses}
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in uses}
    return [set(group) for group in groups if group]


def picture(package: str = "refimpl") -> str:
    """The rooms in storeys, each below all that use it; no line where another way leads to the same room."""
    foundation = FOUNDATION if package == "refimpl" else ()
    uses = {room: used - set(foundation) for room, used in rooms(package).items() if room not in foundation}
    storeys: dict[int, list[str]] = defaultdict(list)
    for room in sorted(uses):
        storeys[_depth(room, uses)].append(room)
    widest = max(map(len, storeys.values()))
    width = 2 * _MARGIN + widest * (_BOX[0] + _GAP) - _GAP
    places = {}
    for depth, found in storeys.items():
        left = (width - len(found) * (_BOX[0] + _GAP) + _GAP) // 2
        for place, room in enumerate(found):
            places[room] = (left + place * (_BOX[0] + _GAP), _MARGIN + depth * _STEP)
    floor = _MARGIN + (max(storeys) + 1) * _STEP
    lines = [
        f'<path d="M{places[room][0] + _BOX[0] // 2} {places[room][1] + _BOX[1]}'
        f'L{places[other][0] + _BOX[0] // 2} {places[other][1]}"/>'
        for room in sorted(uses)
        for other in sorted(uses[room])
        if not any(other in _reach(third, uses) for third in uses[room] - {other})
    ]
    boxes = [_box(*places[room], _BOX[0], room) for room in sorted(places)]
    if foundation:
        boxes.append(_box(_MARGIN, floor, width - 2 * _MARGIN, " · ".join(foundation)))
    else:
        floor -= _STEP
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {floor + _BOX[1] + _MARGIN}">',
            f"<title>The rooms of {package}: each uses those below it that a line leads to, and what these use</title>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            '<g stroke="#8895a7" fill="none">',
            *lines,
            "</g>",
            '<g stroke="#33475b" fill="#eef3f8" font-family="sans-serif" font-size="13" text-anchor="middle">',
            *boxes,
            "</g>",
            "</svg>",
            "",
        )
    )


def _imports(path: Path, known: AbstractSet[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in known else node.module for name in names} & known
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
    return found


def _room(module: str, package: str) -> str:
    inside = module.removeprefix(package).lstrip(".")
    return inside.partition(".")[0] or "library"  # what the package itself has is the library


def _reach(name: str, uses: Mapping[str, AbstractSet[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(uses.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += uses.get(one, ())
    return found


def _depth(room: str, uses: dict[str, set[str]]) -> int:
    return max((_depth(other, uses) + 1 for other in uses if room in uses[other]), default=0)


def _box(left: int, top: int, width: int, text: str) -> str:
    middle, base = left + width // 2, top + _BOX[1] // 2 + 5
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{_BOX[1]}" rx="4"/>'
        f'<text x="{middle}" y="{base}" stroke="none" fill="#102a43">{html.escape(text)}</text>'
    )


if __name__ == "__main__":
    for drawn, file in PICTURES.items():
        file.write_text(picture(drawn), encoding="utf-8")
