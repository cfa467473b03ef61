"""The embedded registry on its own: `python -m ec_acceptance.testbed.registry [--port N]`."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry

_TICK = 0.2  # seconds


def main(arguments: list[str] | None = None) -> int:
    """Print the address on one line and serve until SIGINT or SIGTERM; 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(
        prog="python -m ec_acceptance.testbed.registry",
        description="An OCI registry in memory, on the loopback address, until it is interrupted.",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port to serve on (default: any free one)")
    wanted = parser.parse_args(arguments)
    stopped: list[int] = []  # an Event has a lock, for which a handler would wait that came while this thread had it
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _: stopped.append(got))
    try:
        registry = EmbeddedRegistry(port=wanted.port)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot serve on port {wanted.port}: {error}\n")
        return 1
    sys.stdout.write(f"{registry.url}\n")
    sys.stdout.flush()
    while not stopped:  # Windows delivers signals only between waits, and others perhaps to another thread
        time.sleep(_TICK)
    registry.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
