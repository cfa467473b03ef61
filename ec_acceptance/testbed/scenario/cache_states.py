"""States in which a validator may find its cache directory, by the words of scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.testbed.validator.sandbox import full_disk, give_away, read_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ec_acceptance.testbed.scenario.world import World

__all__ = ["STATES"]


def _read_only(world: World) -> None:
    world.runs.sandbox = read_only(_directory(world))


def _on_a_small_disk(world: World) -> None:
    """What is on it when the validator has ended is in the folder `left` then."""
    left = world.folders.root / "left"
    left.mkdir()
    world.runs.sandbox = full_disk(_directory(world), 1 << 20, left)


def _file(world: World) -> None:
    _write_file(world.cache.path)


def _inside_a_file(world: World) -> None:
    _write_file(world.cache.path.parent)


def _writable_by_everybody(world: World) -> None:
    _directory(world).chmod(0o777)


def _writable_by_its_group(world: World) -> None:
    _directory(world).chmod(0o770)


def _belongs_to_another_user(world: World) -> None:
    give_away(_directory(world))


def _another_users_link(world: World) -> None:
    place, target = world.cache.path, world.folders.scratch / "elsewhere"
    target.mkdir(mode=0o700)
    place.parent.mkdir(parents=True, mode=0o700)
    place.symlink_to(target)
    give_away(place)


def _directory(world: World) -> Path:
    place = world.cache.path
    place.mkdir(parents=True, mode=0o700, exist_ok=True)
    return place


def _write_file(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.write_bytes(b"a file\n")


STATES: dict[str, Callable[[World], None]] = {
    "can't be written": _read_only,
    "is on a disk of 1024 KiB": _on_a_small_disk,
    "is a file": _file,
    "is inside a file": _inside_a_file,
    "is writable by everybody": _writable_by_everybody,
    "is writable by its group": _writable_by_its_group,
    "belongs to another user": _belongs_to_another_user,
    "is another user's link": _another_users_link,
}
"""What brings each about.

Raises:
    SandboxUnavailableError: that can't be done here.
"""
