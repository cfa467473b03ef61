"""How a run ends when something ends it: each in a process of its own, since processes are what this is about."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the process supervises itself")

_PATIENCE = 60.0

_FRAME = """
import os, signal, subprocess, sys, time
from pathlib import Path
from refimpl.system import leftovers
from refimpl.cli import _guard
from refimpl.errors import TimeoutExceededError
from refimpl.system.supervisor import supervise

def say(text):
    os.write(1, (text + chr(10)).encode())

folder = Path(sys.argv[1])

def work():
{work}

def exceeded():
    return TimeoutExceededError("too long")

os._exit(_guard(lambda: supervise(work, seconds={seconds}, exceeded=exceeded)))
"""
_DEAF = "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\ntime.sleep(1000)"
_SPIN_IN_C = "import re; re.match('(a|a)*$', 'a' * 64 + 'b')"


@pytest.fixture(autouse=True)
def _signals_count() -> Iterator[None]:
    """Under nohup, or behind a shell's &, signals are ignored, and processes that are started inherit that."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def _run(
    work: str,
    folder: Path,
    *,
    seconds: float = 60.0,
    before: str = "",
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    indented = "\n".join(f"    {line}" for line in work.splitlines())
    script = (
        _FRAME.replace("def work():", f"{before}\ndef work():")
        .replace("{work}", indented)
        .replace("{seconds}", str(seconds))
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", script, str(folder)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status, and what stands on standard error when nobody has it open any more: the worker is dead."""
    _, err = process.communicate(timeout=_PATIENCE)
    return process.returncode, err


@pytest.mark.parametrize("status", [0, 1, 7])
def test_the_status_is_that_of_the_work(status: int, tmp_path: Path) -> None:
    with _run(f"return {status}", tmp_path) as process:
        assert _end(process) == (status, "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("doing", ["time.sleep(1000)", _SPIN_IN_C, "os.read(os.pipe()[0], 1)", "signal.pause()"])
def test_a_signal_ends_it_at_once_whatever_it_does(name: str, doing: str, tmp_path: Path) -> None:
    work = f'leftovers.add_folder(folder / "x")\n(folder / "x" / "y").mkdir(parents=True)\nsay("ready")\n{doing}'
    with _run(work, tmp_path) as process:
        assert _read_line(process) == "ready"
        number = signal.Signals[name]
        process.send_signal(number)
        assert _end(process) == (128 + number, "Error: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("doing", ["time.sleep(1000)", _SPIN_IN_C])
def test_the_time_out_ends_it_whatever_it_does(doing: str, tmp_path: Path) -> None:
    work = f'leftovers.add_file(folder / "x")\n(folder / "x").touch()\n{doing}'
    with _run(work, tmp_path, seconds=0.01) as process:
        assert _end(process) == (1, "Error: too long\n")
    assert list(tmp_path.iterdir()) == []


_PROGRAM = 'subprocess.Popen(["sh", "-c", "echo ready; sleep 1000; echo never"]'


@pytest.mark.parametrize(
    "work",
    [
        f"{_PROGRAM}).wait()",
        f"program = {_PROGRAM}, start_new_session=True)\nleftovers.add_group(program.pid)\nprogram.wait()",
    ],
)
def test_programs_that_it_started_end_with_it(work: str, tmp_path: Path) -> None:
    with _run(work, tmp_path) as process:
        assert _read_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert _end(process) == (128 + signal.SIGTERM, "Error: interrupted\n")


def test_a_crash_is_an_internal_error(tmp_path: Path) -> None:
    work = 'leftovers.add_file(folder / "x")\n(folder / "x").touch()\nos.kill(os.getpid(), signal.SIGSEGV)'
    with _run(work, tmp_path) as process:
        status, err = _end(process)
    assert status == 1
    assert err.startswith("Error: internal error: the validating process was ended by SIGSEGV. ")
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_it_leaves_behind_ends(tmp_path: Path) -> None:
    with _run(f"{_PROGRAM})\nreturn 3", tmp_path) as process:
        assert _end(process) == (3, "")


def test_a_link_in_the_place_of_a_file_doesnt_lead_it_astray(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    work = 'leftovers.add_file(folder / "x")\n(folder / "x").symlink_to(folder / "kept")\nos.kill(os.getpid(), 9)'
    with _run(work, tmp_path) as process:
        status, err = _end(process)
    assert status == 1
    assert "ended by SIGKILL; there may have been too little memory" in err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept"]


def test_what_is_there_no_more_or_is_to_stay_is_left_alone(tmp_path: Path) -> None:
    work = (
        'leftovers.add_file(folder / "x")\n(folder / "x").touch()\nleftovers.drop(folder / "x")\n'
        'leftovers.add_file(folder / "y")\nreturn 0'
    )
    with _run(work, tmp_path) as process:
        assert _end(process) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_second_signal_ends_it_while_it_tidies(tmp_path: Path) -> None:
    work = 'leftovers.add_file(folder / "x")\nsay("ready")\ntime.sleep(1000)'
    slow = "leftovers.clear = lambda _: (say('tidying'), time.sleep(1000))\n"
    with _run(work, tmp_path, before=slow) as process:
        assert _read_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert _read_line(process) == "tidying"
        process.send_signal(signal.SIGINT)
        assert _end(process) == (-signal.SIGINT, "")


@pytest.mark.parametrize(("seconds", "name", "status"), [(0.01, None, 1), (60.0, "SIGTERM", 143)])
def test_nobody_who_reads_what_is_said_is_no_reason_to_stay(
    seconds: float, name: str | None, status: int, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, bytes(1 << 16)):
            pass
    os.set_blocking(writing, True)
    try:
        with _run('say("ready")\nos.write(2, b"x")', tmp_path, seconds=seconds, stderr=writing) as process:
            if name is not None:  # else it may end before it is
                assert _read_line(process) == "ready"
                process.send_signal(signal.Signals[name])
            assert process.wait(_PATIENCE) == status
    finally:
        os.close(reading)
        os.close(writing)


def test_an_interrupt_while_it_starts_says_nothing(tmp_path: Path) -> None:
    """Python would print a traceback."""
    script = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from refimpl.__main__ import run
sys.argv = ["ec-ref", "version"]
run()
"""
    (tmp_path / "mmap.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    run = subprocess.run(
        [sys.executable, "-P", "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (-signal.SIGINT, "")


_LATE = """
from refimpl.system import supervisor
kill_all = supervisor._kill_all
supervisor._kill_all = lambda worker: (time.sleep(0.3), kill_all(worker))
"""


@pytest.mark.parametrize(
    ("doing", "before"),
    [
        ("time.sleep(1000)", ""),
        ('subprocess.run(["sh", "-c", "sleep 1000; echo never"])\ntime.sleep(1000)', ""),
        ('subprocess.run(["sleep", "1000"])\nos.write(2, b"sleep was interrupted")\nreturn 1', _LATE),
    ],
    ids=["sleeping", "waiting", "about to tell how it ended"],
)
def test_an_interrupt_that_is_typed_ends_all_of_it(doing: str, before: str, tmp_path: Path) -> None:
    """And nothing else is said, though programs that were started are interrupted, too."""
    terminal, inside = os.openpty()
    taken = "os.close(os.open(os.ttyname(0), os.O_RDWR))  # a session's first terminal is the one that controls it"
    with _run(f'say("ready")\n{doing}', tmp_path, before=before + taken, stdin=inside, stderr=inside) as process:
        os.close(inside)
        assert _read_line(process) == "ready"
        os.write(terminal, b"\x03")
        assert process.wait(_PATIENCE) == 130
        said = b""
        with suppress(OSError):  # what Linux says when all have closed it
            while part := os.read(terminal, 1000):
                said += part
    os.close(terminal)
    assert said.replace(b"^C", b"").split() == [b"Error:", b"interrupted"]


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """As nohup and shells demand."""
    script = "trap '' HUP INT; exec \"$@\""
    frame = _FRAME.replace("{work}", '    say("ready")\n    time.sleep(0.2)\n    return 5').replace("{seconds}", "60")
    with subprocess.Popen(
        ["sh", "-c", script, "sh", sys.executable, "-P", "-c", frame, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert _read_line(process) == "ready"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        assert process.wait(_PATIENCE) == 5


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only here the end of another's child can be waited for")
@pytest.mark.parametrize("doing", ["time.sleep(1000)", _SPIN_IN_C, "os.kill(os.getpid(), signal.SIGSTOP)", _DEAF])
def test_the_worker_doesnt_outlive_its_supervisor(doing: str, tmp_path: Path) -> None:
    """Not even one that is stopped, or has signals blocked: only SIGKILL ends each."""
    with _run(f"say(str(os.getpid()))\n{doing}", tmp_path) as process:
        worker = int(_read_line(process))
        descriptor = os.pidfd_open(worker)
        process.kill()
        try:
            ended, _, _ = select.select([descriptor], [], [], _PATIENCE)
            if not ended:
                os.kill(worker, signal.SIGKILL)
            assert ended, "the worker outlived its supervisor"
        finally:
            os.close(descriptor)
