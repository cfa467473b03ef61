"""Where results of many images go: lines as they come, the report at the end, the exit status (docs/scale.md)."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from refimpl.commands.tally import Tally
from refimpl.errors import UnsuccessfulError
from refimpl.ndjson.writing import FORMAT, Writer, destinations
from refimpl.record import replace
from refimpl.report import targets
from refimpl.report.targets import parse_target, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from refimpl.command_line.options import Options
    from refimpl.ndjson.lines import Found, Run
    from refimpl.report.model import Report


def needs_documents(options: Options) -> bool:
    """Whether some output shows what rules saw, or what attestations state."""
    return targets.needs_documents(options.output) or any(one.documents for one in destinations(options.output))


class Outputs:
    """All that ``--output`` names, open while results come.

    Args:
        options: of the command line.
        run: what the results have in common.
        earlier: the file of earlier results that is written on, if an output is this file, up to this offset.
    """

    def __init__(self, options: Options, run: Run, *, earlier: tuple[str, int] = ("", 0)) -> None:
        self._options = options
        self._others = tuple(one for one in options.output if parse_target(one).format != FORMAT)
        lines = destinations(options.output)
        self._reports = bool(self._others) or not lines or options.vsa
        self._tally = Tally(run, keeps_results=self._reports)
        path, end = earlier
        with ExitStack() as opened:
            self._writers = [
                opened.enter_context(
                    Writer(
                        one,
                        replace(run, documents=one.documents),
                        kept_until=end if one.path and is_same_file(one.path, path) else 0,
                    )
                )
                for one in lines
            ]
            self._opened = opened.pop_all()

    def add(self, number: int, found: Found) -> None:
        """Take what came of the entry with this number, from 0, in the order in which entries were given.

        Raises:
            OutputError: a line can't be written: nothing more needs to be judged.
        """
        self._tally.add(found)
        for writer in self._writers:
            writer.add(number, found)

    def remove(self, positions: Iterable[int]) -> None:
        """Have entries not count any more that an earlier run has written, and that aren't named now."""
        for position in positions:
            for writer in self._writers:
                writer.remove(position)

    def finish(
        self,
        environ: Mapping[str, str],
        *,
        named_by: str,
        repeated: int,
        effective_time: str = "",
        finished: datetime | None = None,
    ) -> Report | None:
        """Write the last lines, and the report if one is wanted.

        Args:
            environ: for colours.
            named_by: the digest of the list or snapshot.
            repeated: how many lines named an image again.
            effective_time: if no component tells one; now by default.
            finished: when the results were complete; now by default.

        Raises:
            Error: there is no report, it couldn't be written, or images couldn't be judged.
        """
        chosen, created = self._tally.effective_time(effective_time), finished or datetime.now(UTC)
        summary = self._tally.summary(named_by, repeated=repeated, effective_time=chosen, finished=created)
        for writer in self._writers:
            writer.finish(summary)
        report = None
        if self._reports:
            report = self._tally.report(chosen, created)
            if self._others or not self._writers:
                write(report, self._others, self._options.text_options(environ), sys.stdout.buffer)
        fault = self._tally.fault()
        if fault is not None:
            raise fault
        return report

    def check_success(self) -> None:
        """The last step.

        Raises:
            UnsuccessfulError: a component has a violation, and ``--strict`` is on.
        """
        if self._options.strict and not self._tally.success:
            raise UnsuccessfulError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()


def is_same_file(one: str, other: str) -> bool:
    """Whether two paths name one file, if both are there."""
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False
