"""Verification summary attestations: those that are there, and those that the validator makes."""

from __future__ import annotations

import base64
import fnmatch
import json
import re
import stat
from typing import TYPE_CHECKING, Any

from behave import given, then, use_step_matcher
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ec_acceptance.testbed.fixtures.vsa import PREDICATE_TYPE, Summary, parse_envelope
from ec_acceptance.testbed.rekor import LogFaults
from ec_acceptance.testbed.scenario.behave_context import Context, pairs, rows
from ec_acceptance.testbed.scenario.servers import NAMESPACE
from ec_acceptance.testbed.signing import pae, statement, subject
from ec_acceptance.testbed.signing.encrypted import encrypt_pem

if TYPE_CHECKING:
    from pathlib import Path

    from ec_acceptance.testbed.signing import Envelope, KeyPair

_UPLOADS = "/api/v1/log/entries"


# Keys, and what is there before the validator runs.


use_step_matcher("re")


@given(r'a VSA signing key named "(?P<name>\w+)"(?: with the password "(?P<password>.+)")?')
def a_signing_key(context: Context, name: str, password: str | None) -> None:
    """In the form that cosign keeps keys in; without a password it is under the empty one."""
    world = context.world
    path = world.folders.root / f"{name}.signing.key"
    path.write_text(encrypt_pem(world.fixtures.add_key(name), password or ""), encoding="ascii")
    world.variables[f"{name}_SIGNING_KEY"] = str(path)
    world.redactions.add(f"signing key {name}", str(path))


use_step_matcher("parse")


@given('the variable named after the VSA signing key "{name}" is "{value}"')
def a_variable_named_after_a_key(context: Context, name: str, value: str) -> None:
    context.world.environment[context.world.variables[f"{name}_SIGNING_KEY"]] = value


@given('a secret "{name}" with the VSA signing key "{key}"')
def a_secret(context: Context, name: str, key: str) -> None:
    world = context.world
    pem = encrypt_pem(world.fixtures.keys[key], "of the cluster")
    world.servers.cluster.secret(NAMESPACE, name, {"cosign.key": pem.encode(), "cosign.password": b"of the cluster"})


@given("VSAs name the policy {text}")
def the_policy(context: Context, text: str) -> None:
    """It is in `${VSA_POLICY}` too."""
    context.world.variables["VSA_POLICY"] = context.world.text(text)


use_step_matcher("re")


@given(r'the transparency log has a VSA of "(?P<image>[^"]+)" signed by the "(?P<key>\w+)" key(?P<more> with)?')
def the_log_has(context: Context, image: str, key: str, more: str | None) -> None:
    _summary(context, image, key, changed=bool(more)).log_into(context.world.services.log)


@given(r'a file "(?P<name>[^"]+)" with a VSA of "(?P<image>[^"]+)" signed by the "(?P<key>\w+)" key(?P<more> with)?')
def a_file_with(context: Context, name: str, image: str, key: str, more: str | None) -> None:
    content = _summary(context, image, key, changed=bool(more)).envelope().content
    context.world.write(name, content.decode())


use_step_matcher("parse")


@given("the transparency log fails with status {status:d}")
def the_log_refuses(context: Context, status: int) -> None:
    context.world.servers.rekor.faults = LogFaults(status=status)


# What the validator made.


@then('the file "{name}" should match the snapshot')
def a_file_matches(context: Context, name: str) -> None:
    world = context.world
    text = _comparable(context, _vsa_file(context, name))
    world.expect.match_value(name, text)


@then('the folder "{name}" has exactly the files')
def a_folder_has(context: Context, name: str) -> None:
    """`*` stands for anything."""
    folder = context.world.folders.work / name
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    wanted = sorted(context.world.text(text) for (text,) in rows(context.table))
    fit = len(found) == len(wanted) and all(map(fnmatch.fnmatchcase, found, wanted))
    assert fit, f"{name} has {found}\n{context.world.runs.last.describe()}"


@then("the temporary folder has exactly the VSA files")
def the_temporary_folder_has(context: Context) -> None:
    """In folders of their own; `*` stands for anything."""
    scratch = context.world.folders.scratch
    paths = [path for name in ("vsa-*", "snapshot-predicate-*") for path in scratch.glob(f"{name}/*")]
    found = sorted(path.relative_to(scratch).as_posix() for path in paths)
    wanted = sorted(text for (text,) in rows(context.table))
    fit = len(found) == len(wanted) and all(map(fnmatch.fnmatchcase, found, wanted))
    assert fit, f"there is {found}\n{context.world.runs.last.describe()}"


@then('the temporary file "{name}" should match the snapshot')
def a_temporary_file_matches(context: Context, name: str) -> None:
    world = context.world
    paths = list(world.folders.scratch.glob(name))
    assert len(paths) == 1, f"there is not one {name}: {paths}\n{world.runs.last.describe()}"
    text = _comparable(context, paths[0])
    world.expect.match_value(paths[0].name, text)


@then("the output has the line")
def the_output_has(context: Context) -> None:
    last = context.world.runs.last
    wanted = context.world.text(context.text)
    assert wanted in last.out.splitlines(), f"no line {wanted!r}:\n{last.describe()}"


@then("the standard error has the line")
def standard_error_has(context: Context) -> None:
    """`…` stands for anything in it."""
    last = context.world.runs.last
    pattern = ".*".join(re.escape(part) for part in context.world.text(context.text).split("…"))
    assert re.search(f"(?m)^{pattern}$", last.err), f"no such line:\n{last.describe()}"


@then('there is no folder "{name}"')
def no_folder(context: Context, name: str) -> None:
    assert not (context.world.folders.work / name).exists(), f"{name} is there:\n{context.world.runs.last.describe()}"


