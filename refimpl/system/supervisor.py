"""How a run ends, whatever happens in it: one process works, and another one does nothing but wait for its end.

The one that was started waits. It has no threads, and never runs code that could hold it up, so a signal, the time-out
and a crash are always dealt with at once: it kills the worker and all that this one started, removes what is registered
in `refimpl.system.leftovers`, says one line, and ends. A worker whose supervisor is killed is killed by the system.

The worker is a copy of the process from before there were threads. Windows has no such copies; there the process works
itself, and a thread of it ends it when time is over.
"""

from __future__ import annotations

import os
import sys
import time

from refimpl.errors import InternalError, InterruptedRunError
from refimpl.system import leftovers

TYPE_CHECKING = False  # not imported from typing: it costs more than this module
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Collection

    from refimpl.errors import Error

GRACE = 1.5
"""Seconds after the time-out, in which the worker may end by itself."""

_LONGEST = 1e8  # seconds; timers of some systems take no more
_MOMENT = 5.0  # seconds, in which the supervisor ends a worker for sure
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def supervise(work: Callable[[], int], *, seconds: float, exceeded: Callable[[], Error], finishing: float = 0.0) -> int:
    """Carry out `work` in a process of its own and give its exit status; that process ends with `work`.

    Args:
        work: handles its own errors.
        seconds: of the time-out; may be infinite.
        finishing: seconds that `work` has to end by itself after a first signal, which is handed to it; 0 for work that
            a signal ends at once.
        exceeded: makes the error that tells of the time-out.

    Raises:
        InterruptedRunError: by SIGINT, SIGTERM or SIGHUP, unless they were ignored from the start.
        InternalError: the worker died.
        Error: that of the time-out.
    """
    if sys.platform == "win32":
        return _run_timed(work, seconds, exceeded)
    import signal

    ending = [number for name in _SIGNALS if signal.getsignal(number := getattr(signal, name)) is not signal.SIG_IGN]
    awaited = {*ending, signal.SIGALRM, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    told, telling = leftovers.make_notes()
    living, alive = os.pipe()
    try:
        worker = os.fork()
    except OSError:  # too many processes
        for descriptor in (told, telling, living, alive):
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return _run_timed(work, seconds, exceeded)
    if worker == 0:
        os.close(told)
        os.close(alive)
        leftovers.note_in(telling)
        die_with(living)
        if not _has_terminal():
            os.setpgid(0, 0)
        for each in ending:  # not SIG_IGN, which programs that are started would inherit
            signal.signal(each, _interrupt if finishing else _await_end)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        status = 1
        try:
            status = work()
        except InterruptedRunError as error:
            status = error.exit_status
        finally:
            os._exit(status)
    os.close(telling)
    os.close(living)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # an ignored signal mightn't be kept
    _alarm(seconds)
    outcome = _wait(worker, awaited, ending, finishing)
    if isinstance(outcome, signal.Signals):
        # A second signal ends this process, too.
        for each in ending:
            signal.signal(each, signal.SIG_DFL)
        failure = exceeded() if outcome == signal.SIGALRM else InterruptedRunError(outcome)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(failure.exit_status))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _kill_all(worker)
        _clear(worker, told)
        signal.setitimer(signal.ITIMER_REAL, GRACE)  # nobody may be reading what is said
        raise failure
    _clear(worker, told)
    if outcome < 0:
        raise _describe_death(signal.Signals(-outcome))
    return outcome


def _wait(worker: int, awaited: Collection[int], ending: Collection[int], finishing: float) -> int | signal.Signals:
    """The exit status of the worker once it has ended, or the signal by which it is to be ended."""
    import signal

    while True:
        number = signal.Signals(signal.sigwait(awaited))
        if number in ending and finishing:
            os.kill(worker, number)
            _alarm(finishing)
            finishing = 0.0  # a second signal ends it
        elif number != signal.SIGCHLD:
            return number
        else:
            pid, ended = os.waitpid(worker, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(ended)


def _await_end(*_: object) -> None:
    """In the worker: say nothing more. A Ctrl-C comes to it, too, and to programs of whose end it would tell."""
    time.sleep(_MOMENT)


def _interrupt(number: int, _: object) -> None:
    """In a worker to which signals are handed, until it deals with them itself."""
    import signal

    raise InterruptedRunError(signal.Signals(number))


def _kill_all(worker: int) -> None:
    """End the worker, and what it has started."""
    import signal

    os.kill(worker, signal.SIGSTOP)  # it must start no more of them
    children = _children(worker)
    _kill(worker, os.kill)
    os.waitpid(worker, 0)
    for child in children:
        _kill(child, os.killpg)
        _kill(child, os.kill)


def _alarm(seconds: float) -> None:
    """Have SIGALRM sent a while after the time is over; never for infinite seconds."""
    import signal

    if seconds != float("inf"):
        signal.setitimer(signal.ITIMER_REAL, min(max(seconds, 0.0) + GRACE, _LONGEST))


def die_with(living: int) -> None:
    """Have the system kill this process when the other end of the pipe is closed: only who watches it holds that.

    Linux tells of the end by SIGKILL, others by SIGIO, which ends the process unless a library blocks it. Neither
    needs an interpreter that has time for it. (Linux's PR_SET_PDEATHSIG would do as much, but Python can't ask for it.)
    """
    import fcntl
    import signal

    try:
        if sys.platform == "linux":
            fcntl.fcntl(living, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(living, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(living, fcntl.F_SETFL, fcntl.fcntl(living, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        pass  # not on this system: the time-out, at the latest, ends the process
    os.set_blocking(living, False)
    try:
        if not os.read(living, 1):
            os._exit(1)  # it died meanwhile
    except BlockingIOError:
        pass


def _has_terminal() -> bool:
    """Whether the process has a terminal: programs that it starts may ask the user then, so they must stay in front.

    What is typed there, such as an interrupt, reaches all of them. Without a terminal the worker is a group of its own,
    which can be killed as a whole.
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _children(process: int) -> list[int]:
    """What the process has started and not yet waited for, noted or not, where the system tells."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208 - these are texts
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as children:  # noqa: PTH123
                found += [int(child) for child in children.read().split()]
    except OSError:
        pass
    return found


def _clear(worker: int, told: int) -> None:
    """What a worker that ended has left: programs that it started, files and folders."""
    _kill(worker, os.killpg)  # without a terminal it was a group of its own
    for group in leftovers.clear(told):
        _kill(group, os.killpg)


def _kill(number: int, kill: Callable[[int, int], None]) -> None:
    import signal

    try:  # noqa: SIM105 - see above
        kill(number, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # ended


def _describe_death(number: signal.Signals) -> InternalError:
    hint = "; there may have been too little memory" if number.name == "SIGKILL" else ""
    return InternalError(f"the validating process was ended by {number.name}{hint}")


def _run_timed(work: Callable[[], int], seconds: float, exceeded: Callable[[], Error]) -> int:
    import signal
    import threading

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def end() -> None:
        try:
            sys.stderr.write(f"Error: {exceeded()}\n")
            sys.stderr.flush()
        finally:
            os._exit(1)

    timer = threading.Timer(min(max(seconds, 0.0) + GRACE, threading.TIMEOUT_MAX), end)
    timer.daemon = True
    timer.start()
    try:
        return work()
    except KeyboardInterrupt:
        raise InterruptedRunError(signal.SIGINT) from None
    finally:
        timer.cancel()
