"""The requests of a scenario as a picture in time (SVG): what was asked for, when, how often, and what was held."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["STYLE", "Request", "Run", "Seen", "draw", "read_seen"]

STYLE = """
.time text { font: 12px system-ui, sans-serif; fill: currentColor } .time .axis { stroke: var(--line) }
.time .done { fill: var(--bar) } .time .odd { fill: var(--no) } .time .cut { fill: var(--bad) }
.time .held { fill: var(--held) } .time .run { fill: var(--run) } .time .often { font-weight: bold; fill: var(--bad) }
"""
_LIMIT = 8 << 20  # bytes of a file that is read
_ROWS = 60
_LABEL, _CHART, _COUNT, _ROW, _TOP = 330, 560, 70, 20, 26
_NARROWEST = 2.5
_ERRORS = 400
_SHOWN = 46  # characters of a label
_DIGEST = re.compile(r"(?:sha(?:256|512)[:-])?([0-9a-f]{8})[0-9a-f]{24,}")
_OF_REPOSITORY = re.compile(
    r"(?P<start>^\S+: \w+ )(?:[^?]*/)?(?P<image>[^/?]+)/(?P<name>(?:manifests|referrers)/[^/?]+)"
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request; times are in seconds since the first run began.

    Attributes:
        resource: what was asked for, whoever shares it: a blob is the same in all repositories.
        holds: when it was stopped, and when it resumed.
    """

    server: str
    asked: str
    agent: str
    status: int | None
    state: str
    started: float
    ended: float
    holds: tuple[tuple[float, float], ...]
    sent: int | None

    @property
    def resource(self) -> str:
        """The row that it stands in."""
        method, _, target = self.asked.partition(" ")
        _, blobs, digest = target.partition("/blobs/")
        is_blob = bool(blobs) and digest.startswith("sha")
        return f"{self.server}: {method} {f'blob {digest}' if is_blob else target.removeprefix('/v2/') or target}"

    @property
    def image(self) -> str:
        """The last part of the repository's name that a blob was asked of."""
        repository, blobs, _ = self.asked.partition("/blobs/")
        return repository.rpartition("/")[2] if blobs else ""

    def __str__(self) -> str:
        size = "" if self.sent is None else f", {self.sent} bytes"
        held = sum(last - first for first, last in self.holds)
        return (
            f"{self.started:.3f} s to {self.ended:.3f} s  {self.server}: {self.asked} → {self.status or '–'}{size}"
            f"{f', held for {held:.3f} s' if held else ''}{'' if self.state == 'done' else f', {self.state}'}"
            f"{f', asked by {self.agent}' if self.agent else ''}"
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the validator; times as in `Request`."""

    command: tuple[str, ...]
    status: int
    timed_out: bool
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scenario saw: its runs and all requests."""

    runs: tuple[Run, ...]
    requests: tuple[Request, ...]


def read_seen(path: Path) -> Seen | None:
    """What a scenario left in its folder of artifacts; None when it isn't there, or isn't what the suite writes."""
    try:
        with path.open("rb") as file:
            groups = json.loads(file.read(_LIMIT))["groups"]
        runs = [_run(run) for group in groups for run in group["runs"]]
        end = max((run.ended for run in runs), default=0.0)
        requests = [_request(one, end) for group in groups for one in group["requests"]]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return Seen(tuple(runs), tuple(sorted(requests, key=lambda one: one.started)))


def draw(seen: Seen) -> ET.Element:
    """The picture: a row for each resource, a bar for each request, and on top a bar for each run of the validator."""
    rows: dict[str, list[Request]] = {}
    for request in seen.requests:
        rows.setdefault(request.resource, []).append(request)
    shown = _telling(rows)
    lines = len(seen.runs) + len(shown) + (len(rows) > _ROWS)
    width, height = _LABEL + _CHART + _COUNT, _TOP + _ROW * lines + 8
    svg = ET.Element("svg", {"class": "time", "viewBox": f"0 0 {width} {height}", "role": "img"})
    svg.set("aria-label", f"{len(seen.requests)} requests in time; they are listed below")
    axis = _TimeAxis.of(seen)
    _draw_axis(svg, axis, height)
    for number, run in enumerate(seen.runs):
        label = f"validator, run {number + 1}" if len(seen.runs) > 1 else "validator"
        _text(svg, 0, _middle(number), label)
        _bar(svg, axis, number, run.started, run.ended, "run", f"exit status {run.status}")
    for number, (resource, requests) in enumerate(shown, len(seen.runs)):
        images = ", ".join(dict.fromkeys(request.image for request in requests if request.image))
        of_images = f" of {images}" if images else ""
        _text(svg, 0, _middle(number), _cut(_label(resource) + of_images), title=resource + of_images)
        for request in requests:
            _draw_request(svg, axis, number, request)
        if len(requests) > 1:
            _text(svg, _LABEL + _CHART + 12, _middle(number), f"{len(requests)} times", kind="often")
    if len(rows) > _ROWS:
        _text(svg, 0, _middle(lines - 1), f"… and {len(rows) - _ROWS} more")
    return svg


@dataclass(frozen=True, slots=True)
class _TimeAxis:
    """Where a moment is in the picture."""

    first: float
    seconds: float

    @classmethod
    def of(cls, seen: Seen) -> _TimeAxis:
        starts = [*(one.started for one in seen.runs), *(one.started for one in seen.requests)]
        ends = [*(one.ended for one in seen.runs), *(one.ended for one in seen.requests)]
        first = min(starts, default=0.0)
        return cls(first, max(max(ends, default=0.0) - first, 0.001))

    def x(self, moment: float) -> float:
        return _LABEL + _CHART * min(1.0, max(0.0, (moment - self.first) / self.seconds))


def _draw_axis(svg: ET.Element, axis: _TimeAxis, height: int) -> None:
    for part in range(5):
        x = _LABEL + _CHART * part / 4
        ET.SubElement(svg, "line", {"class": "axis", "x1": f"{x:.1f}", "x2": f"{x:.1f}", "y1": "18", "y2": str(height)})
        _text(svg, x, 12, f"{axis.seconds * part / 4:.3g} s", anchor="middle")


def _draw_request(svg: ET.Element, axis: _TimeAxis, row: int, request: Request) -> None:
    kind = "cut" if request.state in {"cut", "gone"} else "done"
    if kind == "done" and (request.status or 0) >= _ERRORS:
        kind = "odd"
    _bar(svg, axis, row, request.started, request.ended, kind, str(request))
    for first, last in request.holds:
        _bar(svg, axis, row, first, last, "held", f"held: {request}")


def _bar(svg: ET.Element, axis: _TimeAxis, row: int, start: float, end: float, kind: str, title: str) -> None:
    x, width = axis.x(start), max(_NARROWEST, axis.x(end) - axis.x(start))
    y = _TOP + _ROW * row + 3
    places = {"x": f"{x:.1f}", "y": str(y), "width": f"{width:.1f}", "height": str(_ROW - 6)}
    rect = ET.SubElement(svg, "rect", {"class": kind, **places})
    ET.SubElement(rect, "title").text = title


def _text(
    svg: ET.Element, x: float, y: float, text: str, *, anchor: str = "start", kind: str = "", title: str = ""
) -> None:
    element = ET.SubElement(svg, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor})
    if kind:
        element.set("class", kind)
    element.text = text
    if title:
        ET.SubElement(element, "title").text = title


