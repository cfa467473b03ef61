"""``python /…/tests/suite/in_processes.py validate image …``: `ec-ref`, with every validation in two processes.

Even one image is judged in a process of its own, which `--processes 2` alone wouldn't do. As a validator
(``ec-conformance --validator "python /…/in_processes.py"``) it shows that nothing depends on how many there are.
"""

from __future__ import annotations

import sys
from pathlib import Path

if sys.path[0] == str(Path(__file__).resolve().parent):  # modules of the tests aren't what is to be imported
    del sys.path[0]

from refimpl.__main__ import run
from refimpl.commands import validate_image

_PROCESSES = 2

if __name__ == "__main__":
    validate_image.count_processes = lambda *_: _PROCESSES
    run()
