"""Archives of rules, some of them damaged, wherever they come from."""

from __future__ import annotations

from behave import given, then, when

from ec_acceptance.testbed.fixtures.damaged_archives import build_damaged_archive
from ec_acceptance.testbed.fixtures.layer_entries import add_of_entries
from ec_acceptance.testbed.fixtures.malformed_trees import build_malformed_repository
from ec_acceptance.testbed.fixtures.special_files import SPECIAL_FILES
from ec_acceptance.testbed.scenario.behave_context import Context, pairs, rows, skipping
from ec_acceptance.testbed.validator.sandbox import bound_by_modes


def _damage_archive(context: Context, name: str, damage: str) -> bytes:
    examples = context.world.services.examples
    files = [(path, (examples / example).read_bytes()) for path, example in pairs(context.table)]
    return build_damaged_archive(name, files, damage)


@given('an archive "{name}" that {damage}, with the files')
def an_archive_file(context: Context, name: str, damage: str) -> None:
    (context.world.folders.work / name).write_bytes(_damage_archive(context, name, damage))


@given('an archive "{name}", served over https, that {damage}, with the files')
def a_served_archive(context: Context, name: str, damage: str) -> None:
    context.world.servers.git.serve(name, _damage_archive(context, name, damage))


@given('a policy artifact "{name}" with a packed folder that {damage}, with the files')
def a_packed_folder(context: Context, name: str, damage: str) -> None:
    context.world.policies.push_packed(name, _damage_archive(context, "rules.tar.gz", damage))


@given('a git repository named "{name}" whose tree has {words}, with the content of')
def an_odd_repository(context: Context, name: str, words: str) -> None:
    examples = context.world.services.examples
    first, second = ((examples / row[0]).read_bytes() for row in rows(context.table))
    context.world.servers.git.add(name, build_malformed_repository(words, first, second))


@given('"{path}" can\'t be read')
def nobody_may_read(context: Context, path: str) -> None:
    """Its mode says so, and it binds the validator."""
    with skipping(context):
        context.world.runs.sandbox = bound_by_modes()
        (context.world.folders.work / path).chmod(0)


@given('there is {file} at "{path}"')
def something_else(context: Context, file: str, path: str) -> None:
    SPECIAL_FILES[file](context.world.folders.work / path)


@given("the budget of the cache has {count:d} digits")
def a_budget_of_digits(context: Context, count: int) -> None:
    context.world.environment["EC_CACHE_MAX_BYTES"] = "9" * count


@given('a policy artifact "{name}" that lists each layer twice, with')
def layers_twice(context: Context, name: str) -> None:
    context.world.policies.push_artifact(name, dict(pairs(context.table)), "latest", times=2)


@then('the report lists the policy source "{url}"')
def the_report_names(context: Context, url: str) -> None:
    wanted, found = context.world.text(url), _list_sources(context)
    assert found == [wanted], f"the report doesn't name {wanted}:\n    {found}"


@when("the policy source that the report lists is called ${{{name}}}")
def the_source_is_called(context: Context, name: str) -> None:
    [context.world.variables[name]] = _list_sources(context)


def _list_sources(context: Context) -> list[str]:
    groups = context.world.runs.report.document.get("policy", {}).get("sources", [])
    named = [url for group in groups for url in group.get("policy", [])]
    assert named, f"the report names no policy source:\n{context.world.runs.last.describe()}"
    return named


@given('a conforming OLM bundle image "{name}" whose layers, the lowest first, have the entries')
def an_image_of_entries(context: Context, name: str) -> None:
    add_of_entries(context.world.fixtures, name, rows(context.table))
    context.world.fixtures.make_conforming(name)
