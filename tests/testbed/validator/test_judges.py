"""Which of a validator's processes judge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ec_acceptance.testbed.validator.judges import find_judges

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in Linux's /proc")

_SLEEP = "import time; print(flush=True); time.sleep(60)"
_SUPERVISOR = """
import subprocess, sys
first = [subprocess.Popen([sys.executable, "-c", {first!r}], stdout=subprocess.PIPE)]
first[0].stdout.readline()
print(flush=True)
first[0].wait()
"""
_FIRST = f"""
import subprocess, sys
judges = [subprocess.Popen([sys.executable, "-c", {_SLEEP!r}], stdout=subprocess.PIPE) for _ in range({{count}})]
other = subprocess.Popen(["sleep", "60"])
for one in judges:
    one.stdout.readline()
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("count", "judging"), [(2, 2), (0, 1)])
def test_they_are_those_that_have_started_none_of_their_kind(count: int, judging: int) -> None:
    first = _FIRST.format(count=count)
    program = _SUPERVISOR.format(first=first)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as validator:
        assert validator.stdout is not None
        validator.stdout.readline()
        try:
            assert len(find_judges(validator.pid)) == judging
        finally:
            os.killpg(validator.pid, signal.SIGKILL)
    assert find_judges(validator.pid) == ()
