"""A layer cache on the disk, as seen from outside (specification 40, "Place").

Nothing is known of a validator's own layout but this: an *entry* is a file whose name ends in the hexadecimal digits
of a digest. Whatever else is there is a *temporary*; so is what begins with a dot, or is in a folder that does. But a
directory may be a layout of OCI's (image specification, "OCI Image Layout"): then its index is neither.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.trees import find_paths

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CacheDirectory", "Entry", "user_cache"]

_DIGEST = re.compile(r"(?:.*[^0-9a-f])?(?P<hex>[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64})")
_LAYOUT, _INDEX = "oci-layout", "index.json"
_ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something under a final name: `digest` is the one that its name ends in."""

    path: Path
    digest: str

    @property
    def damage(self) -> str:
        """What is wrong with it; empty when it is a file with exactly the bytes that its name promises."""
        if self.path.is_symlink() and not self.path.exists():
            return "a link to nothing"
        if not self.path.is_file():
            return "no file"
        found = _digest(self.path, self.digest.partition(":")[0])
        return "" if found == self.digest else f"{self.path.stat().st_size} bytes with the digest {found}"


class CacheDirectory:
    """The folder `path`, which need not be there. Each method looks at the disk anew."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> tuple[Entry, ...]:
        """All entries, sorted by their paths."""
        found = []
        for path, name in self._find_entries():
            if match := _DIGEST.fullmatch(name):
                found.append(Entry(path, f"{_ALGORITHMS[len(match['hex'])]}:{match['hex']}"))
        return tuple(found)

    def entry(self, digest: str) -> Entry | None:
        """The entry of one digest, such as `sha256:…`."""
        return next((entry for entry in self.entries() if entry.digest == digest), None)

    def temporaries(self) -> tuple[Path, ...]:
        """All files that are no entries and no index, sorted; folders don't count."""
        others = {entry.path for entry in self.entries()} | {self.path / name for name in self.index()}
        return tuple(path for path in self._all() if path not in others and (path.is_symlink() or not path.is_dir()))

    def index(self) -> frozenset[str]:
        """The names of the files that say what is there, if it is a layout of OCI's: they change, and aren't layers."""
        return frozenset({_LAYOUT, _INDEX}) if (self.path / _LAYOUT).is_file() else frozenset()

    def damaged(self) -> Mapping[Path, str]:
        """The entries that aren't what their names say, and what they are instead."""
        return {entry.path: entry.damage for entry in self.entries() if entry.damage}

    def content(self) -> Mapping[str, str]:
        """Every file's relative path and the digest of its bytes; times and modes don't count."""
        return {
            path.relative_to(self.path).as_posix(): _digest(path, "sha256") for path in self._all() if path.is_file()
        }

    def _find_entries(self) -> list[tuple[Path, str]]:
        """What may be an entry: no part of its path begins with a dot."""
        return [
            (path, path.name)
            for path in self._all()
            if not any(part.startswith(".") for part in path.relative_to(self.path).parts)
        ]

    def _all(self) -> list[Path]:
        return find_paths(self.path)


def user_cache(environment: Mapping[str, str]) -> Path:
    """Where a validator with this environment keeps layers (specification 22 §B2)."""
    if place := environment.get("XDG_CACHE_HOME"):
        return Path(place, "ec", "images")
    if sys.platform == "win32" and (place := environment.get("LOCALAPPDATA")):
        return Path(place, "ec", "images")
    home = Path(environment["HOME"])
    return home.joinpath(*(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "ec", "images")


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
