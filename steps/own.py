"""What a team has already: images, keys, policies, predicates. Paths are relative to the folder with `features`."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.fixtures.own import (
    add_copy,
    provenance_with,
    read_file,
    read_folder,
    read_key,
    read_predicate,
    read_public_key,
)
from ec_acceptance.testbed.scenario.behave_context import Context, rows
from ec_acceptance.testbed.scenario.world import POLICY_FILE
from ec_acceptance.testbed.signing import SLSA_V02


@given('the image "{name}" is a copy of "{source}"')
def a_copy(context: Context, name: str, source: str) -> None:
    """With its signatures and attestations, from `registry/repository:tag`, `oci:FOLDER`, or `$NAME`, a variable."""
    world = context.world
    add_copy(world.fixtures, name, world.text(source), world.services.project)


@given('the public key "{name}" of the file "{path}"')
def a_public_key(context: Context, name: str, path: str) -> None:
    """In PEM; it is `${NAME_PUBLIC_KEY}` then."""
    world = context.world
    pem = read_public_key(world.services.project / path)
    world.variables[f"{name}_PUBLIC_KEY"] = str(world.write(f"{name}.pub", pem))
    world.redactions.add(f"key {name}", pem)


@given('the key pair "{name}" of the file "{path}"')
def a_key_pair(context: Context, name: str, path: str) -> None:
    """A private key in PEM, P-256, without a password; what it signs can be checked by `${NAME_PUBLIC_KEY}`."""
    context.world.fixtures.add_key(name, read_key(context.world.services.project / path, name))


@given('the git repository "{name}" has the files of the folder "{path}"')
def a_repository(context: Context, name: str, path: str) -> None:
    """At `git::https://${GITHOST}/git/NAME.git`; hidden files are left out."""
    context.world.policies.add_repository_of(name, read_folder(context.world.services.project / path))


@given('the folder "{name}" has the files of the folder "{path}"')
def a_folder(context: Context, name: str, path: str) -> None:
    """In the folder in which the validator is started, as for policy sources without a server."""
    target = context.world.folders.work / name
    for file, data in read_folder(context.world.services.project / path).items():
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_bytes(data)


@given('the policy configuration of the file "{path}"')
def a_policy(context: Context, path: str) -> None:
    """It is `policy.yaml` for the validator, with `${…}` replaced."""
    text = read_file(context.world.services.project / path).decode("utf-8", "replace")
    context.world.write(POLICY_FILE, text)


@given('an attestation of "{image}" signed by the "{key}" key with the predicate "{kind}"')
def an_attestation(context: Context, image: str, key: str, kind: str) -> None:
    """The predicate's type is a URI, the predicate the text below: JSON or YAML, with `${…}` replaced."""
    predicate = read_predicate(context.world.text(context.text), "the text below")
    context.world.fixtures.attest_predicate(image, key, kind, predicate)


@given('an attestation of "{image}" signed by the "{key}" key with the file "{path}" as predicate "{kind}"')
def an_attestation_of_a_file(context: Context, image: str, key: str, path: str, kind: str) -> None:
    """JSON, YAML or TOML, with `${…}` replaced; the predicate's type is a URI."""
    text = read_file(context.world.services.project / path).decode("utf-8", "replace")
    context.world.fixtures.attest_predicate(image, key, kind, read_predicate(context.world.text(text), path))


@given('provenance of "{image}" signed by the "{key}" key with')
def provenance(context: Context, image: str, key: str) -> None:
    """SLSA 0.2. Rows: `builder | URI |`, `build type | URI |`, `task | name | bundle`, `material | URI | digest`."""
    world = context.world
    said = [tuple(map(world.text, row)) for row in rows(context.table)]
    place = f"{world.servers.gate.address}/{image}"
    predicate = provenance_with(said, name=place, digest=world.fixtures.image(image).digest)
    world.fixtures.attest_predicate(image, key, SLSA_V02, predicate)
