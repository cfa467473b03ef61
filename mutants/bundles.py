"""What is believed of sigstore bundles, and of what refers to an image."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacing import changed, replace

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
            shown = [sigstore._shown(Signature("", "")) for _ in verifier.image_signatures(reference)]
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

    @changed(protojson, "_message")
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

    @changed(protojson, "_message")
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

    @changed(bundle, "read")
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

    @changed(Verifier, "bundles")
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

    @changed(bundled, "_check_envelope")
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

    @changed(bundled, "_verified")
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

    @changed(Verifier, "image_signatures")
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

    @changed(Verifier, "attestations")
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

    @changed(bundled, "_statement")
    def statement(original: Callable[..., Any], envelope: Any) -> Any:
        members, document = original(envelope)
        document.value["predicateType"] = members.get("predicateType", "")
        return members, document


@mutant(
    "one-bundle-vouches-for-all",
    "When one bundle verifies, those beside it count as well.",
    Kind.TRUST,
    "bundle-32 bundle-12.03 bundle-12.04",
)
def one_bundle_vouches_for_all() -> None:
    from refimpl.verify import bundled
    from refimpl.verify.keys import PublicKey

    @changed(bundled, "verified")
    def verified(original: Callable[..., Any], bundles: Any, digest: str, key: Any, logs: Any) -> Any:
        listed = list(bundles)
        found = original(listed, digest, key, logs)
        PublicKey.accepts = lambda *_: True  # type: ignore[method-assign]
        return found and original(listed, digest, key, logs)


@mutant(
    "tags-looked-up-anew",
    "Signatures are looked for at the image that the tag leads to by then.",
    Kind.TRUST,
    "bundle-35",
)
def tags_looked_up_anew() -> None:
    from refimpl.commands.component import ComponentValidator
    from refimpl.oci.reference import parse

    @changed(ComponentValidator, "_signatures")
    def signatures(original: Callable[..., Any], examiner: Any, image: Any, found: Any) -> Any:
        given = parse(found._component.container_image)
        return original(examiner, image.at(examiner.client._head(given).digest), found)


@mutant(
    "first-page-of-referrers",
    "Of the pages that a registry lists referrers on only the first one is read.",
    Kind.TRUST,
    "bundle-36 bundle-37",
)
def first_page_of_referrers() -> None:
    from refimpl.oci import client

    replace(client, "_next_page", lambda *_: "")


@mutant(
    "referrers-without-end",
    "Pages of referrers are read as long as there are any.",
    Kind.TRUST,
    "bundle-37",
)
def referrers_without_end() -> None:
    from refimpl.oci import client

    replace(client, "_REFERRER_PAGES", 1 << 30)


@mutant(
    "manifests-of-any-digest",
    "A manifest that a registry gives is taken for the one that was asked for.",
    Kind.TRUST,
    "bundle-38",
)
def manifests_of_any_digest() -> None:
    from refimpl.oci import client

    replace(client, "_same", lambda *_: None)


@mutant(
    "failing-registries-have-no-referrers",
    "Where a registry fails to list referrers, nothing refers to the image.",
    Kind.TRUST,
    "bundle-50 bundle-51 bundle-58",
)
def failing_registries_have_no_referrers() -> None:
    from refimpl.verify import cosign

    replace(cosign, "is_undecided", lambda _: False)


@mutant(
    "lost-referrers-passed-over",
    "A referrer that the registry fails to give, or denies, is passed over.",
    Kind.TRUST,
    "bundle-52",
)
def lost_referrers_passed_over() -> None:
    from refimpl.errors import DeniedError, StatusError
    from refimpl.oci.client import Client
    from refimpl.verify import bundle

    replace(bundle, "is_undecided", lambda _: False)

    @changed(Client, "manifest")
    def manifest(original: Callable[..., Any], client: Any, ref: Any) -> Any:
        try:
            return original(client, ref)
        except DeniedError as error:
            raise StatusError(str(error), error.status) from None


@mutant(
    "failing-registries-have-no-signatures",
    "Where a registry fails to give an image's signatures or attestations, the image has none.",
    Kind.TRUST,
    "bundle-53",
)
def failing_registries_have_no_signatures() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify.cosign import Verifier

    @changed(Verifier, "_layers")
    def layers(original: Callable[..., Any], verifier: Any, ref: Any, suffix: str) -> Any:
        try:
            return original(verifier, ref, suffix)
        except VerificationError:
            return ()


@mutant(
    "failing-logs-have-everything",
    "When the log doesn't answer, every signature counts as logged.",
    Kind.TRUST,
    "bundle-55 bundle-56",
)
def failing_logs_have_everything() -> None:
    from datetime import UTC, datetime

    from refimpl.errors import VerificationError
    from refimpl.verify.transparency_log import TransparencyLog

    @changed(TransparencyLog, "_online")
    def online(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except VerificationError:
            return datetime.now(UTC)


@mutant(
    "failing-registries-give-rules-nothing",
    "A function that asks a failing registry has no value, so that rules pass.",
    Kind.TRUST,
    "bundle-57",
)
def failing_registries_give_rules_nothing() -> None:
    from refimpl.rego.builtins import failure

    replace(failure, "is_undecided", lambda _: False)


@mutant(
    "entries-of-other-signatures",
    "Any entry of the log proves that a bundle is logged.",
    Kind.TRUST,
    "bundle-63.01 bundle-63.02 bundle-66.01",
)
def entries_of_other_signatures() -> None:
    from refimpl.verify import bundle_log
    from refimpl.verify.bundle_signer import _Material

    @changed(bundle_log, "check_logged")
    def check_logged(original: Callable[..., Any], entries: Any, signature: bytes, signer: Any, logs: Any) -> Any:
        del signature
        return original(entries, entries[0].logged.signature if entries else b"", signer, logs)

    replace(_Material, "is_named", lambda *_: True)


@mutant(
    "one-entry-counts-twice",
    "A bundle may have any number of log entries, and one of them twice.",
    Kind.TRUST,
    "bundle-63.03 bundle-63.04",
)
def one_entry_counts_twice() -> None:
    from refimpl.verify import bundle_log

    replace(bundle_log, "_check_number", lambda _: None)


@mutant(
    "bundle-promises-unverified",
    "A log's promise isn't held against its key.",
    Kind.TRUST,
    "bundle-63.05",
)
def bundle_promises_unverified() -> None:
    from refimpl.verify.transparency_log import Promise

    replace(Promise, "check", lambda *_: None)


@mutant(
    "proofs-unverified",
    "That an entry has a proof is enough, whatever it proves, and whoever signed the head of the tree.",
    Kind.TRUST,
    "bundle-63.06 bundle-63.07 bundle-66.02 bundle-66.03 bundle-66.04",
)
def proofs_unverified() -> None:
    from refimpl.verify import bundle_log

    replace(bundle_log, "_check_inclusion", lambda *_: None)


@mutant(
    "logs-of-one-version",
    "Entries of Rekor's second version are passed over.",
    Kind.TRUST,
    "bundle-65",
)
def logs_of_one_version() -> None:
    from refimpl.verify.trust import LogKeys

    @changed(LogKeys, "find")
    def find(original: Callable[..., Any], logs: Any, log_id: str) -> Any:
        found = original(logs, log_id)
        return None if found is not None and "tiles" in found.url else found


@mutant(
    "promises-demanded",
    "A log's proof without a promise beside it doesn't count.",
    Kind.TRUST,
    "bundle-61 bundle-65",
)
def promises_demanded() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify import bundle_log

    @changed(bundle_log, "check_logged")
    def check_logged(original: Callable[..., Any], entries: Any, *rest: Any) -> Any:
        if not any(entry.signed_timestamp for entry in entries):
            raise VerificationError("not enough verified log entries from transparency log: 0 < 1")
        return original(entries, *rest)


@mutant(
    "bundles-of-any-identity",
    "A keyless bundle counts whomever its certificate is for.",
    Kind.TRUST,
    "bundle-72.01 bundle-72.02 bundle-72.03 bundle-72.04 bundle-76.01",
)
def bundles_of_any_identity() -> None:
    from refimpl.verify.keyless import KeylessSigner

    replace(KeylessSigner, "check_bundle", lambda *_: None)


@mutant(
    "bundles-of-similar-identities",
    "A keyless bundle counts when the subject that is wanted stands somewhere in its certificate's.",
    Kind.TRUST,
    "bundle-72.02",
)
def bundles_of_similar_identities() -> None:
    from refimpl.verify import keyless

    @changed(keyless, "check_bundle_identity")
    def check(original: Callable[..., Any], certificate: Any, name: str, wanted: Any) -> None:
        original(certificate, wanted.subject if wanted.subject in name else name, wanted)


@mutant(
    "bundles-of-any-authority",
    "The certificate of a keyless bundle counts whoever issued it, and whether or not it is logged.",
    Kind.TRUST,
    "bundle-72.06 bundle-72.07 bundle-72.08 bundle-72.09 bundle-72.10 bundle-72.11",
)
def bundles_of_any_authority() -> None:
    from refimpl.verify.keyless import KeylessSigner

    replace(KeylessSigner, "check_chain", lambda *_: None)


@mutant(
    "bundles-of-any-time",
    "A keyless bundle counts whenever it was logged.",
    Kind.TRUST,
    "bundle-72.12 bundle-72.13",
)
def bundles_of_any_time() -> None:
    from refimpl.verify.bundle_signer import _Material
    from refimpl.verify.keyless import KeylessSigner

    replace(_Material, "check_time", lambda *_: None)

    @changed(KeylessSigner, "check_chain")
    def check_chain(original: Callable[..., Any], signer: Any, certificate: Any, times: Any) -> None:
        original(signer, certificate, [certificate.not_before for _ in times])


@mutant(
    "bundles-by-either-material",
    "A bundle counts by a certificate where a key is wanted, and by a key where a certificate is.",
    Kind.TRUST,
    "bundle-73 bundle-74",
)
def bundles_by_either_material() -> None:
    from refimpl.verify.bundle_signer import ByCertificate, ByKey, _Material

    replace(_Material, "is_named", lambda *_: True)

    def either(material: Any, _: object) -> Any:
        found = material._found
        if found is not None:
            return found.key
        return next(iter(_keys(material)), None)

    def _keys(material: Any) -> Any:
        from refimpl.verify import pem
        from refimpl.verify.keys import parse_public_key

        for entry in material._bundle.entries:
            yield parse_public_key(pem.encode("PUBLIC KEY", entry.logged.verifier))

    for kind in (ByKey, ByCertificate):
        replace(kind, "key", either)
