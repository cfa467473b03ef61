"""Which modules have fewer than nine tenths of their branches run, and why: ``python .ci/branches.py COVERAGE.json``.

The reasons are in `pyproject.toml`, `[tool.branches.reasons]`, by modules or patterns of them. A module below the limit
without a reason is a failure; a reason that isn't needed is noted.
"""

from __future__ import annotations

import json
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_LIMIT = 0.9


def main() -> int:
    """Print the modules; 1 if one of them has no reason."""
    measured = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
    reasons: dict[str, str] = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["tool"]["branches"]["reasons"]
    parts = {module_name(path): share(file["summary"]) for path, file in measured.items()}
    low = {name: part for name, part in sorted(parts.items()) if part < _LIMIT}
    needed: set[str] = set()
    without = 0
    for name, part in low.items():
        why = next((text for pattern, text in reasons.items() if fnmatchcase(name, pattern)), "")
        needed |= {pattern for pattern in reasons if fnmatchcase(name, pattern)}
        without += not why
        sys.stdout.write(f"{part:>4.0%}  {name}: {why or 'NO REASON IS GIVEN'}\n")
    branches = sum(file["summary"]["num_branches"] for file in measured.values())
    run = sum(file["summary"]["covered_branches"] for file in measured.values())
    sys.stdout.write(
        f"{run} of {branches} branches in {len(parts)} modules were run; {len(low)} modules are below 90 %\n"
    )
    for name in sorted(set(reasons) - needed):
        sys.stdout.write(f"note: the reason for {name} isn't needed (any more)\n")
    return 1 if without else 0


def module_name(path: str) -> str:
    """The dotted name of a module, wherever it is installed."""
    parts = Path(path).with_suffix("").parts
    top = max(at for at, part in enumerate(parts) if part in {"ec_acceptance", "refimpl"})
    return ".".join(part for part in parts[top:] if part != "__init__")


def share(summary: dict[str, Any]) -> float:
    """The share of branches that were run; 1 where there are none."""
    return summary["covered_branches"] / summary["num_branches"] if summary["num_branches"] else 1.0


if __name__ == "__main__":
    sys.exit(main())