@then('the file "{name}" has the mode {mode}')
def a_file_has_the_mode(context: Context, name: str, mode: str) -> None:
    found = f"{stat.S_IMODE(_vsa_file(context, name).stat().st_mode):o}"
    assert found == mode, f"the mode of {name} is {found}"


@then('the envelope "{name}" attests "{predicate}" of "{image}" by the "{key}" key')
def the_envelope_attests(context: Context, name: str, predicate: str, image: str, key: str) -> None:
    """To the byte, but for the signature, which must verify."""
    world = context.world
    published = world.fixtures.images[image]
    wanted = statement(
        PREDICATE_TYPE,
        json.loads(_vsa_file(context, predicate).read_text(encoding="utf-8")),
        [subject(published.digest, f"{world.servers.gate.address}/{image}")],
    )
    envelope = parse_envelope(_vsa_file(context, name).read_bytes())
    assert envelope.payload == _as_written(wanted), f"the statement is {envelope.payload!r}"
    _check_signed(envelope, world.fixtures.keys[key])


@then('each VSA in the folder "{name}" is of the status "{status}" and signed by the "{key}" key')
def each_stored(context: Context, name: str, status: str, key: str) -> None:
    folder = context.world.folders.work / name
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    assert paths, f"there is nothing in {name}\n{context.world.runs.last.describe()}"
    for path in paths:
        envelope = parse_envelope(path.read_bytes())
        _check_signed(envelope, context.world.fixtures.keys[key])
        found = json.loads(envelope.payload)["predicate"]["status"]
        assert found == status, f"the status in {path.name} is {found}"


@then("the transparency log took VSAs of")
def the_log_took(context: Context) -> None:
    """All of them: a row for each with what it is of, its status and the key that signed it."""
    world = context.world
    asked = world.servers.rekor.request_log.matching("POST", _UPLOADS)
    assert all(one.status == 201 for one in asked), f"the log answered {[one.status for one in asked]}"
    found = sorted(_describe(context, one.document) for one in asked)
    wanted = sorted(tuple(row) for row in rows(context.table))
    assert found == wanted, f"the log took {found}\n{world.runs.last.describe()}"


@then('the transparency log was searched for "{image}"')
def the_log_was_searched(context: Context, image: str) -> None:
    digest = context.world.fixtures.images[image].digest
    asked = [one.document for one in context.world.servers.rekor.request_log.matching("POST", "/api/v1/index/retrieve")]
    assert {"hash": digest} in asked, f"the log was searched for {asked}\n{context.world.runs.last.describe()}"


@then("the transparency log wasn't searched")
def the_log_was_not_searched(context: Context) -> None:
    asked = context.world.servers.rekor.request_log.matching("POST", "/api/v1/index/retrieve")
    assert not asked, f"the log was searched {len(asked)} times\n{context.world.runs.last.describe()}"


@then("the transparency log was given nothing")
def the_log_was_given_nothing(context: Context) -> None:
    asked = context.world.servers.rekor.request_log.matching("POST", _UPLOADS)
    assert not asked, f"the log was given {len(asked)} entries"


def _summary(context: Context, image: str, key: str, *, changed: bool) -> Summary:
    world = context.world
    published = world.fixtures.images[image]
    usual = Summary(
        digest=published.digest,
        reference=f"{world.servers.gate.address}/{image}@{published.digest}",
        policy=json.loads(world.variables["VSA_POLICY"]),
        public_key=world.fixtures.keys["known"].public_pem,
        key=world.fixtures.keys[key],
    )
    if not changed:
        return usual
    changes = [(name, world.text(text)) for name, text in pairs(context.table)]
    keys = world.fixtures.keys
    return usual.changed((name, keys[text].public_pem if name == "public key" else text) for name, text in changes)


def _vsa_file(context: Context, name: str) -> Path:
    path = context.world.folders.work / name
    assert path.is_file(), f"the validator wrote no file {name}:\n{context.world.runs.last.describe()}"
    return path


def _comparable(context: Context, path: Path) -> str:
    """A file's text, to the byte but for what differs from run to run and between validators."""
    text = context.world.redactions.redact_text(path.read_text(encoding="utf-8"))
    return re.sub(r'("ec[_-]version": ?)"[^"]+"', r'\1"<version>"', text)


def _as_written(wanted: bytes) -> bytes:
    """The statement in the contract's spelling: members sorted, three characters escaped."""
    text = json.dumps(json.loads(wanted), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def _check_signed(envelope: Envelope, key: KeyPair) -> None:
    assert len(envelope.signatures) == 1, f"the envelope has {len(envelope.signatures)} signatures"
    signed = pae(envelope.payload_type, envelope.payload)
    try:
        key.private.public_key().verify(envelope.signatures[0].signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise AssertionError(f"the signature isn't by the key {key.name}") from None


def _describe(context: Context, proposed: Any) -> tuple[str, ...]:
    """What a VSA that was uploaded is of, its status and its signer."""
    fixtures = context.world.fixtures
    envelope = proposed["spec"]["content"]["envelope"]
    attested = json.loads(base64.b64decode(base64.b64decode(envelope["payload"])))
    [about] = attested["subject"]
    names = {image.digest.partition(":")[2]: name for name, image in fixtures.images.items()}
    keys = {base64.b64encode(key.public_pem.encode()).decode(): name for name, key in fixtures.keys.items()}
    [signature] = envelope["signatures"]
    signer = keys.get(signature["publicKey"], "an unknown key")
    return names.get(about["digest"]["sha256"], about["name"]), attested["predicate"]["status"], signer
