"""Processes that a validator leaves behind are found by their environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.validator.processes import outliving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="environments are looked up in Linux's /proc")


def test_a_process_of_another_session_is_found_until_it_ends(tmp_path: Path) -> None:
    variable = f"TMPDIR={tmp_path}"
    assert outliving(variable, 0.0) == ()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, env=environment, start_new_session=True) as process:
        assert outliving(variable, 0.05) == (f"{process.pid} cat",)
        assert outliving(f"{variable}/other", 0.0) == ()
        process.communicate()
    assert outliving(variable, 5.0) == ()
