"""What registries ask for, where credentials are kept, and who mustn't have them."""

from __future__ import annotations

import base64
import dataclasses
import json

from behave import given, then

from ec_acceptance.testbed.gate.rules import Answer
from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.validator.command_line import expand

_INDEX = "application/vnd.oci.image.index.v1+json"


def _demand(context: Context, **changes: object) -> None:
    """Change the demand for tokens; it must be there before the registry is first used."""
    guard = context.world.servers.registry_guard
    assert isinstance(guard, Bearer), "the registry demands tokens"
    context.world.servers.registry_guard = dataclasses.replace(guard, **changes)  # type: ignore[arg-type]


@given('the registry demands the credentials "{user}" and "{password}" by the challenges')
def the_registry_demands_by_challenges(context: Context, user: str, password: str) -> None:
    """One field a line; with `{challenge}` in them, which stands for the usual one, tokens are demanded."""
    fields = tuple(context.text.splitlines())
    tokens = any("{challenge}" in text for text in fields)
    context.world.servers.registry_guard = (Bearer if tokens else Basic)(user, password, challenges=fields)


@given('the registry demands the identity token "{token}"')
def the_registry_demands_an_identity_token(context: Context, token: str) -> None:
    context.world.servers.registry_guard = Bearer("user", "secret", identity_token=token)


@given("the registry's token server doesn't support OAuth2")
def no_oauth2(context: Context) -> None:
    """What it knows is the password, as an identity token needn't be one."""
    _demand(context, oauth2=False)


@given('the registry\'s token server names the token "{member}"')
def the_token_is_called(context: Context, member: str) -> None:
    _demand(context, token_member=member)


@given('the registry\'s token server redirects to "{location}" with status {status:d}')
def the_token_server_redirects(context: Context, location: str, status: int) -> None:
    _demand(context, redirect=(status, expand(location, context.world.variables)))


@given('the registry\'s token server refuses, and says "{text}"')
def the_token_server_refuses(context: Context, text: str) -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": text}]}).encode()
    context.world.servers.gate.add(Answer(403, (("Content-Type", "application/json"),), body), kind="token")


@given('the registry names the realm "{realm}"')
def the_registry_names_a_realm(context: Context, realm: str) -> None:
    _demand(context, realm=expand(realm, context.world.variables))


@given("the Docker configuration is")
def the_docker_configuration_is(context: Context) -> None:
    world = context.world
    world.variables["CREDENTIALS"] = base64.b64encode(b"user:secret").decode()
    world.docker_configuration.write(world.text(context.text))


@given('the environment variable "{name}" is')
def an_environment_variable_is(context: Context, name: str) -> None:
    world = context.world
    world.variables["CREDENTIALS"] = base64.b64encode(b"user:secret").decode()
    world.environment[name] = world.text(context.text)


@given("the credentials of the registry are in the file that {variable} points to")
def the_credentials_are_in(context: Context, variable: str) -> None:
    world = context.world
    name = {"REGISTRY_AUTH_FILE": "auth.json", "XDG_RUNTIME_DIR": "runtime/containers/auth.json"}[variable]
    pair = base64.b64encode(b"user:secret").decode()
    path = world.write(name, f'{{"auths": {{"{world.servers.gate.address}": {{"auth": "{pair}"}}}}}}')
    world.environment[variable] = str(path if variable == "REGISTRY_AUTH_FILE" else path.parents[1])


@given("a third party")
def a_stranger(context: Context) -> None:
    context.world.servers.start_third_party()


@given("a host that redirects to the git server")
def a_redirecting_host(context: Context) -> None:
    world = context.world
    world.servers.start_third_party(tls=True, onward=f"https://{world.servers.git.address}")


@then("the third party received no request")
def the_stranger_was_not_asked(context: Context) -> None:
    asked = [str(one) for server in context.world.servers.third_parties for one in server.request_log.requests]
    assert not asked, f"the stranger was asked: {asked}"


@then("the third party was asked, but received no credentials")
def the_stranger_got_nothing(context: Context) -> None:
    asked = [str(one) for server in context.world.servers.third_parties for one in server.request_log.requests]
    assert asked, f"the stranger wasn't asked:\n{context.world.runs.last.describe()}"
    given_away = [secret for server in context.world.servers.third_parties for secret in server.secrets]
    assert not given_away, f"the stranger got {given_away}"


