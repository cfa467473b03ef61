"""Adds up JUnit reports: what failed, by name and with its reason, then one line, `N passed, N failed, N skipped`.

The exit status is 1 when nothing ran or something failed.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DETAILED = 10  # failures whose text is shown; of the others only the names
_LINES = 60  # of a text: its end, where the assertion is


def _failures(report: Path) -> Iterator[tuple[str, str]]:
    """The name of each test case of `report` that failed, and its text."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # our own reports
        for verdict in (*case.iter("failure"), *case.iter("error")):
            name = "::".join(filter(None, (report.stem, case.get("classname"), case.get("name"))))
            yield name, verdict.text or verdict.get("message") or "no reason is told"


def main(folder: Path) -> int:
    """Print what failed in the reports below `folder`, and their sum."""
    ran = failed = skipped = 0
    failures: list[tuple[str, str]] = []
    for report in sorted(folder.rglob("*.xml")):
        for suite in ET.parse(report).iter("testsuite"):  # noqa: S314  # our own reports
            ran += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
        failures += _failures(report)
    for index, (name, text) in enumerate(failures):
        lines = text.rstrip().splitlines() if index < _DETAILED else []
        sys.stdout.write("\n".join([f"FAILED {name}", *(f"  {line}" for line in lines[-_LINES:])]) + "\n")
    sys.stdout.write(f"{ran - failed - skipped} passed, {failed} failed, {skipped} skipped\n")
    return 1 if failed or ran == skipped else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
