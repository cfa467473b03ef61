"""What a failed scenario leaves for whoever looks for the cause."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.repro.archive import NAME, Blobs, write_bundle
from ec_acceptance.testbed.trees import find_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ec_acceptance.testbed.scenario.world import World

__all__ = ["SEEN", "save_evidence"]

SEEN = "seen.json"
"""The runs and requests of a scenario, with times."""


def save_evidence(world: World, place: Path, told: Mapping[str, str] | None = None) -> Path:
    """Save what was seen: command lines, environments, streams, the requests to each service, a list of files.

    Args:
        world: of a scenario that is still open.
        place: the folder that it is put into, in place of an older one; that is the answer.
        told: what is said of the scenario in a repro bundle; without it there is none.

    Raises:
        OSError: it can't be written; then nothing of it is there.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        _write(world, target, told)
        return _move(target, place)
    except OSError:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _write(world: World, target: Path, told: Mapping[str, str] | None) -> None:
    for number, invocation in enumerate(world.runs.invocations, 1):
        (target / f"{number}-command.txt").write_text(
            invocation.describe() + "\n", encoding="utf-8", errors="surrogateescape"
        )
        environment = json.dumps(dict(invocation.environment), indent=1)
        (target / f"{number}-environment.json").write_text(environment + "\n", encoding="utf-8")
        (target / f"{number}-stdout").write_bytes(invocation.stdout)
        (target / f"{number}-stderr").write_bytes(invocation.stderr)
    for name, requests in world.servers.list_requests().items():
        (target / f"{name}-requests.txt").write_text("".join(f"{one}\n" for one in requests), encoding="utf-8")
    listing = "".join(_list_files(world.folders.root, (world.folders.home, world.folders.scratch)))
    (target / "files.txt").write_text(listing, encoding="utf-8", errors="backslashreplace")
    seen = {
        "scenario": world.scenario,
        "values": {**world.redactions.values, str(world.folders.root): "folder"},
        "groups": world.runs.recording.seen,
    }
    (target / SEEN).write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    if told is not None:
        blobs = Blobs()
        document = world.runs.recording.describe(told, blobs)
        write_bundle(target / NAME, document, blobs)


def _list_files(root: Path, folders: Iterable[Path]) -> list[str]:
    """A line for each file: its size, its path below `root`. A validator that still runs may remove some meanwhile."""
    lines = []
    for path in sorted(path for folder in folders for path in find_paths(folder)):
        with suppress(OSError):
            if not path.is_dir():
                lines.append(f"{path.stat().st_size:>12} {path.relative_to(root)}\n")
    return lines


def _move(folder: Path, target: Path) -> Path:
    """Put a folder in the place of another one; rows of an outline that share an id may do so at the same time."""
    folder.chmod(0o755)
    while True:
        shutil.rmtree(target, ignore_errors=True)
        try:
            return folder.rename(target)
        except OSError:
            if not target.exists():
                raise
