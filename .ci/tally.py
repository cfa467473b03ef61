"""Adds up JUnit reports: one line, `N passed, N failed, N skipped`.

The exit status is 1 when nothing ran or something failed.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main(folder: Path) -> int:
    """Print the sum of all reports below `folder`."""
    ran = failed = skipped = 0
    for report in sorted(folder.rglob("*.xml")):
        for suite in ET.parse(report).iter("testsuite"):  # noqa: S314  # our own reports
            ran += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    sys.stdout.write(f"{ran - failed - skipped} passed, {failed} failed, {skipped} skipped\n")
    return 1 if failed or ran == skipped else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
