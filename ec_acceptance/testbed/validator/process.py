"""Runs the validator: a process of its own, with an environment built from nothing (the protocol, docs/protocol.md)."""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.trees import temporary_folder
from ec_acceptance.testbed.validator.adapter import Adapter
from ec_acceptance.testbed.validator.orphans import adopt, children, end_children
from ec_acceptance.testbed.validator.processes import left_in_session
from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

__all__ = ["STOPPED", "UNKNOWN", "Invocation", "Running", "Validator", "ValidatorNotFoundError", "version_of"]

UNKNOWN = "unknown"
"""The version of a validator that says none."""

STOPPED = "(stopped: it took too long)"
"""Stands in the description of a run that was ended since it didn't end by itself."""

_DEFAULT = "ec-ref"
_ASK_SECONDS = 10.0
_SLICE_SECONDS = 1.0
_FLOOD = 1 << 30  # bytes on a stream, at which it is ended
_STOP_SECONDS = 20.0
_STOP_PAUSE = 0.5
_ROUNDS = 3
_VERSION_LENGTH = 100
_OUTPUT_LIMIT = 64 << 20
_OUTPUT_SHOWN = 4000
_PLAIN = Adapter()
_KEPT = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT")


class ValidatorNotFoundError(Exception):
    """The validator's program isn't there or can't be started: the environment is at fault."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One finished run.

    Attributes:
        command: the validator's own, without its sandbox.
        status: the exit status; negative: ended by that signal.
        stdout: at most 64 MiB; what it printed beyond that is left out, and a note stands for it.
        stderr: likewise.
        started: seconds since 1970, as `ended`.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    status: int
    stdout: bytes
    stderr: bytes
    started: float
    ended: float
    timed_out: bool = False

    @property
    def out(self) -> str:
        """Standard output as text; bytes that are no UTF-8 are shown escaped."""
        return self.stdout.decode("utf-8", "backslashreplace")

    @property
    def err(self) -> str:
        """Standard error as text; bytes that are no UTF-8 are shown escaped."""
        return self.stderr.decode("utf-8", "backslashreplace")

    def describe(self) -> str:
        """What a reader of a failed assertion needs: command, status and both streams."""
        return (
            f"  command: {shlex.join(self.command)}\n  exit status: {self.status}"
            f"{f' {STOPPED}' if self.timed_out else _name_signal(self.status)}\n"
            f"  standard output: {_shown(self.out)}\n  standard error: {_shown(self.err)}"
        )


class Running:
    """A validator at work. Its streams go to files, so that it never blocks on us.

    `signals` are the names of those that it was sent, each with the time of `time.monotonic`.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        streams: Path,
        sandbox: Sequence[str] = (),
        *,
        stop: Sequence[str] = (),
        near: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.command = tuple(command)
        self.environment = dict(environment)
        self.signals: list[tuple[str, float]] = []
        self._stop = tuple(stop)
        self._near = near
        self._over = False
        self._started = time.time()
        self._streams: list[IO[bytes]] = [(streams / name).open("w+b") for name in ("stdout", "stderr")]
        try:
            self._process = subprocess.Popen(
                [*sandbox, *self.command],
                env=self.environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=self._streams[0],
                stderr=self._streams[1],
                start_new_session=True,
            )
        except OSError as error:
            for stream in self._streams:
                stream.close()
            why = error.strerror
            if not folder.is_dir():
                why = f"its working directory {folder} isn't there"
            elif isinstance(error, FileNotFoundError) and Path(self.command[0]).exists():
                why = "the interpreter that its first line names isn't there"
            raise ValidatorNotFoundError(f"cannot start the validator {self.command[0]}: {why}") from error
        self._calls: list[Callable[[], None]] = []
        self._ended = threading.Event()  # waited for without looking again and again, as Popen's own time-out does
        threading.Thread(target=self._watch, name=f"watch {self._process.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's number, also that of its group and session."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have `call` called, by another thread, as soon as the process has ended; twice, if it ends just now."""
        self._calls.append(call)
        if self._ended.is_set():
            call()

    def _watch(self) -> None:
        self._process.wait()
        self._ended.set()
        for call in tuple(self._calls):
            call()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the validator's own process (not to its children)."""
        self.signals.append((number.name, time.monotonic()))
        self._process.send_signal(number)

    def ended_within(self, seconds: float) -> bool:
        """Wait at most so long; whether it has ended by itself."""
        self._ended.wait(seconds)
        return not self.alive

    def left(self, patience: float) -> tuple[str, ...]:
        """Processes of its session that are still there after so many seconds; none where they can't be looked up."""
        try:
            return left_in_session(self._process.pid, patience)
        except SandboxUnavailableError:
            return ()

    def wait(self, timeout: float) -> Invocation:
        """Wait until it ends; after `timeout` seconds, or 1 GiB on a stream, it and its children are killed."""
        deadline = time.monotonic() + timeout
        while self.alive and time.monotonic() < deadline and not self._floods():
            self._ended.wait(max(0.0, min(_SLICE_SECONDS, deadline - time.monotonic())))
        timed_out = self.alive and not self._floods()
        self.kill()
        ended = time.time()
        out, err = (self._near(_take(stream)) for stream in self._streams)
        status = self._process.returncode
        return Invocation(self.command, self.environment, status, out, err, self._started, ended, timed_out)

    def _floods(self) -> bool:
        """Whether it has printed so much that the disk is in danger."""
        return any(os.fstat(stream.fileno()).st_size > _FLOOD for stream in self._streams)

    def kill(self) -> None:
        """End what is left of it: the process, all that it started in its session, and what its adapter knows of."""
        if self._over:
            return
        cut_off = bool(self._stop) and self.alive
        if cut_off:
            self._end_elsewhere()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        for _ in range(_ROUNDS):  # those in groups of their own, which may start others meanwhile
            left = self.left(0.0)
            for process in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(int(process.split()[0]), signal.SIGKILL)
            if not left:
                self._over = True
                break
        if cut_off:
            for _ in range(_ROUNDS if time.time() - self._started < _STOP_SECONDS else 1):
                time.sleep(_STOP_PAUSE)  # what its client has just asked for may come about without it
                self._end_elsewhere()

    def _end_elsewhere(self) -> None:
        """End what killing the process leaves, such as its container."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(self._stop, env=self.environment, capture_output=True, timeout=_STOP_SECONDS, check=False)


class Validator:
    """How to start the validator under test.

    Args:
        command: a command line, split as a shell does; empty for the adapter's, or the `ec-ref` beside the interpreter,
            which is also the one of an adapter that names nothing else.
        adapter: how the protocol's words become those of the program.
        shared: the folder with all that validators are given; by default that in which each is started.
    """

    def __init__(self, command: str = "", adapter: Adapter = _PLAIN, shared: Path | None = None) -> None:
        self.is_default = not command and adapter.command in {(), (_DEFAULT,)}
        self.adapter = adapter
        self.shared = shared
        self._runs = itertools.count(1)
        words = [_beside_interpreter()] if self.is_default else _split(command) or list(adapter.command)
        program = shutil.which(words[0])
        if program is None:
            ours = "-- or --validator (of behave: -D validator=)"
            source = f"{adapter.source}: command" if adapter.command and not command else ours
            if words[0] and Path(words[0]).is_dir():
                raise ValidatorNotFoundError(f"{words[0]!r} is a folder and no program to validate with")
            if Path(words[0]).is_file():
                raise ValidatorNotFoundError(f"{words[0]!r} is a file that can't be executed: chmod +x {words[0]}")
            raise ValidatorNotFoundError(
                f"no program {words[0]!r} to validate with; name one with {source}, or install this project"
            )
        if adapter.stop and shutil.which(adapter.stop[0]) is None:
            raise ValidatorNotFoundError(f"{adapter.source}: stop: there is no program {adapter.stop[0]!r}")
        self.command = (str(Path(program).absolute()), *words[1:])

    def within(self, shared: Path) -> Validator:
        """The same, with another folder for all that validators are given."""
        other = copy.copy(self)
        other.shared = shared
        return other

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        streams: Path,
        sandbox: Sequence[str] = (),
    ) -> Running:
        """Start it.

        Args:
            arguments: after the validator's own command.
            environment: added to the little that every program needs.
            folder: where it is started.
            streams: an existing folder, for what it prints.
            sandbox: words of a command line that become the validator, which they stand before (sandbox.py).
        """
        base = {name: os.environ[name] for name in _KEPT if name in os.environ}
        name = f"ec-acceptance-{os.getpid()}-{next(self._runs)}"
        places = {"folder": str(self.shared or folder), "work": str(folder), "name": name}
        start = self.adapter.start(arguments, environment, base, places, self.command)
        return Running(
            start.command,
            start.environment,
            start.folder,
            streams,
            sandbox,
            stop=start.stop,
            near=lambda output: self.adapter.here(output, places),
        )

    def ask(self, words: Sequence[str]) -> Invocation:
        """Run it with these words in a folder of its own, for 10 s at most; what it started is ended.

        Raises:
            ValidatorNotFoundError: it can't be started.
        """
        adopt()
        before = children()
        with temporary_folder("ec-acceptance-ask-") as folder:
            home = {"HOME": str(folder), "TMPDIR": str(folder)}
            running = self.start(words, home, folder, folder)
            try:
                return running.wait(_ASK_SECONDS)
            finally:
                running.kill()
                end_children(children() - before)

    def version(self) -> str:
        """What it calls its version (`version --short`), for reports and the origin of snapshots.

        Raises:
            ValidatorNotFoundError: it can't be started.
        """
        return version_of(self.ask(["version", "--short"]))


def version_of(said: Invocation) -> str:
    """The version in an answer to `version --short`: one line of at most 100 characters.

    `UNKNOWN` when it says nothing, nothing that can be printed, or didn't end by itself.
    """
    try:
        line = next(iter(said.stdout[:_OUTPUT_SHOWN].decode().strip().splitlines()), "")
    except UnicodeDecodeError:
        line = ""
    return line[:_VERSION_LENGTH] if said.status == 0 and line and line.isprintable() else UNKNOWN


def _split(command: str) -> list[str]:
    """The words of a command line; a path that has blanks in it, and is there, is one.

    Raises:
        ValidatorNotFoundError: it has none, or can't be read.
    """
    if not command:
        return []
    if shutil.which(command):
        return [command]
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValidatorNotFoundError(f"the validator's command line {command!r} can't be read: {error}") from None
    if not words:
        raise ValidatorNotFoundError(f"the validator's command line {command!r} names no program")
    return words


def _beside_interpreter() -> str:
    suffix = ".exe" if sys.platform == "win32" else ""
    return str(Path(sysconfig.get_path("scripts")) / f"{_DEFAULT}{suffix}")


def _take(stream: IO[bytes]) -> bytes:
    with stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        kept = stream.read(_OUTPUT_LIMIT)
    return kept if size <= _OUTPUT_LIMIT else kept + f"\n… cut: {size} bytes in all\n".encode()


def _name_signal(status: int) -> str:
    """By which signal a process was ended; empty if it ended by itself."""
    try:
        return f" (ended by {signal.Signals(-status).name})" if status < 0 else ""
    except ValueError:
        return f" (ended by signal {-status})"


def _shown(text: str, limit: int = _OUTPUT_SHOWN) -> str:
    if not text:
        return "(nothing)"
    cut = text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters in all)"
    return "\n" + "\n".join(f"    {line}" for line in cut.splitlines())
