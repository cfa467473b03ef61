"""The sandbox in which the validator runs: its disk, its limits, and the files outside of the cache directory."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from behave import given, step, then, use_step_matcher, when

from ec_acceptance.testbed.cache.file_system_guard import list_escapes, list_files
from ec_acceptance.testbed.scenario.behave_context import Context, skipping
from ec_acceptance.testbed.scenario.cache_states import STATES
from ec_acceptance.testbed.validator.sandbox import (
    few_files,
    open_umask,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_WARNING = re.compile(r"^.*\blevel=warning\b.*$", re.MULTILINE)


def _list_files_outside(context: Context) -> Mapping[str, str]:
    """Home and working folder, and elsewhere what has the name that scenarios try to make a way out with.

    What a validator leaves in the folder for temporary files is its own affair.
    """
    world = context.world
    return {
        **list_files([world.folders.home, world.folders.work], world.cache.path),
        **list_escapes([world.folders.root, world.folders.scratch]),
    }


use_step_matcher("re")


@given(rf"the cache directory (?P<state>{'|'.join(STATES)})")
def the_cache_directory_is(context: Context, state: str) -> None:
    with skipping(context):
        STATES[state](context.world)


use_step_matcher("parse")


@when("the content of the disk is examined")
def the_disk_is_looked_at(context: Context) -> None:
    context.world.runs.sandbox = ()
    shutil.copytree(context.world.folders.root / "left", context.world.cache.path, dirs_exist_ok=True, symlinks=True)


@given("a process may open at most {count:d} files")
def few_open_files(context: Context, count: int) -> None:
    with skipping(context):
        context.world.runs.sandbox = few_files(count)


@given("the umask is 0")
def an_open_umask(context: Context) -> None:
    with skipping(context):
        context.world.runs.sandbox = open_umask()


@then("peak memory usage was at most {factor:g} times that of the first validation")
def memory_is_bounded(context: Context, factor: float) -> None:
    first, *others = context.world.runs.memory_peaks
    assert first, "no memory was measured"
    # Below this, how busy the machine is decides (when garbage is collected, say): it isn't the layer's size.
    least = 40 << 20
    assert others[-1] <= factor * max(first, least), (
        f"the peak was {others[-1] >> 20} MiB, and that of the first validation {first >> 20} MiB"
    )


@step("the files outside the cache directory are recorded")
def record_files_and_processes(context: Context) -> None:
    context.world.files_outside = _list_files_outside(context)


@then("nothing outside the cache directory was changed")
def nothing_outside(context: Context) -> None:
    before, now = context.world.files_outside, _list_files_outside(context)
    different = sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
    assert not different, f"files outside of the cache directory that were made, changed or removed: {different}"


use_step_matcher("re")


@then(r"the log has (?P<count>no|one) warning")
def warnings(context: Context, count: str) -> None:
    found = _WARNING.findall(context.world.runs.last.err)
    wanted = {"no": 0, "one": 1}[count]
    assert len(found) == wanted, f"{len(found)} warnings, not {count}: {found}\n{context.world.runs.last.describe()}"
