"""``validate image`` of many images: lists, shards, results as they come, and resuming with what was found before.

Memory holds what is on its way, and of what is done only what a chosen format needs (docs/scale.md).
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from refimpl.command_line.shard import Shard
from refimpl.command_line.version import VERSION
from refimpl.commands.image_list import Entry, ImageList, is_list
from refimpl.commands.outputs import Outputs, is_same_file, needs_documents
from refimpl.commands.resume import earlier_results
from refimpl.commands.snapshot import registry_of
from refimpl.commands.validate_image import FEW, make_vsas, prepare
from refimpl.commands.verdict_key import input_digest, verdict_key
from refimpl.deadline import Deadline
from refimpl.errors import ComponentError, InputError
from refimpl.golang.instant import format_rfc3339
from refimpl.ndjson.lines import Found, Run
from refimpl.ndjson.writing import destinations
from refimpl.policy.effective_time import EffectiveTime
from refimpl.record import replace
from refimpl.redaction import without_secrets, without_secrets_in
from refimpl.report.outcome import Kept
from refimpl.system.turns import AHEAD, Turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.command_line.options import Options
    from refimpl.commands.component import Judge
    from refimpl.commands.resume import Earlier
    from refimpl.commands.setup import Setup

_log = logging.getLogger(__name__)


def validate_stream(options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command.

    Raises:
        UnsuccessfulError: all was written, and a component has a violation.
        Error: there is no report, it couldn't be written, or images couldn't be judged.
    """
    deadline = Deadline(options.timeout)
    given = _read_options(options)
    with ExitStack() as stack:
        earlier = stack.enter_context(earlier_results(options.resume))
        means_now = options.effective_time.lower() == "now"
        chosen = options
        if means_now and earlier.now:
            chosen = replace(options, effective_time=earlier.now, allow_past_effective_time=True)
        setup, judging = stack.enter_context(prepare(chosen, environ, deadline, listed=isinstance(given, _Listed)))
        run = _run(setup, options, environ)
        if not earlier.was_judged_by(run, documents=_needs_documents(options, earlier)) and means_now:
            setup = replace(setup, policy=setup.policy.at(EffectiveTime.choose("now", now=time.time_ns())))
            run = _run(setup, options, environ)
        kept = Kept(documents=needs_documents(options), successes=options.show_successes)
        setup = replace(setup, kept=kept, count=given.count(setup))
        outputs = stack.enter_context(Outputs(options, run, earlier=(options.resume, earlier.end)))
        judge = stack.enter_context(judging(setup))
        entries = given.entries(setup, run.shard)
        turns = Turns(
            entries,
            lambda entry: registry_of(entry.component),
            ahead=given.ahead,
            window=AHEAD if any(one.ordered for one in destinations(options.output)) else None,
        )
        for number, found in _judge_entries(turns, judge, earlier, setup):
            outputs.add(number, found)
        outputs.remove(earlier.unnamed)
        report = outputs.finish(environ, named_by=given.digest(setup), repeated=given.repeated)
    if options.vsa and report is not None:
        make_vsas(report, options, environ, deadline)
    outputs.check_success()


def _judge_entries(turns: Turns[Entry], judge: Judge, earlier: Earlier, setup: Setup) -> Iterator[tuple[int, Found]]:
    """What came of each entry, with the entry's number from 0, as soon as it is done."""
    for handed, outcome in judge(map(earlier.mark, turns), turns.end):
        number, entry = turns.settle(handed)
        if isinstance(outcome, ComponentError):
            yield number, Found(entry.position, entry.identity, outcome)
        elif outcome.unchanged:
            yield number, earlier.find(entry.position)
        else:
            images = outcome.images or setup.snapshot.indexes.get(outcome.result.container_image, ())
            yield number, Found(entry.position, entry.identity, replace(outcome, images=images))


class _Given(Protocol):
    """What names the images.

    Attributes:
        repeated: how many lines named an image again.
        ahead: how many entries may be taken before it is their turn.
    """

    repeated: int
    ahead: int

    def entries(self, setup: Setup, shard: Shard) -> Iterator[Entry]:
        """Those of a shard."""
        ...

    def count(self, setup: Setup) -> int:
        """How many there will be at least, as far as that is soon known."""
        ...

    def digest(self, setup: Setup) -> str:
        """Of the list or snapshot, once all entries were taken."""
        ...


class _Snapshot:
    """The components of a snapshot, and the images of its indexes."""

    repeated = 0
    ahead = AHEAD

    def entries(self, setup: Setup, shard: Shard) -> Iterator[Entry]:
        for position, component in enumerate(setup.snapshot.components, 1):
            if shard.has(component.container_image):
                yield Entry(position, component)

    def count(self, setup: Setup) -> int:
        return len(setup.snapshot.components)

    def digest(self, setup: Setup) -> str:
        return input_digest(setup)


class _Listed:
    """The lines of a list; what is named again is passed over, as in a snapshot."""

    def __init__(self, images: ImageList) -> None:
        self.repeated = 0
        self.ahead = AHEAD if images.is_at_hand else 1
        self._images = images
        self._named = False

    def entries(self, _: Setup, shard: Shard) -> Iterator[Entry]:
        seen: set[bytes] = set()
        for entry in self._images:
            self._named = True
            if not shard.has(entry.component.container_image):
                continue
            known = bytes.fromhex(entry.identity)
            if known in seen:
                self.repeated += 1
                continue
            seen.add(known)
            yield entry

    def count(self, _: Setup) -> int:
        return self._images.count(FEW + 1)

    def digest(self, _: Setup) -> str:
        if not self._named:
            _log.warning("%s names no images", self._images.where)
        if self.repeated:
            _log.warning("%s names %d images again, which were judged once", self._images.where, self.repeated)
        return self._images.digest


def _read_options(options: Options) -> _Given:
    if not is_list(options.images):
        return _Snapshot()
    if options.image or options.file_path or options.json_input or options.snapshot:
        raise InputError("--images names a list: nothing else can name images besides")
    return _Listed(ImageList(options.images))


def _run(setup: Setup, options: Options, environ: Mapping[str, str]) -> Run:
    nanoseconds = setup.policy.effective_time.nanoseconds
    return Run(
        verdict_key=verdict_key(setup, options, environ),
        effective_time="" if nanoseconds is None else format_rfc3339(nanoseconds),
        key=setup.key,
        policy=without_secrets_in(setup.policy.spec),
        ec_version=VERSION,
        snapshot=without_secrets(options.snapshot),
        show_successes=options.show_successes,
        shard=Shard.parse(options.shard) if options.shard else Shard(),
    )


def _needs_documents(options: Options, earlier: Earlier) -> bool:
    """Whether earlier results need documents; those that are written on are as they were."""
    on = [one for one in destinations(options.output) if one.path and is_same_file(one.path, options.resume)]
    return needs_documents(options) or (earlier.has_documents and not all(one.documents for one in on))
