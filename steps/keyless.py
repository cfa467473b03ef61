"""Keyless signatures, and whom validators trust for them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from behave import given, step, then, when

from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.fixtures.keyless import SIGNERS
from ec_acceptance.testbed.fixtures.trust_roots import PARTS, ROOT_FILES, TRUSTED_ROOTS, USAGES
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.signing.cosign import SIGNATURE

if TYPE_CHECKING:
    from ec_acceptance.testbed.rekor import Log
    from ec_acceptance.testbed.signing import Layer
    from ec_acceptance.testbed.sigstore.instance import KeylessSigner


@given("the roots of trust are in files")
def roots_in_files(context: Context) -> None:
    context.world.trust.in_files()


@given("the root of trust is in a file, without its intermediates")
def only_the_root_in_a_file(context: Context) -> None:
    context.world.trust.in_files(intermediates=False)


@given("the roots of trust come from a TUF mirror")
def roots_by_tuf(context: Context) -> None:
    context.world.trust.by_mirror()


@given("the trusted root {oddity}")
def a_malformed_trusted_root(context: Context, oddity: str) -> None:
    trust = context.world.trust
    trust.document = TRUSTED_ROOTS[oddity](trust.sigstore)
    trust.by_mirror()


@given("the roots of trust come from a TUF mirror {oddity}")
def roots_by_a_malformed_mirror(context: Context, oddity: str) -> None:
    trust = context.world.trust
    trust.by_mirror()
    trust.make_odd(oddity)


@when("the mirror becomes one {oddity}")
def the_mirror_turns_odd(context: Context, oddity: str) -> None:
    context.world.trust.make_odd(oddity)


@when('the "{file}" that was kept of the mirror is damaged')
def a_kept_file_is_damaged(context: Context, file: str) -> None:
    """Kept where all clients of Sigstore's keep it."""
    [path] = (context.world.folders.home / ".sigstore" / "root").glob(f"*/{file}")
    path.write_bytes(b'{"signed":')


@given("the TUF root to start from is {what}")
def another_root_to_start_from(context: Context, what: str) -> None:
    files = context.world.trust.repository.files
    root = files["1.root.json"]
    odd = {
        "no JSON": root[:-2],
        "no metadata": context.world.trust.document.encoded(),
        "a timestamp": files["timestamp.json"],
        "changed": root.replace(b"1.0.", b"1.1.", 1),
    }
    Path(context.world.variables["TUF_ROOT_JSON"]).write_bytes(odd[what])


@given("the roots of trust are targets of their own at a TUF mirror, {oddity}")
def separate_roots_by_tuf(context: Context, oddity: str) -> None:
    """As repositories had them before there was one document."""
    context.world.trust.as_parts(PARTS[oddity](context.world.trust.sigstore), USAGES)


@given("the TUF mirror is a folder")
def a_folder_as_mirror(context: Context) -> None:
    context.world.trust.by_folder()


@given("the checksum of the TUF root is known")
def the_checksum_of_the_root(context: Context) -> None:
    root = context.world.trust.repository.trusted
    context.world.variables.update(
        TUF_ROOT_SHA256=hashlib.sha256(root).hexdigest(), TUF_ROOT_SHA512=hashlib.sha512(root).hexdigest()
    )


@given("no variable names the mirror")
def no_variable_names_the_mirror(context: Context) -> None:
    context.world.environment.update({"TUF_MIRROR": "", "TUF_ROOT_JSON": ""})


@step("the mirror serves a newer version")
def a_newer_version(context: Context) -> None:
    trust = context.world.trust
    trust.repository.publish({})
    trust.mirror.update(trust.repository)


@when("the mirror goes back to its first version")
def back_to_the_first_version(context: Context) -> None:
    trust = context.world.trust
    trust.mirror.files = {**trust.first_files}


@when("the mirror is gone")
def the_mirror_is_gone(context: Context) -> None:
    context.world.trust.mirror.close()


@then('the mirror was asked for "{path}"')
def the_mirror_was_asked(context: Context, path: str) -> None:
    asked = [one.path for one in context.world.trust.mirror.request_log.requests]
    assert f"/{path}" in asked, f"the mirror was asked for {asked}"


@then("the mirror was not asked for anything")
def the_mirror_was_not_asked(context: Context) -> None:
    asked = context.world.trust.mirror.request_log.requests
    assert not asked, f"the mirror was asked for {', '.join(map(str, asked))}"


@given('the file in "{variable}" has {content}')
def a_root_file_with(context: Context, variable: str, content: str) -> None:
    trust = context.world.trust
    trust.in_file(variable, ROOT_FILES[content](trust.sigstore))


@given("one file has the whole trusted root")
def a_trusted_root_in_a_file(context: Context) -> None:
    context.world.trust.in_one_file()


@given('a keyless image signature of "{image}"')
def a_keyless_signature(context: Context, image: str) -> None:
    _sign(context, image, "")


@given('a keyless image signature of "{image}" {oddity}')
def a_malformed_keyless_signature(context: Context, image: str, oddity: str) -> None:
    _sign(context, image, oddity)


@given('a keyless attestation of "{image}"')
def a_keyless_attestation(context: Context, image: str) -> None:
    _attest(context, image, "")


@given('a keyless attestation of "{image}" {oddity}')
def a_malformed_keyless_attestation(context: Context, image: str, oddity: str) -> None:
    _attest(context, image, oddity)


@then('the report shows 1 signature of "{image}", by "{name}"')
def one_signature_by(context: Context, image: str, name: str) -> None:
    shown = [one for one in context.world.runs.report.components if one["name"] == component(image)]
    signatures = shown[0].get("signatures", []) if shown else []
    names = [one.get("metadata", {}).get("Subject Alternative Name") for one in signatures]
    assert names == [name], f"the signatures are by {names}\n{context.world.runs.last.describe()}"


@then("the transparency log was asked once")
def the_log_was_asked_once(context: Context) -> None:
    asked = context.world.servers.rekor.request_log.requests
    assert len(asked) == 1, f"the log was asked {len(asked)} times: {', '.join(map(str, asked))}"


def _signer(context: Context, oddity: str) -> KeylessSigner:
    sigstore = context.world.services.sigstore
    return SIGNERS[oddity](sigstore) if oddity else sigstore.signer()


def _sign(context: Context, image: str, oddity: str) -> None:
    signer = _signer(context, oddity)

    def make(digest: str, reference: str, _: Log) -> Layer:
        layer = signer.signature(digest, reference)
        context.world.redactions.add(f"keyless signature of {image}", layer.annotations[SIGNATURE])
        return layer

    context.world.fixtures.attach(image, "sig", make)


def _attest(context: Context, image: str, oddity: str) -> None:
    signer = _signer(context, oddity)

    def make(digest: str, reference: str, _: Log) -> Layer:
        layer = signer.provenance(digest, reference)
        context.world.redactions.add(
            f"keyless attestation of {image}", json.loads(layer.content)["signatures"][0]["sig"]
        )
        return layer

    context.world.fixtures.attach(image, "att", make)
