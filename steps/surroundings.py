"""Circumstances that the validator works in, what it takes of them, and what it leaves in them."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from behave import given, step, then, when

from ec_acceptance.testbed.cache.file_system_guard import list_escapes, list_files
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.validator.sandbox import (
    SandboxUnavailableError,
    few_files,
    full_disk,
    give_away,
    open_umask,
    read_only,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WARNING = re.compile(r"^.*\blevel=warning\b.*$", re.MULTILINE)


def _list_files_outside(context: Context) -> Mapping[str, str]:
    """Home and working folder, and elsewhere what has the name that scenarios try to make a way out with.

    What a validator leaves in the folder for temporary files is its own affair.
    """
    world = context.world
    return {**list_files([world.home, world.work], world.cache.path), **list_escapes([world.folder, world.scratch])}


@given('the environment variable "{name}" is empty')
def an_empty_variable(context: Context, name: str) -> None:
    context.world.environment[name] = ""


@given("the cache directory can't be written")
def cannot_be_written(context: Context) -> None:
    context.world.cache.path.mkdir(parents=True, mode=0o700, exist_ok=True)
    try:
        context.world.sandbox = read_only(context.world.cache.path)
    except SandboxUnavailableError as error:
        context.scenario.skip(str(error))


@given("the cache directory is on a disk of {size:d} KiB")
def a_small_disk(context: Context, size: int) -> None:
    """What is on it when the validator has ended is in the cache directory then."""
    place = context.world.cache.path
    place.mkdir(parents=True, mode=0o700)
    left = context.world.folder / "left"
    left.mkdir()
    try:
        context.world.sandbox = full_disk(place, size << 10, left)
    except SandboxUnavailableError as error:
        context.scenario.skip(str(error))


@when("the disk is looked at")
def the_disk_is_looked_at(context: Context) -> None:
    context.world.sandbox = ()
    shutil.copytree(context.world.folder / "left", context.world.cache.path, dirs_exist_ok=True, symlinks=True)


@given("at most {count:d} files may be open in a process")
def few_open_files(context: Context, count: int) -> None:
    try:
        context.world.sandbox = few_files(count)
    except SandboxUnavailableError as error:
        context.scenario.skip(str(error))


@given("files may be written by all unless their maker says otherwise")
def an_open_umask(context: Context) -> None:
    try:
        context.world.sandbox = open_umask()
    except SandboxUnavailableError as error:
        context.scenario.skip(str(error))


@given("a file is in the place of {folder}")
def a_file_in_the_place(context: Context, folder: str) -> None:
    place = _place(context, folder)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.write_bytes(b"a file\n")


@given("the cache directory may be written by {others}")
def others_may_write(context: Context, others: str) -> None:
    place = context.world.cache.path
    place.mkdir(parents=True, mode=0o700, exist_ok=True)
    place.chmod({"its group": 0o770, "everybody": 0o777}[others])


@given("{folder} belongs to another user")
def another_user(context: Context, folder: str) -> None:
    place = _place(context, folder)
    place.mkdir(parents=True, mode=0o700, exist_ok=True)
    try:
        give_away(place)
    except SandboxUnavailableError as error:
        context.scenario.skip(str(error))


@given("another user's link leads to the cache directory")
def another_users_link(context: Context) -> None:
    place, target = context.world.cache.path, context.world.scratch / "elsewhere"
    target.mkdir(mode=0o700)
    place.parent.mkdir(parents=True, mode=0o700)
    place.symlink_to(target)
    try:
        give_away(place)
    except SandboxUnavailableError as error:
        context.scenario.skip(str(error))


@then("the peak of memory was at most {factor:g} times that of the first validation")
def memory_is_bounded(context: Context, factor: float) -> None:
    first, *others = context.world.memory_peaks
    assert first, "no memory was measured"
    # Below this, how busy the machine is decides (when garbage is collected, say): it isn't the layer's size.
    least = 32 << 20
    assert others[-1] <= factor * max(first, least), (
        f"the peak was {others[-1] >> 20} MiB, and that of the first validation {first >> 20} MiB"
    )


@step("the surroundings of the cache directory are remembered")
def remember_surroundings(context: Context) -> None:
    context.world.files_outside = _list_files_outside(context)


@then("nothing outside of the cache directory was touched")
def nothing_outside(context: Context) -> None:
    before, now = context.world.files_outside, _list_files_outside(context)
    different = sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
    assert not different, f"files outside of the cache directory that were made, changed or removed: {different}"


@then("there is {count} warning")
def warnings(context: Context, count: str) -> None:
    found = _WARNING.findall(context.world.last.err)
    wanted = {"no": range(1), "one": range(1, 2), "at most one": range(2)}[count]
    assert len(found) in wanted, f"{len(found)} warnings, not {count}: {found}\n{context.world.last.describe()}"


def _place(context: Context, folder: str) -> Path:
    place = context.world.cache.path
    return {"the cache directory": place, "its parent directory": place.parent}[folder]
