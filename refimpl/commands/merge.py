"""``merge``: the results of all shards of a run, put together to what one run would have said (docs/scale.md)."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from refimpl.command_line.shard import Shard
from refimpl.commands.outputs import Outputs, needs_documents
from refimpl.errors import InputError
from refimpl.ndjson.reading import open_results
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.command_line.options import Options
    from refimpl.ndjson.lines import Run, Summary
    from refimpl.ndjson.reading import Results

_log = logging.getLogger(__name__)


def merge(paths: Sequence[str], options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command.

    Raises:
        InputError: the files aren't all shards of one run, each to its end.
        UnsuccessfulError: all was written, and a component has a violation.
        Error: a report couldn't be written, or images couldn't be judged.
    """
    if not paths:
        raise InputError("no files of results to merge; name those of all shards")
    with ExitStack() as stack:
        files = [stack.enter_context(open_results(path)) for path in paths]
        _check_together(files)
        ends = [_end(file) for file in files]
        if needs_documents(options) and not files[0].run.documents:
            raise InputError(f"{files[0].path} has no documents: make it with --output ndjson=…?documents=true")
        run = _run(files)
        outputs = stack.enter_context(Outputs(replace(options, show_successes=run.show_successes), run))
        for number, (position, file) in enumerate(_places(files)):
            outputs.add(number, file.find(position))
        last = max(ends, key=lambda end: end.finished)
        outputs.finish(
            environ,
            named_by=last.input,
            repeated=sum(end.repeated for end in ends),
            effective_time=last.effective_time,
            finished=last.finished,
        )
    outputs.check_success()


def _check_together(files: Sequence[Results]) -> None:
    """Whether they are all shards of one run, each once."""
    first = files[0]
    seen: dict[int, Results] = {}
    for file in files:
        shard = file.run.shard
        if shard.count != first.run.shard.count:
            raise InputError(f"{first.path} is shard {first.run.shard}, but {file.path} is shard {shard}")
        if shard.index in seen:
            raise InputError(f"shard {shard} is there twice: in {seen[shard.index].path} and in {file.path}")
        if _comparable(file.run) != _comparable(first.run):
            raise InputError(f"{file.path} is of another policy, key, version or flags than {first.path}")
        seen[shard.index] = file
    missing = [
        str(Shard(index, count))
        for count in (first.run.shard.count,)
        for index in range(1, count + 1)
        if index not in seen
    ]
    if missing:
        shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
        raise InputError(f"there are shards missing: {shown}")


def _comparable(run: Run) -> Run:
    return replace(run, shard=Shard(), effective_time="")


def _end(file: Results) -> Summary:
    if file.summary is None:
        raise InputError(f"{file.path} has no end: its run was ended before; continue it with --resume")
    if len(file.places) != file.summary.entries:
        what = "lacks lines" if len(file.places) < file.summary.entries else "has lines of other runs"
        raise InputError(f"{file.path} {what}: there are {len(file.places)} of {file.summary.entries} entries")
    return file.summary


def _run(files: Sequence[Results]) -> Run:
    """What all have in common; of several times the latest."""
    times = sorted({file.run.effective_time for file in files})
    if len(times) > 1:
        _log.warning(
            "The shards were judged for different times, from %s to %s; the report tells the latest",
            times[0],
            times[-1],
        )
    return replace(files[0].run, shard=Shard(), effective_time=times[-1])


def _places(files: Sequence[Results]) -> list[tuple[int, Results]]:
    """All entries by position; each is in one file.

    Raises:
        InputError: two have one, or they are of different lists.
    """
    for file in files:
        if file.summary is not None and files[0].summary is not None and file.summary.input != files[0].summary.input:
            raise InputError(f"{file.path} is of another list of images than {files[0].path}")
    found: dict[int, Results] = {}
    for file in files:
        for position in file.places:
            if position in found:
                raise InputError(f"entry {position} is there twice: in {found[position].path} and in {file.path}")
            found[position] = file
    return sorted(found.items())
