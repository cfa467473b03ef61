"""What a process and its children take, as scenarios measure it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.validator.memory import Peak, measured
from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="proportional set sizes are Linux's")

MIB = 1 << 20
SIZE = 40 * MIB
OTHER = 30 * MIB  # what an interpreter takes besides, at most
WAIT = 60.0
TAKE = f"data = bytearray({SIZE})\nfor place in range(0, {SIZE}, 1024): data[place] = 1\n"
READY = "import sys; print('ready', flush=True); sys.stdin.readline()\n"


@contextmanager
def program(text: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs it until it says that it is ready; it ends when the context does."""
    with subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        ready(process)
        yield process
        assert process.stdin is not None
        process.stdin.close()


def ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


def resume(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    ready(process)


def look(process: subprocess.Popen[bytes]) -> int:
    peak = Peak(process.pid)
    peak.look()
    return peak.size


def test_what_a_process_takes_is_seen() -> None:
    with program(READY) as process:
        little = look(process)
    with program(TAKE + READY) as process:
        much = look(process)
    assert 0 < little < OTHER
    assert SIZE <= much - little + MIB < SIZE + 3 * MIB


def test_children_of_children_count() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TAKE + READY!r}])\n"
    with program(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])\n") as process:
        assert SIZE < look(process) < SIZE + 3 * OTHER


def test_a_child_of_another_thread_counts() -> None:
    start = f"subprocess.run([sys.executable, '-c', {TAKE + READY!r}])"
    with program(
        "import subprocess, sys, threading\n"
        f"thread = threading.Thread(target=lambda: {start})\n"
        "thread.start(); thread.join()\n"
    ) as process:
        assert SIZE < look(process) < SIZE + 2 * OTHER


def test_what_processes_share_counts_once() -> None:
    with program(
        TAKE + "import os; child = os.fork()\nif child:\n    os.waitpid(child, 0)\nelse:\n    " + READY
    ) as process:
        assert SIZE < look(process) < SIZE + 2 * OTHER


def test_the_largest_sum_stays_when_memory_is_given_back() -> None:
    with program(TAKE + READY + "del data\n" + READY) as process:
        peak = Peak(process.pid)
        peak.look()
        most = peak.size
        resume(process)
        peak.look()
        assert look(process) < OTHER
    assert peak.size == most >= SIZE


def test_files_that_are_mapped_do_not_count(tmp_path: Path) -> None:
    mapped = f"import mmap; file = open('{tmp_path}/file', 'w+b'); file.truncate({SIZE})\n"
    read = f"pages = mmap.mmap(file.fileno(), {SIZE}, prot=mmap.PROT_READ); sum(pages[::4096])\n"
    with program(mapped + read + READY) as process:
        assert look(process) < OTHER


def test_memory_is_watched_until_the_context_ends() -> None:
    later = threading.Event()
    with program(READY + TAKE + READY) as process:
        try:
            with measured(process.pid) as peak:
                resume(process)
                end = time.monotonic() + WAIT
                while peak.size < SIZE and time.monotonic() < end:
                    later.wait(0.01)
        except SandboxUnavailableError as error:
            pytest.skip(str(error))
        assert SIZE <= peak.size < SIZE + OTHER
        names = {thread.name for thread in threading.enumerate()}
        assert f"memory of {process.pid}" not in names


def test_who_has_ended_takes_nothing() -> None:
    with program(READY) as process:
        pass
    assert look(process) == 0
