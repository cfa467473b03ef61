"""``--resume``: what an earlier run found, of which nothing has to be judged again (docs/scale.md)."""

from __future__ import annotations

import logging
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.errors import InputError
from refimpl.golang import instant
from refimpl.ndjson.lines import Found, is_settled
from refimpl.ndjson.reading import LONGEST_LINE, Results, open_results
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.commands.image_list import Entry
    from refimpl.commands.snapshot import Component
    from refimpl.ndjson.lines import Run

OLDEST = 24 * 60 * 60
"""Seconds: a run that judges for "now" takes over the time of one that is no older."""

_OTHER = "these results are of another policy, key, time, version or shard, or lack documents: all is judged again"

_log = logging.getLogger(__name__)


class Earlier:
    """Results of an earlier run, those that still count.

    Args:
        results: what is in the file; None if there is no file.
    """

    def __init__(self, results: Results | None = None) -> None:
        self._results = results
        self._counts = results is not None
        self._unnamed = set(results.places) if results is not None else set()

    @property
    def now(self) -> str:
        """The time that "now" meant when the run began; empty if that is long ago."""
        if self._results is None or not self._results.run.effective_time:
            return ""
        text = self._results.run.effective_time
        try:
            age = time.time_ns() - instant.parse_rfc3339(text)
        except ValueError:
            return ""
        return text if 0 <= age <= OLDEST * instant.SECOND else ""

    @property
    def end(self) -> int:
        """The offset behind what is whole in the file; 0 if nothing of it counts."""
        return self._results.end if self._results is not None and self._counts else 0

    def was_judged_by(self, run: Run, *, documents: bool) -> bool:
        """Whether the results are of a run like this one, with documents if they are needed; if not, none counts."""
        if self._results is not None:
            earlier = self._results.run
            self._counts = _comparable(earlier) == _comparable(run) and (earlier.documents or not documents)
            if not self._counts:
                _log.warning("%s: %s", self._results.path, _OTHER)
        return self._counts

    @property
    def has_documents(self) -> bool:
        """Whether there are documents in the lines."""
        return self._results is not None and self._results.run.documents

    def mark(self, entry: Entry) -> Component:
        """The entry's component, with the digest that it was judged with, if it was."""
        if not self._counts or self._results is None or entry.position not in self._results.places:
            return entry.component
        self._unnamed.discard(entry.position)
        lines = self._results.lines(entry.position)
        if lines[0].get("entry") != entry.identity or not all(map(is_settled, lines)):
            return entry.component
        return replace(entry.component, known_digest=str(lines[0]["digest"]))

    @property
    def unnamed(self) -> list[int]:
        """The positions of those that count, but for which no entry was given to `mark`."""
        return sorted(self._unnamed) if self._counts else []

    def find(self, position: int) -> Found:
        """What was found then."""
        if self._results is None:
            raise InputError("there are no earlier results")
        return self._results.find(position)


@contextmanager
def earlier_results(path: str) -> Iterator[Earlier]:
    """What is in a file of results; nothing if there is none yet.

    Raises:
        InputError: the file is something else.
    """
    if not path or not _has_a_line(path):
        yield Earlier()
        return
    with open_results(path) as results:
        yield Earlier(results)


def _has_a_line(path: str) -> bool:
    """Whether the run that wrote it came so far."""
    try:
        if stat.S_ISFIFO(Path(path).stat().st_mode):
            return True
        with Path(path).open("rb") as stream:
            return stream.readline(LONGEST_LINE).endswith(b"\n")
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True  # opening it again tells why not


def _comparable(run: Run) -> tuple[str, str, str]:
    return run.verdict_key, run.effective_time, str(run.shard)