@then("the git server was asked for objects, but received no credentials")
def the_git_server_got_nothing(context: Context) -> None:
    asked = context.world.servers.git.request_log.requests
    assert any(one.method == "POST" for one in asked), f"nothing was fetched:\n{context.world.runs.last.describe()}"
    given_away = [one.headers["Authorization"] for one in asked if "Authorization" in one.headers]
    assert not given_away, f"the git server got {given_away}"


@then('the registry was asked for tokens by "{method}" at least {count:d} times')
def tokens_were_asked_for(context: Context, method: str, count: int) -> None:
    asked = context.world.runs.requests(kind="token", method=method)
    assert len(asked) >= count, f"tokens were asked for {len(asked)} times:\n" + "\n".join(map(str, asked))


@then('the output doesn\'t contain "{secret}"')
def a_secret_is_in_no_output(context: Context, secret: str) -> None:
    last = context.world.runs.last
    for name, text in (("standard output", last.out), ("standard error", last.err)):
        assert secret not in text, f"{secret} is in {name}:\n{last.describe()}"


@then('the output contains "{text}"')
def a_text_is_in_an_output(context: Context, text: str) -> None:
    last = context.world.runs.last
    assert context.world.text(text) in last.out + last.err, f"{text} is in no output:\n{last.describe()}"


@given("an image that passes")
def an_image_that_passes(context: Context) -> None:
    """Signed and attested by the key "known": with a policy without rules, whether it can be read decides."""
    fixtures = context.world.fixtures
    fixtures.add_key("known")
    fixtures.add_image("acceptance/image")
    fixtures.sign_all("known")


@then("the image passes")
def the_image_passes(context: Context) -> None:
    last = context.world.runs.last
    assert last.status == 0, f"the exit status is {last.status}:\n{last.describe()}"
    asked = context.world.runs.requests(
        kind="manifest", repository=context.world.fixtures.full_name("acceptance/image")
    )
    references = context.world.fixtures.references("signature", "acceptance/image")
    assert any(one.reference in references and one.status == 200 for one in asked), "the signature wasn't read"


@then('the image is not accessible: "{reason}"')
def the_image_cannot_be_read(context: Context, reason: str) -> None:
    last = context.world.runs.last
    assert last.status == 1, f"the exit status is {last.status}:\n{last.describe()}"
    wanted = context.world.text(reason)
    found = context.world.runs.report.messages("violations", "builtin.image.accessible")
    assert any(wanted in text for texts in found.values() for text in texts), f"{wanted!r} isn't in {found}"


_HELPERS = {
    "prints without end": "exec yes noise",
    "prints nothing": ":",
    "names no user but a number": """echo '{"Username": 5, "Secret": "secret"}'""",
    "is killed": "kill -9 $$",
}


@given("the Docker configuration names a faulty helper, which {does}")
def a_failing_helper(context: Context, does: str) -> None:
    context.world.docker_configuration.store(context.world.servers.gate.address, "user", "secret", helper="acceptance")
    [program] = (context.world.folders.root / "bin").iterdir()
    program.write_text(f"#!/bin/sh\n{_HELPERS[does]}\n", encoding="ascii")


@given("the registry redirects requests for configurations to the third party")
def configurations_are_redirected(context: Context) -> None:
    world = context.world
    configuration = world.fixtures.artifact('the configuration of "acceptance/image"')
    location = f"http://{world.variables['THIRD_PARTY']}/blob"
    world.servers.gate.add(Answer(307, (("Location", location),)), **configuration.request_filter)


@given("the registry names the third party for the next page of referrers")
def the_next_page_is_elsewhere(context: Context) -> None:
    """The registry has the next page itself, where the link's path leads: also one that lists no referrers."""
    world = context.world
    repository = world.fixtures.full_name("acceptance/image")
    path = f"/v2/{repository}/referrers/{world.fixtures.images[repository].digest}?page=2"
    link = f'<http://{world.variables["THIRD_PARTY"]}{path}>; rel="next"'
    for number, fields in ((1, (("Content-Type", _INDEX), ("Link", link))), (2, (("Content-Type", _INDEX),))):
        page = Answer(200, fields, b'{"schemaVersion":2,"manifests":[]}')
        world.servers.gate.add(page, kind="referrers", nth=number)


@then("the registry was asked for {count:d} pages of referrers")
def pages_were_asked_for(context: Context, count: int) -> None:
    asked = context.world.runs.requests(kind="referrers")
    assert len(asked) == count, "the registry was asked for:\n" + "\n".join(map(str, asked))
