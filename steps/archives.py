"""Archives of rules, some of them damaged, wherever they come from."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.behaving import Context, pairs
from ec_acceptance.testbed.confinement import UnconfinableError, bound_by_modes
from ec_acceptance.testbed.damaged import damaged
from ec_acceptance.testbed.policies import push_packed
from ec_acceptance.testbed.special_files import SPECIAL_FILES


def _made(context: Context, name: str, damage: str) -> bytes:
    examples = context.world.services.examples
    files = [(path, (examples / example).read_bytes()) for path, example in pairs(context.table)]
    return damaged(name, files, damage)


@given('there is a file "{name}" that {damage}, an archive of')
def an_archive_file(context: Context, name: str, damage: str) -> None:
    (context.world.work / name).write_bytes(_made(context, name, damage))


@given('a file "{name}" that {damage} is served over https, an archive of')
def a_served_archive(context: Context, name: str, damage: str) -> None:
    context.world.git.serve(name, _made(context, name, damage))


@given('a policy artifact "{name}" with a packed folder that {damage}, an archive of')
def a_packed_folder(context: Context, name: str, damage: str) -> None:
    push_packed(context.world, name, _made(context, "rules.tar.gz", damage))


@given('nobody may read "{path}"')
def nobody_may_read(context: Context, path: str) -> None:
    """Its mode says so, and it binds the validator."""
    try:
        context.world.confinement = bound_by_modes()
    except UnconfinableError as error:
        context.scenario.skip(str(error))
        return
    (context.world.work / path).chmod(0)


@given('{thing} is at "{path}"')
def something_else(context: Context, thing: str, path: str) -> None:
    SPECIAL_FILES[thing](context.world.work / path)


@given("a budget of {count:d} digits for the cache directory")
def a_budget_of_digits(context: Context, count: int) -> None:
    context.world.environment["EC_CACHE_MAX_BYTES"] = "9" * count
