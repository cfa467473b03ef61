"""A run as one page of HTML, which reads without any other file and without scripts; and as a badge."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.outcome import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ec_acceptance.conformance.outcome import Outcome, ScenarioResult

__all__ = ["badge", "page"]

_MESSAGE = 20_000  # characters of one message; the whole is in the artifacts
_STYLE = """
:root { color-scheme: light dark; --line: #c8d1dc; --soft: #f3f6f9; --good: #1a7f37; --bad: #b3261e; --odd: #8a5a00 }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d4650; --soft: #1d232a; --good: #57c278; --bad: #ff8a80; --odd: #e3b341 }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.25 } h2 { font-size: 1.25rem; margin-top: 2.5rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dd { margin: 0; overflow-wrap: anywhere }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left }
article { border: 1px solid var(--line); border-radius: 6px; padding: 0 1rem 1rem; margin: 1rem 0 }
article h3 { font-size: 1rem; overflow-wrap: anywhere }
pre { background: var(--soft); padding: .7rem; white-space: pre-wrap }
p, pre, li, code { overflow-wrap: anywhere }
summary { cursor: pointer } .passed { color: var(--good) } .expected, .not-applicable, .undecided { color: var(--odd) }
.failed, .wrong-reason, .hung, .flaky, .broken { color: var(--bad) }
"""
_COLORS = {Exit.CONFORMANT: "#1a7f37", Exit.AS_EXPECTED: "#8a5a00", Exit.INCOMPLETE: "#5b6673"}


def page(outcome: Outcome) -> bytes:
    """The whole page, in UTF-8: what the run was of, counts by feature, what didn't pass and why, and all the rest."""
    about = outcome.about
    root = ET.Element("html", lang="en")
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "title", f"{about.suite}: {outcome.meaning}")
    _add(head, "style", _STYLE)
    body = ET.SubElement(root, "body")
    _add(body, "h1", outcome.meaning[:1].upper() + outcome.meaning[1:])
    facts = ET.SubElement(body, "dl")
    for name, text in (
        ("suite", f"{about.suite}, {about.scenarios} scenarios"),
        ("selected", f"{about.selected} of them" if about.partial else "all of them"),
        ("validator", f"{about.validator} ({about.version})"),
        ("registry", about.registry),
        ("came to", outcome.summary),
    ):
        _add(facts, "dt", name)
        _add(facts, "dd", text)
    _add_counts(body, outcome.results)
    odd = sorted((one for one in outcome.results if one.status != "passed"), key=lambda one: one.location)
    if odd or outcome.unmet or outcome.problems:
        _add(body, "h2", "What didn't pass")
    for text in (*outcome.problems, *outcome.unmet):
        _add(body, "pre", _printable(text))
    for result in odd:
        _add_result(body, result, about.validator)
    if outcome.missing:
        _add(body, "h2", "What didn't run")
        names = ET.SubElement(body, "ul")
        for scenario in outcome.missing:
            _add(names, "li", f"@{scenario.id} {scenario.name} ({scenario.location})")
    _add_passed(body, outcome.results)
    content: bytes = ET.tostring(root, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + content + b"\n"


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
    _add(root, "title", f"{left}: {right}")
    start = 0
    for text, width, color in zip(
        (left, right), widths, ("#333d47", _COLORS.get(outcome.exit, "#b3261e")), strict=True
    ):
        ET.SubElement(root, "rect", x=str(start), width=str(width), height="20", fill=color)
        shown = _add(root, "text", text)
        shown.attrib.update(x=str(start + width // 2), y="14", fill="#fff")
        shown.attrib.update({"font-family": "Verdana, sans-serif", "font-size": "11", "text-anchor": "middle"})
        start += width
    content: bytes = ET.tostring(root, encoding="utf-8")
    return content + b"\n"


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text if tag == "style" else _printable(text)
    return element


def _add_counts(body: ET.Element, results: Iterable[ScenarioResult]) -> None:
    counts: dict[str, Counter[str]] = {}
    for result in results:
        counts.setdefault(result.feature, Counter())[result.status] += 1
    table = ET.SubElement(ET.SubElement(body, "div", {"class": "wide"}), "table")
    row = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    statuses = [one for one in STATUSES if any(found[one] for found in counts.values())]
    for heading in ("feature", *(STATUSES[one].words for one in statuses)):
        _add(row, "th", heading, scope="col")
    rows = ET.SubElement(table, "tbody")
    for feature in sorted(counts):
        row = ET.SubElement(rows, "tr")
        _add(row, "td", feature)
        for status in statuses:
            number = counts[feature][status]
            _add(row, "td", str(number) if number else "", **({"class": status} if number else {}))


def _add_result(body: ET.Element, result: ScenarioResult, validator: str) -> None:
    article = ET.SubElement(body, "article", id=f"{result.id}-{result.location.rpartition(':')[2]}")
    heading = ET.SubElement(article, "h3")
    _add(heading, "span", STATUSES[result.status].words, **{"class": result.status}).tail = _printable(
        f" @{result.id} {result.name}"
    )
    _add(article, "p", f"{result.location}, {result.seconds:.1f} s")
    if result.step:
        _add(article, "p", result.step)
    if result.message:
        shown = result.message[:_MESSAGE]
        rest = len(result.message) - len(shown)
        _add(article, "pre", shown + (f"\n… {rest} characters more, in the artifacts" if rest else ""))
    if result.id:
        again = ["ec-conformance", "--tags", f"@{result.id}", "--validator", validator]
        _add(article, "p", "Run it again: ").append(code := ET.Element("code"))
        code.text = _printable(shlex.join(again))


def _add_passed(body: ET.Element, results: Iterable[ScenarioResult]) -> None:
    passed = sorted((one for one in results if one.status == "passed"), key=lambda one: one.location)
    if not passed:
        return
    details = ET.SubElement(body, "details")
    _add(details, "summary", f"What passed: {len(passed)} scenarios")
    names = ET.SubElement(details, "ul")
    for result in passed:
        _add(names, "li", f"@{result.id} {result.name} ({result.seconds:.1f} s)")


def _printable(text: str) -> str:
    """Without what neither HTML nor a terminal shows: control characters and halves of pairs stand escaped."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )
