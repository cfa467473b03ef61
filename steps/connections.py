"""How the registry is reached: over what it sends beside contents, through proxies, and by whose certificates."""

from __future__ import annotations

import base64

from behave import given, then

from ec_acceptance.testbed.gate.rules import Encode, Interim, Redirect, Repeat, SetHeaders, Verb
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.servers.blob_storage import Storage
from ec_acceptance.testbed.servers.proxy import Proxy

_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_IMAGE = "acceptance/image"
_PRIVATE_KEY = "PRIVATE KEY"
_ANSWERS: dict[str, Verb] = {
    "is compressed with gzip": Encode("gzip"),
    "follows one with status 102": Interim(102),
    "follows one with status 103": Interim(103),
    "says twice of what type it is, and of which digest": Repeat(("Content-Type", "Docker-Content-Digest")),
    "has 1000 more header fields": SetHeaders(tuple((f"X-{number}", "y") for number in range(1000))),
    "has one more header field, of 80 KiB": SetHeaders((("X-Long", "y" * (80 << 10)),)),
}


@given("every answer of the registry is one that {how}")
def every_answer(context: Context, how: str) -> None:
    for method in ("GET", "HEAD"):
        context.world.servers.gate.add(_ANSWERS[how], method=method)


@given('the registry calls every manifest "{media_type}"')
def every_manifest_is_called(context: Context, media_type: str) -> None:
    for method in ("GET", "HEAD"):
        rule = SetHeaders((("Content-Type", media_type),))
        context.world.servers.gate.add(rule, kind="manifest", method=method)


@given('the registry redirects requests for blobs to the folder "{folder}" of a blob storage')
def blobs_are_redirected(context: Context, folder: str) -> None:
    world = context.world
    storage = Storage(world.servers.gate.seed, world.fixtures.full_name(_IMAGE))
    world.servers.extra_servers.append(storage)
    world.redactions.add("storage", storage.address)
    world.servers.gate.add(Redirect(f"http://{storage.address}/{folder}"), kind="blob")


@given('the registry redirects requests for blobs to "{location}"')
def blobs_are_redirected_to(context: Context, location: str) -> None:
    context.world.servers.gate.add(Redirect(context.world.text(location)), kind="blob")


@then('the blob storage was asked for blobs in the folder "{folder}"')
def the_storage_was_asked(context: Context, folder: str) -> None:
    [storage] = (one for one in context.world.servers.extra_servers if isinstance(one, Storage))
    paths = [one.path for one in storage.request_log.requests]
    assert paths, f"the storage wasn't asked:\n{context.world.runs.last.describe()}"
    assert all(path.startswith(f"/{folder}/sha256:") for path in paths), f"the storage was asked for {paths}"


@given("the file of trusted certificates has {damage}")
def trusted_certificates(context: Context, damage: str) -> None:
    world = context.world
    block = world.services.ca_file.read_bytes()
    bad = b"\n".join(
        (b"-----BEGIN CERTIFICATE-----", base64.b64encode(b"no certificate"), b"-----END CERTIFICATE-----", b"")
    )
    content = {
        "a block that is none, first": bad + block,
        "a block that is none, last": block + bad,
        "a block that isn't base64": block + bad.replace(b"b", b"*"),
        "a private key": bad.replace(b"CERTIFICATE", _PRIVATE_KEY.encode()) + block,
        "a block that is cut off": block + block[:60],
        "a block that is cut off, first": block[:60] + b"\n" + block,
        "comments beyond ASCII": "# \u00fc\n".encode("latin-1") + block + "# \u00fc\n".encode(),
        "nothing but a block that is none": bad,
    }[damage]
    path = world.folders.work / "trusted.pem"
    path.write_bytes(content)
    world.environment["SSL_CERT_FILE"] = str(path)


@given('the registry\'s certificate names "{name}" in its subject alone')
def a_certificate_without_names(context: Context, name: str) -> None:
    context.world.servers.registry_tls = context.world.services.authority.server_without_names(name)


@given("the registry is reached through a proxy that speaks {scheme}")
def a_proxy(context: Context, scheme: str) -> None:
    """By a name that isn't a loopback's to a client: such are never asked of a proxy."""
    _use_proxy(context, scheme, "HTTPS_PROXY")


@given("what isn't on this machine is reached through a proxy")
def a_proxy_for_all(context: Context) -> None:
    """By http and by https; names such as ``registry.localhost`` aren't on this machine for a client."""
    _use_proxy(context, "http", "HTTP_PROXY", "HTTPS_PROXY")


def _use_proxy(context: Context, scheme: str, *variables: str) -> None:
    proxy = Proxy(scheme, tls=context.world.services.authority.server)
    context.world.servers.extra_servers.append(proxy)
    for variable in variables:
        context.world.environment[variable] = proxy.url


@then('the proxy was asked for "{name}"')
def the_proxy_was_asked(context: Context, name: str) -> None:
    """With the registry's port, unless a port is named."""
    [proxy] = (one for one in context.world.servers.extra_servers if isinstance(one, Proxy))
    text = context.world.text(name if ":" in name else f"{name}:${{REGISTRY_PORT}}")
    assert text in proxy.asked, f"the proxy was asked for {proxy.asked}"


@given('a file "{name}" served over https that is cut off before "{text}"')
def a_file_that_breaks_off(context: Context, name: str, text: str) -> None:
    content = context.text.encode()
    context.world.servers.git.serve_cut(name, content, content.index(text.encode()))


@given('a file "{name}" is served over https, after a redirect over plain http')
def a_file_behind_plain_http(context: Context, name: str) -> None:
    """The first host speaks https, redirects to one that doesn't, and this one to the file, over https again."""
    world = context.world
    world.servers.git.serve(name, context.text.encode())
    world.servers.start_third_party(onward=f"https://{world.servers.git.address}")
    world.servers.start_third_party(tls=True, onward=f"http://{world.variables['THIRD_PARTY']}")


@given("a host that redirects all that it is asked for to the {server}'s address")
def a_host_that_redirects(context: Context, server: str) -> None:
    """At ``${THIRD_PARTY_PORT}``, by http or https as the server itself; it is asked as ``localhost``."""
    servers = context.world.servers
    onward = {"git server": f"https://{servers.git.address}", "transparency log": servers.rekor.url}[server]
    servers.start_third_party(tls=onward.startswith("https:"), onward=onward)


@then("no request was made over plain http")
def nobody_in_the_clear(context: Context) -> None:
    plain, _ = context.world.servers.third_parties
    assert not plain.request_log.requests, f"asked in the clear: {[str(one) for one in plain.request_log.requests]}"


@then('the validation fails, and the output contains "{text}"')
def it_fails_and_says(context: Context, text: str) -> None:
    last = context.world.runs.last
    assert last.status == 1, f"the exit status is {last.status}:\n{last.describe()}"
    assert context.world.text(text) in (last.out + last.err).replace('\\"', '"'), f"it doesn't:\n{last.describe()}"


@then("the image does not pass")
def it_does_not_pass(context: Context) -> None:
    last = context.world.runs.last
    assert last.status == 1, f"the exit status is {last.status}:\n{last.describe()}"


@then("the registry redirected a request")
def it_was_redirected(context: Context) -> None:
    """Else that nobody followed it would show nothing."""
    assert any(one.status in _REDIRECTED for one in context.world.runs.requests()), (
        f"no request was answered by a redirect:\n{context.world.runs.last.describe()}"
    )
