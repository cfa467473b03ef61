"""Validators that do nothing: no scenario may pass with them."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from mutants.catalogue import Kind, mutant

__all__: list[str] = []

_SCENARIOS = "happy-01 layers-01 cache-01.1 cache-02.2 cache-03.1 cache-08.1 cache-11.1 cache-13.1 cache-26.1"
_LONG = 120.0  # longer than any time-out; not for ever, should nobody end it


@mutant("true", "It says nothing and succeeds.", Kind.NOTHING, _SCENARIOS)
def says_yes() -> None:
    sys.exit(0)


@mutant("false", "It says nothing and fails.", Kind.NOTHING, _SCENARIOS)
def says_no() -> None:
    sys.exit(1)


@mutant("hang", "It never ends.", Kind.NOTHING, _SCENARIOS)
def hangs() -> None:
    threading.Event().wait(_LONG)
    sys.exit(1)


@mutant("echo", "It prints the recorded report of another validation.", Kind.NOTHING, _SCENARIOS)
def echoes() -> None:
    recorded = Path(__file__).resolve().parents[1] / "snapshots" / "validate_image" / "happy_day.ambr"
    sys.stdout.write(recorded.read_text(encoding="utf-8"))
    sys.exit(0)
