"""How a run ends: signals, full disks, deadlines, faults of one component."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from queue import SimpleQueue

__all__: list[str] = []


@mutant(
    "terminated-by-the-system",
    "Only an interrupt is tidied up after; the other signals end the process on the spot.",
    Kind.INTERRUPTION,
    "process-01.2 process-01.3 process-02.2 process-03.2",
)
def terminated_by_the_system() -> None:
    from refimpl.system import supervisor

    replace(supervisor, "_SIGNALS", ("SIGINT",))


@mutant(
    "waits-on-interrupt",
    "An interrupt ends the run when everything that it waits for has come to its end.",
    Kind.INTERRUPTION,
    "process-01 process-02 process-03.1",
)
def waits_on_interrupt() -> None:
    from refimpl.system import supervisor

    @change(supervisor, "supervise")
    def supervise(_: object, work: Callable[[], int], **__: object) -> int:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signal.signal(getattr(signal, name), lambda *_: None)
        return work()


@mutant(
    "work-folder-stays",
    "A run that a signal ends leaves its folder, and half a layer.",
    Kind.INTERRUPTION,
    "process-01 process-02 process-03 process-06",
)
def work_folder_stays() -> None:
    from refimpl.system import leftovers

    replace(leftovers, "add_file", lambda _: None)
    replace(leftovers, "add_folder", lambda _: None)


@mutant(
    "helpers-live-on",
    "Programs that were asked for something outlive the run.",
    Kind.INTERRUPTION,
    "process-02",
)
def helpers_live_on() -> None:
    from refimpl.system import leftovers, supervisor

    replace(leftovers, "add_group", lambda _: None)
    replace(supervisor, "_children", lambda _: [])


@mutant(
    "interrupted-successfully",
    "A run that a signal ended has the exit status of one that was right.",
    Kind.INTERRUPTION,
    "process-01 process-02 process-03",
)
def interrupted_successfully() -> None:
    from refimpl import errors

    @change(errors.InterruptedRunError, "__init__")
    def init(original: Callable[..., None], self: Any, number: signal.Signals) -> None:
        original(self, number)
        self.exit_status = 0


@mutant(
    "time-out-of-requests-only",
    "The time-out ends requests; work of one's own may take as long as it likes.",
    Kind.INTERRUPTION,
    "process-04 process-05",
)
def time_out_of_requests_only() -> None:
    from refimpl.rego.channel import Channel
    from refimpl.system import supervisor, workers

    @change(supervisor, "supervise")
    def supervise(original: Callable[..., int], work: Callable[[], int], **named: Any) -> int:
        return original(work, **{**named, "seconds": 1e6})

    @change(Channel, "request")
    def request(original: Callable[..., object], *arguments: Any, **named: Any) -> object:
        return original(*arguments, **{**named, "deadline": None})

    @change(workers, "_next")
    def next_done(_: object, done: SimpleQueue[object], *__: object) -> object:
        return done.get()


@mutant(
    "unwritten-report-is-fine",
    "A report that can't be written is passed over: the exit status is that of the verdict.",
    Kind.INTERRUPTION,
    "process-10 process-11",
)
def unwritten_report_is_fine() -> None:
    from refimpl.errors import OutputError
    from refimpl.report import targets

    @change(targets, "_write_target")
    def write_target(original: Callable[..., None], *arguments: Any) -> None:
        try:
            original(*arguments)
        except OutputError:
            return


@mutant(
    "standard-streams-must-be-open",
    "With a closed stream, a file that is opened takes its place.",
    Kind.INTERRUPTION,
    "process-12.4",
)
def standard_streams_must_be_open() -> None:
    from refimpl.system import streams

    replace(streams, "open_all", lambda: None)


@mutant(
    "links-are-replaced",
    "A report file takes the place of the link of its name.",
    Kind.INTERRUPTION,
    "process-13",
)
def links_are_replaced() -> None:
    from refimpl.report import file

    @change(file, "write_file")
    def write_file(original: Callable[..., None], path: str, data: bytes) -> None:
        aside = f"{path}.new"
        original(aside, data)
        Path(aside).replace(path)


@mutant(
    "standard-output-is-replaced",
    "A report that goes to /dev/stdout takes the place of what was written there.",
    Kind.INTERRUPTION,
    "process-14",
)
def standard_output_is_replaced() -> None:
    from refimpl.report import file

    replace(file, "is_written_by", lambda *_: False)


@mutant(
    "unknown-commands-are-passed-over",
    "A word that names no command shows the help, with the exit status of success.",
    Kind.INTERRUPTION,
    "process-20",
)
def unknown_commands_are_passed_over() -> None:
    from refimpl import cli
    from refimpl.command_line.commands import VALIDATE
    from refimpl.command_line.flags import UnknownCommandError

    @change(cli, "find_command")
    def find_command(original: Callable[..., object], root: object, arguments: Sequence[str]) -> object:
        try:
            return original(root, arguments)
        except UnknownCommandError:
            return VALIDATE, ["--help"]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


@mutant(
    "one-fault-costs-all",
    "What nobody expected in one component ends the run, and the others' verdicts are lost.",
    Kind.INTERRUPTION,
    "process-40",
)
def one_fault_costs_all() -> None:
    from refimpl.commands.component import ComponentValidator
    from refimpl.policy_input.document import InputDocuments

    @change(InputDocuments, "document")
    def document(original: Callable[..., bytes], self: object, *, config: Mapping[str, Any], **named: Any) -> bytes:
        "".join(_texts(config)).encode("ascii")  # half a character is read as one beyond ASCII
        return original(self, config=config, **named)

    @change(ComponentValidator, "_validate_in")
    def validate(_: object, self: Any, component: object, documents: object) -> object:
        return self._validate(component, documents)
