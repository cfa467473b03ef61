"""The process: ``ec-ref …`` or ``python -m refimpl …``."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["run"]

_GARBAGE = 50_000  # objects between two looks for cycles: at the default of 700, imports alone cause hundreds of looks


def run() -> None:
    """Carry out the process's command line and end the process.

    The end is immediate: what still runs in threads (a download that nobody waits for after a time-out) and the
    interpreter's own tidying aren't waited for. The policy engine's process ends when its input does.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")  # type: ignore[union-attr]  # they are text streams

    gc.set_threshold(_GARBAGE)

    from refimpl.cli import main

    status = main(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        status = status or 1
    os._exit(status)


if __name__ == "__main__":
    run()
