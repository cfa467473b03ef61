"""The matrix as JUnit XML, for whoever counts tests: one for each mutant, and one for what concerns the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from mutants.matrix import Matrix

__all__ = ["junit"]


def junit(matrix: Matrix) -> bytes:
    """A test suite in which a mutant that isn't found by all that is named for it has failed."""
    of_mutants = {name: matrix.problems_of(name) for name in matrix.mutants}
    known = {problem for problems in of_mutants.values() for problem in problems}
    cases = {**of_mutants, "the whole": [problem for problem in matrix.problems() if problem not in known]}
    failures = sum(bool(problems) for problems in cases.values())
    suite = ET.Element("testsuite", name="mutants", tests=str(len(cases)), failures=str(failures), errors="0")
    suite.set("skipped", "0")
    for name, problems in cases.items():
        case = ET.SubElement(suite, "testcase", classname="mutants", name=name)
        if problems:
            ET.SubElement(case, "failure", message=problems[0]).text = "\n".join(problems)
    found: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return found
