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
#: How many folders may be one in the other.
MAX_DEPTH = 200
_SHOWN = 100


def counts(name: str) -> bool:
    """Whether a file of this name is loaded as rule or data: leaving it out would change the verdict."""
    return name.lower().endswith((".rego", ".json", ".yaml", ".yml"))


def inside(root: Path, name: str) -> Path | None:
    """The path of an archive's member below `root`; None if it would be elsewhere, or `root` itself.

    Backslashes separate, and a colon names a drive, on Windows alone.

    Raises:
        PolicyError: it would be below too many folders.
    """
    path = PurePosixPath(name.replace("\\", "/") if sys.platform == "win32" else name)
    parts = [part for part in path.parts if part != "."]
    if path.is_absolute() or not parts or ".." in parts or "\0" in name:
        return None
    if sys.platform == "win32" and any(":" in part for part in parts):
        return None
    if len(parts) > MAX_DEPTH + 1:
        raise PolicyError(f"{name[:_SHOWN]}… is nested deeper than {MAX_DEPTH} folders")
    return root.joinpath(*parts)


class Budget:
    """How much a source may still bring: a small download must not fill the disk.

    At most `MAX_FILES` files, directories and links, those included that only the names of others tell of, and
    `MAX_BYTES` in the files together.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes = MAX_BYTES
        self._files = MAX_FILES
        self._made: set[Path] = set()

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
        missing = []
        while path not in self._made and not path.is_dir():
            missing.append(path)
            path = path.parent
        for one in reversed(missing):
            self.count()
            one.mkdir()
            self._made.add(one)

    def write(self, chunks: Iterable[bytes], path: Path) -> None:
        """Write a file, with the directories above it.

        Raises:
            PolicyError: too much.
            OSError: not possible.
        """
        self.count()
        self.make_directory(path.parent)
        with path.open("wb") as file:
            for chunk in chunks:
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise PolicyError(f"{self._name} holds more than {MAX_BYTES} bytes")
                file.write(chunk)
