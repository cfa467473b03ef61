"""Policies, where they come from, and files beside them."""

from __future__ import annotations

import json
import shutil

from behave import given

from ec_acceptance.testbed.scenario.behave_context import Context, pairs
from ec_acceptance.testbed.scenario.servers import NAMESPACE
from ec_acceptance.testbed.scenario.world import POLICY_FILE


@given('a git repository named "{name}" with')
def a_git_repository(context: Context, name: str) -> None:
    context.world.policies.add_repository(name, dict(pairs(context.table)))


@given('policy configuration named "{name}" with specification')
def a_policy_configuration(context: Context, name: str) -> None:
    context.world.servers.cluster.policy(NAMESPACE, name, json.loads(context.world.text(context.text)))


@given('a file "{name}" with')
def a_file(context: Context, name: str) -> None:
    context.world.write(name, context.text)


@given('a folder "{name}" with')
def a_folder(context: Context, name: str) -> None:
    context.world.policies.add_folder(name, dict(pairs(context.table)))


@given('a folder "{name}" with the files of "{example}"')
def a_folder_of_an_example(context: Context, name: str, example: str) -> None:
    """A whole folder of `features/examples`; the folder `.` is the one in which the validator is started."""
    world = context.world
    shutil.copytree(world.services.examples / example, world.folders.work / name, dirs_exist_ok=True)


@given("the policy configuration")
def the_policy_configuration(context: Context) -> None:
    context.world.write(POLICY_FILE, context.text)


@given('the policy configuration "{text}"')
def the_policy_configuration_in_a_line(context: Context, text: str) -> None:
    context.world.write(POLICY_FILE, text)


@given("the rules")
def the_rules(context: Context) -> None:
    context.world.write("rules/main.rego", context.text)


@given('the git repository "{name}" has the branch "{branch}" with')
def a_branch(context: Context, name: str, branch: str) -> None:
    context.world.policies.branch_off(name, branch, dict(pairs(context.table)))


@given('the git repository "{name}" has the tag "{tag}"')
def a_tag(context: Context, name: str, tag: str) -> None:
    context.world.policies.tag_commit(name, tag, annotated=False)


@given('the git repository "{name}" has the annotated tag "{tag}"')
def an_annotated_tag(context: Context, name: str, tag: str) -> None:
    context.world.policies.tag_commit(name, tag, annotated=True)


@given('the git repository "{name}" has a newer commit with')
def it_moved_on(context: Context, name: str) -> None:
    context.world.policies.move_on(name, dict(pairs(context.table)))


@given('a policy artifact "{name}" tagged "{tag}" with')
def a_policy_artifact(context: Context, name: str, tag: str) -> None:
    context.world.policies.push_artifact(name, dict(pairs(context.table)), tag)


@given('an archive "{name}" served over https with')
def an_archive(context: Context, name: str) -> None:
    context.world.policies.serve_archive(name, dict(pairs(context.table)))


@given('a file "{name}" served over https with')
def a_served_file(context: Context, name: str) -> None:
    context.world.servers.git.serve(name, context.world.text(context.text).encode())


@given('snapshot named "{name}" with specification')
def a_snapshot(context: Context, name: str) -> None:
    context.world.servers.cluster.snapshot(NAMESPACE, name, json.loads(context.world.text(context.text)))


@given('a secret "{name}" with the public key "{key}"')
def a_secret(context: Context, name: str, key: str) -> None:
    pem = context.world.fixtures.keys[key].public_pem
    context.world.servers.cluster.secret(NAMESPACE, name, {"cosign.pub": pem.encode()})


@given('an archive file "{name}" with')
def an_archive_file(context: Context, name: str) -> None:
    (context.world.folders.work / name).write_bytes(context.world.policies.archive(dict(pairs(context.table))))
