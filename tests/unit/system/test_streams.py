"""Standard streams that are closed or full, and texts that have no UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from refimpl.golang.utf8 import SURROGATES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells redirect otherwise there")

_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has one")


def _run(words: str, redirection: str) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -P -m refimpl {words} {redirection}"
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("words", ["version", "--version", "--help", "validate image --help", "validate"])
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">&-", "bad file descriptor"), pytest.param(">/dev/full", "no space left on device", marks=_FULL)],
)
def test_output_that_cant_be_written_is_an_error(words: str, redirection: str, reason: str) -> None:
    run = _run(words, redirection)
    assert (run.returncode, run.stderr) == (1, f"Error: write /dev/stdout: {reason}\n")


@pytest.mark.parametrize("redirection", ["2>&-", "2>&- <&-", pytest.param("2>/dev/full", marks=_FULL)])
@pytest.mark.parametrize(("words", "status"), [("version --short", 0), ("bogus", 1), ("validate image", 1)])
def test_errors_that_nobody_can_hear_keep_their_status(words: str, status: int, redirection: str) -> None:
    run = _run(words, redirection)
    assert (run.returncode, run.stderr) == (status, "")
    assert run.stdout.endswith("-ec-ref") == (status == 0)


def test_with_all_streams_closed_no_file_takes_their_place(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run = _run(f"validate image --image x --policy '' --logfile {log}", "<&- >&- 2>&-")
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "")
    assert [line.partition(" ")[0][:5] for line in log.read_text(encoding="utf-8").splitlines()] == ["time="]


def test_a_log_on_a_full_disk_changes_nothing() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("Linux has one")
    run = _run("validate image --image x --policy '' --logfile /dev/full", "")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.splitlines()[0] == "Error: certificate OIDC issuer must be provided for keyless workflow"


def test_a_pipe_that_has_no_room_for_now_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    script = "from refimpl.system.streams import open_all, print_text; open_all(); print_text('x' * 1_000_000)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        with open(reading, encoding="ascii") as stream:  # noqa: PTH123 - a descriptor
            assert stream.read() == "x" * 1_000_000
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_lone_surrogates_are_the_bytes_they_stand_for_or_replaced() -> None:
    assert (
        "a\udcffb\ud800c\udfff\U0001f600".encode("utf-8", SURROGATES)
        == b"a\xffb\xef\xbf\xbdc\xef\xbf\xbd\xf0\x9f\x98\x80"
    )
