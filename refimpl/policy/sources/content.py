"""What of a source counts, and how much of it is taken."""

from __future__ import annotations

import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refimpl.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_BYTES = 1 << 30
MAX_FILES = 100_000


def counts(name: str) -> bool:
    """Whether a file of this name is loaded as rule or data: leaving it out would change the verdict."""
    return name.lower().endswith((".rego", ".json", ".yaml", ".yml"))


def inside(root: Path, name: str) -> Path | None:
    """The path of an archive's member below `root`; None if it would be elsewhere, or `root` itself.

    Backslashes separate, and a colon names a drive, on Windows alone.
    """
    path = PurePosixPath(name.replace("\\", "/") if sys.platform == "win32" else name)
    parts = [part for part in path.parts if part != "."]
    if path.is_absolute() or not parts or ".." in parts or "\0" in name:
        return None
    if sys.platform == "win32" and any(":" in part for part in parts):
        return None
    return root.joinpath(*parts)


class Budget:
    """How much a source may still bring: a small download must not fill the disk.

    At most `MAX_FILES` files, directories and links, and `MAX_BYTES` in the files together.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes = MAX_BYTES
        self._files = MAX_FILES

    def count(self) -> None:
        """Count a file, directory or link.

        Raises:
            PolicyError: too many.
        """
        self._files -= 1
        if self._files < 0:
            raise PolicyError(f"{self._name} holds more than {MAX_FILES} files")

    def make_directory(self, path: Path) -> None:
        """Make a directory, with those above it; it may be there.

        Raises:
            PolicyError: too many.
            OSError: not possible.
        """
        self.count()
        path.mkdir(parents=True, exist_ok=True)

    def write(self, chunks: Iterable[bytes], path: Path) -> None:
        """Write a file, with the directories above it.

        Raises:
            PolicyError: too much.
            OSError: not possible.
        """
        self.count()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for chunk in chunks:
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise PolicyError(f"{self._name} holds more than {MAX_BYTES} bytes")
                file.write(chunk)
