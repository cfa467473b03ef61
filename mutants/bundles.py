"""What is believed of what stands in sigstore bundles."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "bundles-of-signatures-alone",
    "Policies see only those bundles as signatures that say of themselves that they are some.",
    Kind.TRUST,
    "bundle-10 bundle-11.02 bundle-11.04 bundle-12",
)
def bundles_of_signatures_alone() -> None:
    from refimpl.rego.builtins import sigstore
    from refimpl.verify.signature import Signature

    def verify_image(context: Any, ref: object, opts: object) -> Any:
        def verified(verifier: Any, reference: Any) -> Any:
            shown = [sigstore._to_object(Signature("", "")) for _ in verifier.image_signatures(reference)]
            return shown, []

        return sigstore._remember(context.shared, "signatures", ref, opts, verified, keep_failures=True)

    replace(sigstore, "verify_image", verify_image)


@mutant(
    "bundles-of-any-version",
    "Bundles count whatever version they are of.",
    Kind.TRUST,
    "bundle-02.01 bundle-02.02 bundle-02.03 bundle-02.04 bundle-02.05 bundle-02.06",
)
def bundles_of_any_version() -> None:
    from refimpl.verify import bundle

    replace(bundle, "_VERSION", re.compile(".*"))


@mutant(
    "bundles-of-one-name",
    "Bundles of version 0.3 count by one of its names only.",
    Kind.TRUST,
    "bundle-01.01 bundle-01.02 bundle-01.03",
)
def bundles_of_one_name() -> None:
    from refimpl.verify import bundle

    replace(bundle, "_VERSION", re.compile(r"application/vnd\.dev\.sigstore\.bundle\.v0\.3\+json"))


@mutant(
    "bundles-with-more-members",
    "A member of a bundle that nobody knows is passed over.",
    Kind.TRUST,
    "bundle-02.07",
)
def bundles_with_more_members() -> None:
    from refimpl.verify import protojson

    @change(protojson, "_message")
    def message(original: Callable[..., Any], value: Any, wanted: Any, *, has_invalid_utf8: bool) -> Any:
        if isinstance(value, dict) and not hasattr(value, "pairs"):
            value = {name: member for name, member in value.items() if name in wanted.spellings()}
        return original(value, wanted, has_invalid_utf8=has_invalid_utf8)


@mutant(
    "last-of-two-members-counts",
    "Of a member that a bundle or a statement has twice the last one counts.",
    Kind.TRUST,
    "bundle-02.08 bundle-02.09 bundle-03.14",
)
def last_of_two_members_counts() -> None:
    from refimpl.verify import protojson

    @change(protojson, "_message")
    def message(original: Callable[..., Any], value: Any, wanted: Any, *, has_invalid_utf8: bool) -> Any:
        return original(dict(value) if isinstance(value, dict) else value, wanted, has_invalid_utf8=has_invalid_utf8)


@mutant(
    "bundles-with-both-contents",
    "A bundle may have an envelope and a message signature; the envelope counts.",
    Kind.TRUST,
    "bundle-02.10",
)
def bundles_with_both_contents() -> None:
    from refimpl.verify import bundle
    from refimpl.verify.protojson import Message

    replace(bundle, "_BUNDLE", Message(bundle._BUNDLE.fields))


@mutant(
    "bundles-without-material",
    "A bundle need not say whether a key or a certificate verifies it.",
    Kind.TRUST,
    "bundle-02.11",
)
def bundles_without_material() -> None:
    from refimpl.verify import bundle

    @change(bundle, "read")
    def read(original: Callable[..., Any], data: bytes, message: Any) -> Any:
        found = original(data, message)
        found.get("verificationMaterial", {}).setdefault("publicKey", {})
        return found


@mutant(
    "bundles-in-any-layer",
    "A layer counts as a bundle whatever its media type, and the first one of several.",
    Kind.TRUST,
    "bundle-02.15 bundle-02.16",
)
def bundles_in_any_layer() -> None:
    from refimpl.errors import RegistryError
    from refimpl.golang.document import DocumentError
    from refimpl.verify import bundle

    def fetch_bundles(client: Any, ref: Any, referring: Any, *, limit: int) -> Any:
        for descriptor in referring:
            try:
                layer = client.manifest(ref.at(descriptor.digest)).layers[0]
                yield bundle.Bundle.parse(client.blob(ref.repository, layer, limit=limit))
            except (DocumentError, RegistryError):
                continue

    replace(bundle, "fetch_bundles", fetch_bundles)


@mutant(
    "tags-count-beside-bundles",
    "When no bundle verifies, what stands at the tags counts.",
    Kind.TRUST,
    "bundle-01.04 bundle-01.05 bundle-01.07 bundle-01.08",
)
def tags_count_beside_bundles() -> None:
    from refimpl.verify.cosign import Verifier
    from refimpl.verify.refusal import NoMatchingError

    @change(Verifier, "bundles")
    def bundles(original: Callable[..., Any], verifier: Any, ref: Any) -> Any:
        try:
            return original(verifier, ref)
        except NoMatchingError:
            return None


@mutant(
    "envelopes-of-bundles-unverified",
    "The signature of a bundle's envelope isn't held against its payload.",
    Kind.TRUST,
    "bundle-03.01 bundle-03.02",
)
def envelopes_of_bundles_unverified() -> None:
    from refimpl.verify.keys import PublicKey

    replace(PublicKey, "accepts", lambda *_: True)


@mutant(
    "one-signature-of-several",
    "A bundle's envelope may have several signatures: the first one counts.",
    Kind.TRUST,
    "bundle-03.03",
)
def one_signature_of_several() -> None:
    from refimpl.verify import bundled
    from refimpl.verify.bundle import BundleEnvelope

    @change(bundled, "_check_envelope")
    def check(original: Callable[..., Any], envelope: Any, key: Any) -> Any:
        return original(BundleEnvelope(envelope.payload_type, envelope.payload, envelope.signatures[:1]), key)


@mutant(
    "bundles-of-any-subject",
    "A bundle's statement may be about any image.",
    Kind.TRUST,
    "bundle-03.07 bundle-03.08 bundle-03.09 bundle-03.10 bundle-03.11 bundle-03.12 "
    "bundle-30 bundle-31 bundle-33 bundle-34",
)
def bundles_of_any_subject() -> None:
    from refimpl.verify import bundled

    replace(bundled, "_check_subjects", lambda *_: None)
    replace(bundled, "check_claim", lambda *_: None)


@mutant(
    "bundles-without-envelope-count",
    "A bundle with a message signature over the image counts as its signature.",
    Kind.TRUST,
    "bundle-06 bundle-14.02",
)
def bundles_without_envelope_count() -> None:
    from refimpl.golang.document import parse
    from refimpl.verify import bundled
    from refimpl.verify.bundle import MessageSignature
    from refimpl.verify.signature import Signature

    @change(bundled, "_verify")
    def verified(original: Callable[..., Any], bundle: Any, digest: str, key: Any, logs: Any) -> Any:
        if not isinstance(bundle.content, MessageSignature):
            return original(bundle, digest, key, logs)
        bundled._check_message(bundle.content, digest, key)
        return bundled.Bundled(b"{}", parse(b"{}"), bundled._SIGNS, Signature("", ""))


@mutant(
    "predicate-types-unlooked-at",
    "A bundle counts as an image signature whatever it tells of the image.",
    Kind.TRUST,
    "bundle-04.02 bundle-04.03 bundle-04.04",
)
def predicate_types_unlooked_at() -> None:
    from refimpl.verify.cosign import Verifier

    @change(Verifier, "image_signatures")
    def image_signatures(original: Callable[..., Any], verifier: Any, ref: Any) -> Any:
        bundles = verifier.bundles(ref)
        return original(verifier, ref) if bundles is None else tuple(each.signature for each in bundles)


@mutant(
    "signatures-counted-as-attestations",
    "A bundle with an image signature counts as an attestation, too.",
    Kind.TRUST,
    "bundle-04.01 bundle-05",
)
def signatures_counted_as_attestations() -> None:
    from refimpl.verify.cosign import Verifier

    @change(Verifier, "attestations")
    def attestations(original: Callable[..., Any], verifier: Any, ref: Any) -> Any:
        bundles = verifier.bundles(ref)
        return original(verifier, ref) if bundles is None else tuple(each.attestation() for each in bundles)


@mutant(
    "statements-of-any-type",
    "The statement in a bundle may be of any type.",
    Kind.TRUST,
    "bundle-07 bundle-13",
)
def statements_of_any_type() -> None:
    from refimpl.verify import bundled

    replace(bundled, "_TYPES", ("foo", *bundled._TYPES))


@mutant(
    "referrers-by-api-alone",
    "Where a registry has no referrers API, nothing refers to an image.",
    Kind.TRUST,
    "bundle-08",
)
def referrers_by_api_alone() -> None:
    from refimpl.oci.client import Client

    replace(Client, "_fallback_referrers", lambda *_: ())


@mutant(
    "predicate-types-by-either-name",
    "The predicate type of a statement counts by protobuf's name for it, too.",
    Kind.TRUST,
    "bundle-09",
)
def predicate_types_by_either_name() -> None:
    from refimpl.verify import bundled

    @change(bundled, "_statement")
    def statement(original: Callable[..., Any], envelope: Any) -> Any:
        members, document = original(envelope)
        document.value["predicateType"] = members.get("predicateType", "")
        return members, document
