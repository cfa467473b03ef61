"""The process: ``ec-ref …`` or ``python -m refimpl …``."""

from __future__ import annotations

import gc
import os
import sys

if sys.platform != "win32":
    # What `signal` is made of: that imports enum.
    from _signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]

    if getsignal(SIGINT) is default_int_handler:  # not yet changed: until there is a supervisor, an interrupt just ends
        signal(SIGINT, SIG_DFL)

#: Objects between two looks for cycles. Loading code makes 50,000, and a validation leaves hardly any cycles, so most
#: runs have no look at all; at the default of 700 there are hundreds, and each costs milliseconds.
_GARBAGE = 200_000


def run() -> None:
    """Carry out the process's command line and end the process.

    The end is immediate: what still runs in threads (a download that nobody waits for after a time-out) and the
    interpreter's own tidying aren't waited for. The policy engine's process ends when its input does.
    """
    gc.set_threshold(_GARBAGE)

    from refimpl.cli import main
    from refimpl.system.streams import open_all
    from refimpl.system.supervisor import supervise

    open_all()
    os._exit(main(sys.argv[1:], supervise))


if __name__ == "__main__":
    run()
