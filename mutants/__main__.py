"""``python -m mutants``: makes the matrix. ``python -m mutants NAME …``: the mutant's own command line.

Scenarios start a validator in a folder of their own, so they name this folder instead: ``python /…/mutants NAME``.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # started by the folder's name, which then stands where imports are looked for
    del sys.path[0]
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # the last place: an installed refimpl comes first

from mutants.catalogue import CONTROL, all_mutants

__all__: list[str] = []


def _run() -> None:
    mutants = all_mutants()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in mutants:
        mutants[name].apply()
    elif name != CONTROL:
        from mutants.cli import main

        sys.exit(main(sys.argv[1:]))
    sys.argv = ["ec-ref", *sys.argv[2:]]
    from refimpl.__main__ import run

    run()


if __name__ == "__main__":
    _run()