def _middle(row: int) -> float:
    return _TOP + _ROW * row + _ROW / 2 + 4


def _telling(rows: Mapping[str, Sequence[Request]]) -> list[tuple[str, Sequence[Request]]]:
    """The rows that are drawn, in time.

    Where there are too many, those stay in which something was asked for several times, then those in which a request
    was held, refused or broken off.
    """

    def rank(resource: str) -> int:
        first, *more = rows[resource]
        odd = first.holds or first.state != "done" or (first.status or 0) >= _ERRORS
        return 0 if more else 1 if odd else 2

    chosen = set(sorted(rows, key=rank)[:_ROWS])
    return [(resource, requests) for resource, requests in rows.items() if resource in chosen]


def _label(resource: str) -> str:
    """A row's name without what all rows share: digests are cut, and of a repository the last part is left."""
    short = _DIGEST.sub(r"\1…", resource)
    return _OF_REPOSITORY.sub(r"\g<start>\g<name> of \g<image>", short)


def _cut(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    return f"{text[: _SHOWN - 13]}…{text[-12:]}"


def _run(run: Mapping[str, Any]) -> Run:
    return Run(
        tuple(map(str, run["command"])),
        int(run["status"]),
        bool(run["timed_out"]),
        float(run["started"]),
        float(run["ended"]),
    )


def _request(one: Mapping[str, Any], end: float) -> Request:
    started = float(one["started"])
    ended = _moment(one["ended"], max(end, started))
    holds: Sequence[Sequence[Any]] = one["holds"]
    return Request(
        str(one["server"]),
        str(one["asked"]),
        str(one["agent"]),
        None if one["status"] is None else int(one["status"]),
        str(one["state"]),
        started,
        ended,
        tuple((float(first), _moment(last, ended)) for first, last in holds),
        None if one["sent"] is None else int(one["sent"]),
    )


def _moment(value: Any, otherwise: float) -> float:
    return otherwise if value is None else float(value)
