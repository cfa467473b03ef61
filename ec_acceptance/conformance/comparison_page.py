"""What differs between two validators, as one page of HTML."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ec_acceptance.conformance.comparison import KINDS
from ec_acceptance.conformance.page import add, start_page, write_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.conformance.comparison import Pair

__all__ = ["comparison_page"]

_LINES = 200
_CLASSES = {"-": "gone", "+": "come"}


def comparison_page(pairs: Sequence[Pair], commands: Sequence[str]) -> bytes:
    """The whole page, in UTF-8: how many scenarios differ in what, and each that does."""
    root, body = start_page("Two validators side by side")
    add(body, "h1", "Two validators side by side")
    facts = ET.SubElement(body, "dl")
    for sign, command in zip(("− the first", "+ the other"), commands, strict=True):
        add(facts, "dt", sign)
        add(facts, "dd", command)
    same = [pair for pair in pairs if pair.differences == ()]
    add(facts, "dt", "scenarios")
    add(facts, "dd", f"{len(pairs)}, of which {len(same)} are the same on both")
    _add_kinds(body, pairs)
    for pair in pairs:
        if pair.differences != ():
            _add_pair(body, pair)
    details = ET.SubElement(body, "details")
    add(details, "summary", f"The same on both: {len(same)} scenarios")
    names = ET.SubElement(details, "ul")
    for pair in same:
        add(names, "li", f"@{pair.id} {pair.name}")
    return write_page(root)


def _add_kinds(body: ET.Element, pairs: Sequence[Pair]) -> None:
    counts = Counter(kind for pair in pairs for kind in {one.kind for one in pair.differences or ()})
    table = ET.SubElement(ET.SubElement(body, "div", {"class": "wide"}), "table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    add(head, "th", "difference", scope="col")
    add(head, "th", "what it is", scope="col", **{"class": "words"})
    add(head, "th", "scenarios", scope="col")
    rows = ET.SubElement(table, "tbody")
    for kind, words in KINDS.items():
        row = ET.SubElement(rows, "tr")
        add(row, "td", kind)
        add(row, "td", words, **{"class": "words about"})
        add(row, "td", str(counts[kind]))


def _add_pair(body: ET.Element, pair: Pair) -> None:
    article = ET.SubElement(body, "article")
    add(article, "h3", f"@{pair.id} {pair.name}")
    add(article, "p", f"{pair.statuses[0]} on the first, {pair.statuses[1]} on the other")
    if pair.differences is None:
        add(article, "p", "There is nothing to compare.")
        return
    for difference in pair.differences:
        add(article, "h4", f"{difference.kind}: {difference.place}")
        lines = ET.SubElement(article, "pre")
        for line in difference.lines[:_LINES]:
            add(lines, "span", line, **({"class": kind} if (kind := _CLASSES.get(line[:1])) else {})).tail = "\n"
        if len(difference.lines) > _LINES:
            add(lines, "span", f"… and {len(difference.lines) - _LINES} lines more")
