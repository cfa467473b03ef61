"""Values of options that several commands have, as `argparse` wants them."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import UsageError

if TYPE_CHECKING:
    from ec_acceptance.testbed.validator.adapter import Adapter

__all__ = ["adapter_of", "add_jobs", "count_of", "seconds_of"]


def adapter_of(text: str | None, option: str = "--adapter") -> Adapter:
    """The adapter of a file or a name; the one that changes nothing without either.

    Raises:
        UsageError: there is none, or it can't be used.
    """
    from ec_acceptance.testbed.validator.adapter import Adapter, AdapterError

    try:
        return Adapter.find(text) if text else Adapter()
    except AdapterError as error:
        raise UsageError(f"{option} {error}") from None


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """How many scenarios run at the same time: they wait half of their time, for a hold or a validator."""
    jobs = 3 * (os.cpu_count() or 1)
    parser.add_argument(
        "--jobs", type=count_of, default=jobs, help=f"scenarios at the same time ({jobs}: three a core)"
    )


def count_of(text: str) -> int:
    """A whole number of 1 or more."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def seconds_of(text: str) -> float:
    """A number of seconds above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return number
