"""Calls in a process apart: a program that is asked something may end the process that asks it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ec_acceptance.testbed.trees import temporary_folder
from ec_acceptance.testbed.validator.orphans import adopt, children, end_children

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

__all__ = ["EndedError", "apart"]

_T = TypeVar("_T")
_PATIENCE = 1.0  # seconds in which it may end by the Ctrl-C that came to both


class EndedError(Exception):
    """The process in which a call was carried out has been ended, by what it started or by somebody else."""


def apart(call: Callable[[], _T]) -> _T:
    """The value of a call that another process carries out; what that raises is raised here.

    On Windows nobody has signals for others, and it is called here.

    Raises:
        EndedError: there is no value, since the process was ended.
    """
    if sys.platform == "win32":
        return call()
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    adopt()
    before = children()
    with temporary_folder("ec-acceptance-apart-") as folder:
        process = context.Process(target=_carry_out, args=(call, there, folder))
        process.start()
        there.close()
        try:
            done, value = here.recv()
        except EOFError:
            raise EndedError from None
        except BaseException:  # Ctrl-C: it tidies up what it has started
            process.join(_PATIENCE)
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGINT)
            raise
        finally:
            process.join()
            here.close()
            end_children(children() - before)
    if done:
        found: _T = value
        return found
    raise value


def _carry_out(call: Callable[[], object], there: Connection, folder: Path) -> None:
    tempfile.tempdir = str(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what the other process does then isn't for this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with suppress(KeyboardInterrupt):
        try:
            told: tuple[bool, object] = (True, call())
        except Exception as error:  # noqa: BLE001  # whatever it is, it is raised there
            told = (False, error)
        there.send(told)
