"""The folders of one scenario."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ec_acceptance.testbed.trees import remove_tree

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Folders"]

_UNFIT = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a scenario's files are.

    Attributes:
        root: all of them are in it; it is removed at the scenario's end.
        work: in which the validator is started.
        home: the validator's `HOME`.
        scratch: the validator's `TMPDIR`.
    """

    root: Path
    work: Path
    home: Path
    scratch: Path

    @classmethod
    def create(cls, parent: Path, scenario: str) -> Self:
        """The folders of a scenario, by its id, in an existing folder."""
        root = parent / _UNFIT.sub("-", scenario)
        folders = cls(root, root / "work", root / "home", root / "tmp")
        for folder in (folders.work, folders.home, folders.scratch):
            folder.mkdir(parents=True)
        return folders

    def remove(self) -> None:
        """Remove them and what is in them."""
        remove_tree(self.root)
