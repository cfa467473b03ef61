"""behave as a worker: it runs the scenarios that it is told, one after the other, until it is told no more.

It asks on its standard output, between the lines of the formatter, and is answered on its standard input: the location
of a scenario, or the end. So none of several workers is idle while there is something to run, however long each takes.

``python -m ec_acceptance.conformance.worker`` takes the options of ``behave``, and nothing else tells it what to do:
files that configure behave (`~/.behaverc`, `behave.ini`, …) may name another validator, or have snapshots recorded.
"""

from __future__ import annotations

import copy
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behave.__main__ import run_behave  # type: ignore[import-untyped]  # behave publishes no types
from behave.configuration import Configuration  # type: ignore[import-untyped]  # as above
from behave.parser import parse_file  # type: ignore[import-untyped]  # as above
from behave.runner import Runner  # type: ignore[import-untyped]  # as above

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

__all__ = ["Worker", "main"]

_OBJECTS = 20_000  # that are made before those are looked for that nothing reaches any more


class Worker(Runner):  # type: ignore[misc]  # as above
    """behave's runner, but for where its scenarios come from."""

    def feature_locations(self) -> list[Any]:
        """None: nothing is read before it is asked for."""
        return []

    def run_model(self, features: Iterable[Any] | None = None) -> bool:
        """Run what is told; whether anything failed."""
        gc.freeze()  # hooks, steps and what they import: nothing of it goes, so nobody looks through it again and again
        gc.set_threshold(_OBJECTS)
        failed: bool = super().run_model(self._read_scenarios(_take_standard_input()) if features is None else features)
        return failed

    def _read_scenarios(self, told: TextIO) -> Iterator[Any]:
        """For each scenario that is told: its feature, with no other one in it."""
        features: dict[str, Any] = {}
        while not self.aborted:
            try:
                sys.stdout.write('{"asks": true}\n')
                sys.stdout.flush()
                path, _, line = told.readline().rstrip("\n").rpartition(":")
            except KeyboardInterrupt:
                self.abort(reason="KeyboardInterrupt")
                return
            if not path:
                return
            if path not in features:
                features[path] = parse_file(str(Path.cwd() / path))
            feature = copy.copy(features[path])
            feature.run_items = [one for one in features[path].walk_scenarios() if one.line == int(line)]
            yield feature


def _take_standard_input() -> TextIO:
    """What is told; programs that steps start get none of it."""
    told = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return told


def main(arguments: Sequence[str]) -> int:
    """Run as ``behave`` does, by these options alone; the answer is the exit status."""
    status: int = run_behave(Configuration(list(arguments), load_config=False), Worker)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
