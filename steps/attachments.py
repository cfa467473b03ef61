"""What somebody who may push attaches to an image, and what becomes of it."""

from __future__ import annotations

from behave import given, then

from ec_acceptance.testbed.fixtures.attachments import (
    ATTESTATIONS,
    BUNDLES,
    CERTIFICATES,
    IMAGE_SIGNATURES,
    LOG_ANSWERS,
    RsaKeyPair,
    Signer,
    bundle_manifest,
    empty_objects,
    in_pem,
    unsigned,
)
from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.rekor import LogFaults
from ec_acceptance.testbed.scenario.behave_context import Context

_CODES = {
    "image signature": "builtin.image.signature_check",
    "attestation": "builtin.attestation.signature_check",
}
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@given('an image signature of "{image}" which {fault}')
def a_malformed_signature(context: Context, image: str, fault: str) -> None:
    fixtures = context.world.fixtures
    make = IMAGE_SIGNATURES[fault]
    fixtures.attach(image, "sig", lambda *place: make(Signer(place[0], place[1], fixtures.keys["known"], place[2])))


@given('{count:d} attestations of "{image}", each of {size:d} MB of empty objects')
def unsigned_attestations(context: Context, count: int, image: str, size: int) -> None:
    for number in range(count):
        layer = unsigned(empty_objects(size * 1_000_000 + 3 * number))  # no two the same
        context.world.fixtures.attach(image, "att", lambda *_, layer=layer: layer)


@given('an attestation of "{image}" which {fault}')
def a_malformed_attestation(context: Context, image: str, fault: str) -> None:
    fixtures = context.world.fixtures
    make = ATTESTATIONS[fault]
    fixtures.attach(image, "att", lambda *place: make(Signer(place[0], place[1], fixtures.keys["known"], place[2])))


@given('an image signature of "{image}" with a certificate that has {oddity}')
def a_malformed_certificate(context: Context, image: str, oddity: str) -> None:
    fixtures = context.world.fixtures
    key = fixtures.keys["known"]
    certificate = in_pem("CERTIFICATE", CERTIFICATES[oddity](key))
    fixtures.attach(
        image, "sig", lambda *place: Signer(place[0], place[1], key, place[2]).signature_with_certificate(certificate)
    )


@given('an image signature of "{image}" with a certificate of {count:d} lines with colons')
def a_long_certificate(context: Context, image: str, count: int) -> None:
    fixtures = context.world.fixtures
    key = fixtures.keys["known"]
    text = "-----BEGIN CERTIFICATE-----\n" * 12 + "a:\n" * count
    fixtures.attach(image, "sig", lambda *place: Signer(place[0], place[1], key, place[2]).certify_by_text(text))


@given('an image signature of "{image}" by an RSA key "{key}" of {bits:d} bits')
def a_signature_by_rsa(context: Context, image: str, key: str, bits: int) -> None:
    world = context.world
    pair = RsaKeyPair.generate(key, bits)
    world.variables[f"{key}_PUBLIC_KEY"] = str(world.write(f"{key}.pub", pair.public_pem))
    world.fixtures.attach(image, "sig", lambda digest, reference, _: pair.signature(digest, reference))


@given('a bundle of "{image}" which {fault}')
def a_malformed_bundle(context: Context, image: str, fault: str) -> None:
    world = context.world
    published = world.fixtures.images[image]
    signer = Signer(
        published.digest, f"{world.servers.gate.address}/{image}", world.fixtures.keys["known"], world.services.log
    )
    repository = world.servers.gate.repository(image)
    size = len(repository.manifest(published.digest)[1])
    manifest, blobs = bundle_manifest(BUNDLES[fault](signer), published.digest, size)
    for blob in blobs.values():
        repository.put_blob(blob)
    repository.put_manifest(manifest, _MANIFEST)


@given("the transparency log answers {what}")
def a_hostile_log(context: Context, what: str) -> None:
    context.world.servers.rekor.faults = LogFaults(status=200, body=LOG_ANSWERS[what]())


@then("peak memory usage was at most {size:d} MiB")
def memory_at_most(context: Context, size: int) -> None:
    peak = context.world.runs.memory_peaks[-1]
    assert peak, "no memory was measured"
    assert peak <= size << 20, f"the peak was {peak >> 20} MiB"


@then('the {what} of "{image}" is rejected because of "{reason}"')
def refused(context: Context, what: str, image: str, reason: str) -> None:
    last = context.world.runs.last
    assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
    name = component(context.world.text(image))
    messages = context.world.runs.report.messages("violations", _CODES[what]).get(name, [])
    assert len(messages) == 1, f"violations of {_CODES[what]}: {messages}\n{last.describe()}"
    assert context.world.text(reason) in messages[0], f"the message is {messages[0]!r}"


@then('the {what} of "{image}" is accepted')
def believed(context: Context, what: str, image: str) -> None:
    code = _CODES[what]
    messages = context.world.runs.report.messages("successes", code).get(component(context.world.text(image)), [])
    assert messages == ["Pass"], f"successes of {code}: {messages}\n{context.world.runs.last.describe()}"
