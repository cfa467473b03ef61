"""What tests of sources in git have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from refimpl.errors import PolicyError
from refimpl.policy.sources import git

if TYPE_CHECKING:
    from pathlib import Path

    from refimpl.policy.sources.web import Web

REGO = b"package main\n"


def listing(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def refusal(url: str, destination: Path, web: Web) -> str:
    with pytest.raises(PolicyError) as told:
        git.fetch(url, destination, web=web)
    return str(told.value)
