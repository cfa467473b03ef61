"""Stored snapshots: one file a feature, one entry a scenario and stream, each with its origin.

The format and the comparison are syrupy's. An entry begins with a line that says where it was recorded:
``origin: oracle <version>`` (another validator) or ``origin: ours``. An update never replaces the first kind by
the second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.data import SnapshotCollection
    from syrupy.extensions.amber import AmberSnapshotExtension

__all__ = ["OURS", "FeatureSnapshots", "SnapshotFileError", "Snapshots"]

OURS = "ours"
_HEAD = "origin: "


class SnapshotFileError(Exception):
    """A snapshot file can't be read: the suite is at fault."""


@dataclass(slots=True)
class Snapshots:
    """All snapshot files below a folder.

    Args:
        folder: where the files are.
        update: whether entries that differ or are missing are written.
        origin: what entries written now say of themselves.
    """

    folder: Path
    update: bool = False
    origin: str = OURS
    _features: dict[str, FeatureSnapshots] = field(default_factory=dict)

    def feature(self, name: str) -> FeatureSnapshots:
        """The snapshots of the feature file `name` (its path below `features`, without the suffix)."""
        if name not in self._features:
            path = self.folder / f"{name}.ambr"
            self._features[name] = FeatureSnapshots(path, update=self.update, origin=self.origin)
        return self._features[name]

    def used(self) -> dict[str, list[str]]:
        """The keys that were compared with, by feature."""
        return {name: sorted(feature.used) for name, feature in self._features.items()}

    def unused(self) -> list[str]:
        """Entries of the features that ran, and files of features that don't exist, which nothing compared with."""
        names = {path.relative_to(self.folder).with_suffix("").as_posix() for path in self.folder.rglob("*.ambr")}
        lost = [f"{name}.ambr (no such feature)" for name in sorted(names - set(self._features))]
        return lost + [f"{name}.ambr {key}" for name, f in sorted(self._features.items()) for key in sorted(f.unused())]

    def save(self) -> list[str]:
        """Write what an update changed; the entries written, by name."""
        return [f"{name}.ambr {key}" for name, f in sorted(self._features.items()) for key in f.save()]


class FeatureSnapshots:
    """The snapshots of one feature; `used` are the keys of those that something compared with."""

    def __init__(self, path: Path, *, update: bool, origin: str) -> None:
        self.path = path
        self._update = update
        self._origin = origin
        self.used: set[str] = set()
        self._written: dict[str, str] = {}

    @cached_property
    def _extension(self) -> AmberSnapshotExtension:
        from syrupy.extensions.amber import AmberSnapshotExtension  # takes 0.2 s: only when compared

        return AmberSnapshotExtension()

    @cached_property
    def _stored(self) -> SnapshotCollection:
        from syrupy.data import SnapshotCollection  # as above
        from syrupy.extensions.amber.serializer import AmberDataSerializer

        if not self.path.exists():
            return SnapshotCollection(location=str(self.path))
        stored = AmberDataSerializer.read_file(str(self.path))
        if stored.tainted:
            raise SnapshotFileError(f"{self.path} is no snapshot file of this syrupy version")
        return stored

    def compare(self, key: str, value: Any) -> str | None:
        """Compare a value with the entry; None when they are equal (or an update took it), else a readable diff."""
        self.used.add(key)
        got = self._extension.serialize(value)
        entry = self._stored.get(key)
        origin, stored = _parts(str(entry.data)) if entry is not None else ("", None)
        if stored == got:
            return None
        if self._update and not (origin not in {"", OURS} and self._origin == OURS):
            self._written[key] = f"{_HEAD}{self._origin}\n{got}"
            return None
        if stored is None:
            return f"there is no snapshot {key!r} in {self.path.name}; the output was\n{got}"
        return (
            f"the output differs from the snapshot {key!r} in {self.path.name} ({origin}):\n{self._diff(got, stored)}"
        )

    def unused(self) -> set[str]:
        """Names of stored entries that nothing compared with."""
        return {snapshot.name for snapshot in self._stored} - self.used

    def save(self) -> list[str]:
        """Write the entries of an update; their names."""
        if self._written:
            from syrupy.data import Snapshot, SnapshotCollection  # as above
            from syrupy.extensions.amber.serializer import AmberDataSerializer

            collection = SnapshotCollection(location=str(self.path))
            for key, data in self._written.items():
                collection.add(Snapshot(name=key, data=data))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            AmberDataSerializer.write_file(collection, merge=True)
        return sorted(self._written)

    def _diff(self, got: str, stored: str) -> str:
        import difflib  # only for failures

        lines = difflib.unified_diff(stored.splitlines(), got.splitlines(), "snapshot", "output", n=4, lineterm="")
        return "\n".join(lines)


def _parts(data: str) -> tuple[str, str]:
    head, _, rest = data.partition("\n")
    return head.removeprefix(_HEAD), rest
