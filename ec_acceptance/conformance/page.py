"""A run as one page of HTML, which reads without any other file and without scripts; and as a badge."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ec_acceptance.conformance.contrast import contrast
from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.outcome import STATUSES
from ec_acceptance.conformance.timeline import STYLE as TIME_STYLE
from ec_acceptance.conformance.timeline import draw, read_seen
from ec_acceptance.testbed.validator.adapter import Adapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ec_acceptance.conformance.contrast import Row
    from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult
    from ec_acceptance.conformance.timeline import Seen

__all__ = ["add", "badge", "page", "start_page", "write_page"]

_MESSAGE = 20_000  # characters of one message; the whole is in the artifacts
_LISTED = 300  # requests of one scenario
_DRAWN = 200  # scenarios with what they saw; of others stands the message alone
_STYLE = """
:root { color-scheme: light dark; --line: #c8d1dc; --soft: #f3f6f9; --good: #1a7f37; --bad: #b3261e; --odd: #8a5a00;
  --bar: #3572b0; --held: #e08a00; --no: #8e44ad; --run: #9aa7b4; --gone: #fde4e1; --come: #dcf3e1 }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d4650; --soft: #1d232a; --good: #57c278; --bad: #ff8a80; --odd: #e3b341;
    --bar: #6cb0f5; --held: #ffb547; --no: #c58af0; --run: #5d6875; --gone: #4a2320; --come: #183c24 }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.25 } h2 { font-size: 1.25rem; margin-top: 2.5rem }
h4 { font-size: 1rem; margin: 1.2rem 0 .3rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dd { margin: 0; overflow-wrap: anywhere }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child, .words { text-align: left } .about { min-width: 24rem }
article { border: 1px solid var(--line); border-radius: 6px; padding: 0 1rem 1rem; margin: 1rem 0 }
article h3 { font-size: 1rem; overflow-wrap: anywhere }
pre { background: var(--soft); padding: .7rem; white-space: pre-wrap; font-size: .85rem; margin: .3rem 0;
  max-height: 24rem; overflow-y: auto }
p, pre, li, code { overflow-wrap: anywhere } p { margin: .5rem 0 }
.high { max-height: 36rem; overflow-y: auto }
.beside { table-layout: fixed; min-width: 44rem }
.beside td, .beside th { text-align: left; vertical-align: top; padding: .1rem .5rem }
.beside td { font: .85rem/1.4 ui-monospace, monospace; white-space: pre-wrap; word-break: break-all; border: 0 }
.gone { background: var(--gone) } .come { background: var(--come) }
.wide svg { display: block; width: 100%; min-width: 60rem; height: auto }
.key span { display: inline-block; width: .9rem; height: .7rem; margin: 0 .3rem 0 .8rem }
summary { cursor: pointer } .passed { color: var(--good) } .expected, .not-applicable, .undecided { color: var(--odd) }
.failed, .wrong-reason, .hung, .flaky, .broken { color: var(--bad) }
@media (max-width: 32rem) {
  dl { grid-template-columns: 1fr } dt { font-weight: bold } article { padding: 0 .6rem .6rem }
}
"""
_KEY = (
    ("--bar", "answered"),
    ("--held", "held"),
    ("--no", "refused (400 and above)"),
    ("--bad", "broken off"),
    ("--run", "the validator runs"),
)
_COLORS = {Exit.CONFORMANT: "#1a7f37", Exit.AS_EXPECTED: "#8a5a00", Exit.INCOMPLETE: "#5b6673"}


def page(outcome: Outcome, artifacts: Sequence[Path] = ()) -> bytes:
    """The whole page, in UTF-8: what the run was of, counts by profile and feature, what didn't pass and why, the rest.

    Args:
        outcome: of the run.
        artifacts: folders with what scenarios saw that didn't pass; without any they have no pictures.
    """
    about = outcome.about
    root, body = start_page(f"{about.suite}: {outcome.meaning}")
    add(body, "h1", outcome.meaning[:1].upper() + outcome.meaning[1:])
    facts = ET.SubElement(body, "dl")
    for name, text in (
        ("suite", f"{about.suite}, {about.scenarios} scenarios"),
        ("selected", f"{about.selected} of them" if about.partial else "all of them"),
        ("validator", f"{about.validator} ({about.version})"),
        ("registry", about.registry),
        ("came to", outcome.summary),
    ):
        add(facts, "dt", name)
        add(facts, "dd", text)
    _add_profiles(body, outcome)
    _add_counts(body, outcome.results, folded=bool(outcome.profiles))
    odd = sorted((one for one in outcome.results if one.status != "passed"), key=lambda one: one.location)
    if odd or outcome.unmet or outcome.problems:
        add(body, "h2", "What didn't pass")
    for text in (*outcome.problems, *outcome.unmet):
        add(body, "pre", _printable(text))
    for number, result in enumerate(odd):
        folder = _evidence(result, artifacts) if number < _DRAWN else None
        _add_result(body, result, about, folder)
    if outcome.missing:
        add(body, "h2", "What didn't run")
        names = ET.SubElement(body, "ul")
        for scenario in outcome.missing:
            add(names, "li", f"@{scenario.id} {scenario.name} ({scenario.location})")
    _add_passed(body, outcome.results)
    return write_page(root)


def badge(outcome: Outcome) -> bytes:
    """A picture (SVG) of two fields: the suite, and in a few words what the run came to."""
    passed = sum(result.status == "passed" for result in outcome.results)
    words = {
        Exit.CONFORMANT: f"conformant, {passed} of {outcome.about.scenarios}",
        Exit.AS_EXPECTED: f"{passed} of {outcome.about.scenarios}, others as expected",
        Exit.INCOMPLETE: f"partial, {passed} of {outcome.about.scenarios}",
        Exit.NOT_CONFORMANT: f"not conformant, {passed} of {outcome.about.scenarios}",
    }
    left, right = outcome.about.suite, words.get(outcome.exit, "unknown")
    widths = [7 * len(text) + 16 for text in (left, right)]
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=str(sum(widths)), height="20", role="img")
    root.set("aria-label", f"{left}: {right}")
    add(root, "title", f"{left}: {right}")
    start = 0
    for text, width, color in zip(
        (left, right), widths, ("#333d47", _COLORS.get(outcome.exit, "#b3261e")), strict=True
    ):
        ET.SubElement(root, "rect", x=str(start), width=str(width), height="20", fill=color)
        shown = add(root, "text", text)
        shown.attrib.update(x=str(start + width // 2), y="14", fill="#fff")
        shown.attrib.update({"font-family": "Verdana, sans-serif", "font-size": "11", "text-anchor": "middle"})
        start += width
    content: bytes = ET.tostring(root, encoding="utf-8")
    return content + b"\n"


def start_page(title: str) -> tuple[ET.Element, ET.Element]:
    """A page's root, and its body to be filled."""
    root = ET.Element("html", lang="en")
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "title", title)
    add(head, "style", _STYLE + TIME_STYLE)
    return root, ET.SubElement(root, "body")


def write_page(root: ET.Element) -> bytes:
    """The page in UTF-8."""
    content: bytes = ET.tostring(root, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + content + b"\n"


def add(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    """Add an element with a text, in which nothing is markup or a control character."""
    element = ET.SubElement(parent, tag, attributes)
    element.text = text if tag == "style" else _printable(text)
    return element


def _add_profiles(body: ET.Element, outcome: Outcome) -> None:
    """A row for each profile: whether it is claimed, what its scenarios came to, and what that means."""
    profiles = outcome.touched_profiles
    if not profiles:
        return
    add(body, "h2", "Profiles")
    statuses = [one for one in STATUSES if any(profile.counts.get(one) for profile in profiles)]
    table = ET.SubElement(ET.SubElement(body, "div", {"class": "wide"}), "table")
    row = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    add(row, "th", "profile", scope="col")
    add(row, "th", "comes to", scope="col", **{"class": "words"})
    for heading in (*(STATUSES[one].words for one in statuses), "didn't run"):
        add(row, "th", heading, scope="col")
    add(row, "th", "what is claimed with it", scope="col", **{"class": "words"})
    rows = ET.SubElement(table, "tbody")
    for profile in profiles:
        row = ET.SubElement(rows, "tr")
        add(row, "td", profile.name)
        add(row, "td", profile.meaning, **{"class": "words"})
        for status in statuses:
            _add_number(row, profile.counts.get(status, 0), status)
        _add_number(row, profile.missing, "undecided")
        add(row, "td", profile.description, **{"class": "words about"})
    others = [profile.name for profile in outcome.profiles if profile not in profiles]
    if others:
        add(body, "p", f"No scenario was selected of {', '.join(others)}.")


def _add_counts(body: ET.Element, results: Iterable[ScenarioResult], *, folded: bool) -> None:
    counts: dict[str, Counter[str]] = {}
    for result in results:
        counts.setdefault(result.feature, Counter())[result.status] += 1
    if folded:
        body = ET.SubElement(body, "details")
        add(body, "summary", f"By feature: {len(counts)} features")
    table = ET.SubElement(ET.SubElement(body, "div", {"class": "wide"}), "table")
    row = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    statuses = [one for one in STATUSES if any(found[one] for found in counts.values())]
    for heading in ("feature", *(STATUSES[one].words for one in statuses)):
        add(row, "th", heading, scope="col")
    rows = ET.SubElement(table, "tbody")
    for feature in sorted(counts):
        row = ET.SubElement(rows, "tr")
        add(row, "td", feature)
        for status in statuses:
            _add_number(row, counts[feature][status], status)


def _add_number(row: ET.Element, number: int, status: str) -> None:
    add(row, "td", str(number) if number else "", **({"class": status} if number else {}))


def _add_result(body: ET.Element, result: ScenarioResult, about: About, folder: Path | None) -> None:
    article = ET.SubElement(body, "article", id=f"{result.id}-{result.location.rpartition(':')[2]}")
    heading = ET.SubElement(article, "h3")
    add(heading, "span", STATUSES[result.status].words, **{"class": result.status}).tail = _printable(
        f" @{result.id} {result.name}"
    )
    facts = [result.location, f"{result.seconds:.1f} s", result.profile and f"profile {result.profile}"]
    facts += [result.point and f"proves {result.point} of the contract", result.weight and f"weight {result.weight}"]
    add(article, "p", ", ".join(filter(None, facts)))
    if result.step:
        add(article, "p", result.step)
    parts = contrast(result.message)
    if parts.said:
        _add_cut(article, parts.said)
    if parts.rows:
        _add_beside(article, parts.rows)
    seen = read_seen(folder / "seen.json") if folder is not None else None
    if seen is not None:
        _add_seen(article, seen)
    if parts.dump:
        details = ET.SubElement(article, "details")
        add(details, "summary", "What it printed")
        _add_cut(details, parts.dump)
    if result.id:
        _add_again(article, result.id, about, folder)


def _evidence(result: ScenarioResult, artifacts: Sequence[Path]) -> Path | None:
    """The folder with what it saw."""
    folders = [folder / result.evidence for folder in artifacts if result.evidence]
    return next((folder for folder in folders if folder.is_dir()), None)


def _add_cut(parent: ET.Element, text: str) -> None:
    shown = text[:_MESSAGE]
    rest = len(text) - len(shown)
    add(parent, "pre", shown + (f"\n… {rest} characters more, in the artifacts" if rest else ""))


def _add_beside(article: ET.Element, rows: Sequence[Row]) -> None:
    """What was expected to the left of what was seen."""
    table = ET.SubElement(ET.SubElement(article, "div", {"class": "wide high"}), "table", {"class": "beside"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for heading in ("expected", "seen"):
        add(head, "th", heading, scope="col")
    body = ET.SubElement(table, "tbody")
    for row in rows:
        line = ET.SubElement(body, "tr")
        for text, kind in ((row.expected, "come"), (row.seen, "gone")):
            marked = {"class": kind} if text is not None and not row.same else {}
            add(line, "td", (text or "")[:_MESSAGE], **marked)


def _add_seen(article: ET.Element, seen: Seen) -> None:
    """What was run, and the requests in time."""
    add(article, "h4", "What was run")
    for run in seen.runs:
        stopped = ", stopped" if run.timed_out else ""
        took = f"exit status {run.status}{stopped}, {run.ended - run.started:.2f} s"
        _add_cut(article, f"{shlex.join(run.command)}\n{took}")
    if not seen.requests:
        add(article, "p", "It asked nobody for anything.")
        return
    add(article, "h4", "Requests in time")
    key = ET.SubElement(article, "p", {"class": "key"})
    for color, words in _KEY:
        ET.SubElement(key, "span", style=f"background: var({color})").tail = words
    words = "A row is one resource, such as a blob, whichever image asks for it: what is fetched once has one bar."
    add(article, "p", words)
    picture = ET.SubElement(article, "div", {"class": "wide", "tabindex": "0"})
    drawn = draw(seen)
    for element in drawn.iter():
        if element.text:
            element.text = _printable(element.text)
    picture.append(drawn)
    details = ET.SubElement(article, "details")
    add(details, "summary", f"{len(seen.requests)} requests as a list")
    lines = [str(request) for request in seen.requests[:_LISTED]]
    if len(seen.requests) > _LISTED:
        lines.append(f"… {len(seen.requests) - _LISTED} more, in the artifacts")
    add(details, "pre", "\n".join(lines))


def _add_again(article: ET.Element, name: str, about: About, folder: Path | None) -> None:
    """Command lines that run it again."""
    words = shlex.split(about.validator) if about.validator else []
    last = ["--", *words]
    if about.adapter:
        named = ["--adapter", about.adapter]
        last = named if Adapter.is_puller_command(words) else [*named, *last]
    commands = [["ec-conformance", "run", "--tags", f"@{name}", *last]]
    if folder is not None and (folder / "repro.tar.gz").is_file():
        commands.append(["ec-conformance", "replay", str(folder / "repro.tar.gz"), *last])
    add(article, "h4", "Run it again")
    add(article, "pre", "\n".join(shlex.join(command) for command in commands))


def _add_passed(body: ET.Element, results: Iterable[ScenarioResult]) -> None:
    passed = sorted((one for one in results if one.status == "passed"), key=lambda one: one.location)
    if not passed:
        return
    details = ET.SubElement(body, "details")
    add(details, "summary", f"What passed: {len(passed)} scenarios")
    names = ET.SubElement(details, "ul")
    for result in passed:
        point = f"{result.point}, " if result.point else ""
        add(names, "li", f"@{result.id} {result.name} ({point}{result.seconds:.1f} s)")


def _printable(text: str) -> str:
    """Without what neither HTML nor a terminal shows: control characters and halves of pairs stand escaped."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )
