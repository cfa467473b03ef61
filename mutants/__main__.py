"""``python -m mutants``: makes the matrix. ``python /…/mutants NAME …``: the mutant's own command line.

Scenarios start a validator in a folder of their own, so they name this one by its path.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # started by its path: the folder stands where imports are looked for
    del sys.path[0]
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # the last place: an installed refimpl comes first

from mutants.catalogue import CONTROL, find

__all__: list[str] = []

_A_MUTANT = not __package__


def _run() -> None:
    if not _A_MUTANT:
        from mutants.cli import main

        sys.exit(main(sys.argv[1:]))
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name != CONTROL:
        mutant = find(name)
        if mutant is None:
            sys.exit(f"no such mutant: {name}")
        mutant.apply()
    sys.argv = ["ec-ref", *sys.argv[2:]]
    from refimpl.__main__ import run

    run()


if __name__ == "__main__":
    _run()
