"""Signatures and attestations of an image, found by tag or as referrers, and verified (specification 20 §4-6)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from refimpl.errors import (
    LimitExceededError,
    MismatchError,
    NotFoundError,
    RegistryError,
    VerificationError,
    is_undecided,
)
from refimpl.golang.base64text import Base64Error, decode
from refimpl.golang.document import DocumentError, parse
from refimpl.system.workers import map_all
from refimpl.verify import attachment, payload
from refimpl.verify.attestation import Attestation
from refimpl.verify.dsse import Envelope, read_envelope
from refimpl.verify.keys import PublicKey
from refimpl.verify.refusal import Kind, NoMatchingError, failing, shorten
from refimpl.verify.statement import check_claim, read_header
from refimpl.verify.transparency_log import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refimpl.golang.document import Document
    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Descriptor
    from refimpl.oci.reference import Reference
    from refimpl.verify.attachment import Attachment
    from refimpl.verify.bundled import Bundled
    from refimpl.verify.keyless import KeylessSigner
    from refimpl.verify.signature import Signature
    from refimpl.verify.transparency_log import TransparencyLog

_Verified = TypeVar("_Verified")

_log = logging.getLogger(__name__)

_ENVELOPE = "application/vnd.dsse.envelope.v1+json"
_UNTYPED = "unable to parse untyped provenance"
_AT_ONCE = 10
#: Layers that are larger than this all together are looked at one by one.
_AT_ONCE_BYTES = 16 << 20
_MOST_LAYERS = 1000
_MOST_REFERRERS = 1000


class Verifier:
    """Verifies what one signer made. Thread-safe.

    References must have a digest. Methods raise `VerificationError` for all that a built-in check reports as a
    violation, a registry's refusal too; `TimeoutExceededError` passes through.

    Args:
        client: asks the registry.
        signer: by a public key, or by an identity that certificates are for.
        log: demands a log entry of every signature; None with ``--ignore-rekor``.
        limit: largest layer in bytes.
        now: the clock that certificates are held against when no log time is known.
    """

    def __init__(
        self,
        client: Registry,
        signer: PublicKey | KeylessSigner,
        log: TransparencyLog | None = None,
        *,
        limit: int = attachment.DEFAULT_LIMIT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._signer = signer
        self._log = log
        self._limit = limit
        self._now = now

    @property
    def by_key(self) -> bool:
        """Whether the signer is known by a public key."""
        return isinstance(self._signer, PublicKey)

    def image_signatures(self, ref: Reference) -> tuple[Signature, ...]:
        """The image's verified signatures in layer order; of bundles there may be none (specification 20 §6.3).

        Raises:
            NoMatchingError: none of them verified.
            VerificationError: there are none, or they cannot be fetched.
        """
        bundled = self.bundles(ref)
        if bundled is not None:
            return tuple(each.signature for each in bundled if each.signs)
        layers = self._layers(ref, "sig")
        if not layers:
            raise VerificationError("no signatures found")

        def verify(layer: Descriptor) -> Attachment:
            found = self._load(ref, layer)
            time = self._check_log(found, is_attestation=False)
            try:
                signature = decode(found.signature)
            except Base64Error as error:
                raise VerificationError(str(error)) from None
            self._key(found).verify(signature, found.payload)
            payload.check_claim(found.payload, _digest(ref))
            self._check_validity(found, time)
            return found

        return tuple(found.describe() for found in self._each(layers, verify, "signatures"))

    def attestations(self, ref: Reference) -> tuple[Attestation, ...]:
        """The image's verified attestations in layer order; of bundles there may be none (specification 20 §6.3).

        Raises:
            NoMatchingError: there are none, or none verified.
            VerificationError: a verified one isn't what it says, or they cannot be fetched.
        """
        bundled = self.bundles(ref)
        if bundled is not None:
            try:
                return tuple(each.attestation() for each in bundled if not each.signs)
            except VerificationError as error:
                raise VerificationError(f"unable to parse bundle attestation: {error}") from None
        layers = self._layers(ref, "att")

        def verify(layer: Descriptor) -> tuple[Attachment, Envelope, Document]:
            found = self._load(ref, layer)
            time = self._check_log(found, is_attestation=True)
            envelope = read_envelope(found.payload)
            statement = envelope.verify(self._key(found))
            try:
                document = parse(statement)
            except DocumentError as error:
                raise VerificationError(str(error)) from None
            check_claim(document, _digest(ref))
            self._check_validity(found, time)
            return found, envelope, document

        return tuple(_attestation(*parsed) for parsed in self._each(layers, verify, "attestations"))

    def bundles(self, ref: Reference) -> tuple[Bundled, ...] | None:
        """The image's verified bundles; None when none refers to it, so that tags count (specification 20 §6).

        A registry that doesn't list referrers has none: so the contract has it. But one that fails, or that lists more
        of them than are looked at, has said nothing, for nobody knows what is among the rest.

        Raises:
            VerificationError: the registry fails, or there are too many referrers.
            NoMatchingError: there are bundles, and none verifies.
        """
        try:
            referring = self._client.referrers(ref)
        except RegistryError as error:
            if is_undecided(error) or isinstance(error, LimitExceededError | MismatchError):
                raise VerificationError(str(error)) from None
            _log.debug("listing referrers of %s: %s", ref, error)
            return None
        if not referring:
            return None
        if len(referring) > _MOST_REFERRERS:
            raise VerificationError(f"number of referrers ({len(referring)}) exceeded the limit ({_MOST_REFERRERS})")
        from refimpl.verify.bundle import fetch_bundles  # most images have none
        from refimpl.verify.bundled import verify

        bundles = fetch_bundles(self._client, ref, referring, limit=self._limit)
        logs = self._log.keys if self._log else None
        return verify(bundles, _digest(ref), self._signer, logs, self._now)

    def read_unverified_attestations(self, ref: Reference) -> tuple[Attestation, ...]:
        """All attestations by tag, just parsed; for ``--skip-att-sig-check`` (specification 20 §2.3); maybe none.

        Raises:
            VerificationError: one cannot be parsed, or they cannot be fetched.
        """
        try:
            layers = self._layers(ref, "att")
        except VerificationError as error:
            raise VerificationError(f"failed to fetch attestations: {error}") from None
        return tuple(self._read_unverified(ref, layer) for layer in layers)

    def _read_unverified(self, ref: Reference, layer: Descriptor) -> Attestation:
        _check_media_type(layer.media_type)
        try:
            found = attachment.load(self._client, ref.repository, layer, limit=self._limit, signed=False)
        except RegistryError as error:
            raise VerificationError(f"{_UNTYPED}: malformed attestation data: {error}") from None
        except VerificationError as error:
            raise VerificationError(f"{_UNTYPED}: cannot create signed entity: {error}") from None
        return _unread_attestation(found)

    def _layers(self, ref: Reference, suffix: str) -> tuple[Descriptor, ...]:
        """The layers of the artifact beside the image; none when it isn't there."""
        tag = f"{_digest(ref).replace(':', '-')}.{suffix}"
        try:
            layers = self._client.image(ref.with_tag(tag)).layers
        except NotFoundError:
            return ()
        except RegistryError as error:
            raise VerificationError(str(error)) from error
        if len(layers) > _MOST_LAYERS:
            raise VerificationError(f"number of attestations ({len(layers)}) exceeded the limit ({_MOST_LAYERS})")
        return layers

    def _load(self, ref: Reference, layer: Descriptor) -> Attachment:
        try:
            return attachment.load(self._client, ref.repository, layer, limit=self._limit)
        except RegistryError as error:
            raise VerificationError(str(error)) from error

    def _check_log(self, found: Attachment, *, is_attestation: bool) -> datetime | None:
        if self._log is None:
            return None
        certificate = found.certificate
        certified = certificate.key if certificate else None
        key = self._signer if isinstance(self._signer, PublicKey) else certified
        evidence = Evidence(
            payload=found.payload,
            signature=found.signature,
            verifier=certificate.pem if certificate else key.pem if key else "",
            key=key,
            certified=certified,
            is_attestation=is_attestation,
        )
        return self._log.check(evidence, found.entry_timestamp)

    def _key(self, found: Attachment) -> PublicKey:
        """The key that the layer's signature must be by.

        Raises:
            VerificationError: it is known by a certificate, and that isn't the signer's.
        """
        if isinstance(self._signer, PublicKey):
            return self._signer
        return self._signer.key(found.certificate, found.chain)

    def _check_validity(self, found: Attachment, logged: datetime | None) -> None:
        """Check that the certificate was valid when the signature was made, if there is one.

        The log's time counts; where no log is asked, now, or failing that a timestamp's.

        Raises:
            VerificationError: it wasn't.
        """
        certificate = found.certificate
        if certificate is None:
            return
        if logged is not None:
            certificate.check_logged_at(logged)
            return
        now = self._now()
        times = () if certificate.covers(now) else self._stamp_times(found)
        for time in times:
            certificate.check_stamped_at(time)
        if not times:
            certificate.check_now(now)

    def _stamp_times(self, found: Attachment) -> tuple[datetime, ...]:
        """When timestamp authorities had the signature; no times when nobody stamped it who is trusted to.

        Raises:
            VerificationError: the timestamp isn't a trusted authority's of this signature.
        """
        if isinstance(self._signer, PublicKey) or not found.timestamp:
            return ()
        with failing("unable to verify RFC3161 timestamp bundle"):
            return self._signer.times((found.timestamp,), found.stamped)

    def _each(
        self, layers: Sequence[Descriptor], verify: Callable[[Descriptor], _Verified], kind: Kind
    ) -> list[_Verified]:
        """The layers that verify, in their order; several small ones are looked at at once.

        Anybody may attach layers, so none is held that didn't verify, nor its error, whose traceback holds it.
        """

        def outcome(layer: Descriptor) -> _Verified | str:
            try:
                return verify(layer)
            except VerificationError as error:
                return shorten(error)

        threads = _AT_ONCE if sum(layer.size for layer in layers) <= _AT_ONCE_BYTES else 1
        outcomes = map_all(outcome, layers, threads=threads, name="verify")
        kept = [found for found in outcomes if not isinstance(found, str)]
        if not kept:
            raise NoMatchingError(kind, "\n ".join(found for found in outcomes if isinstance(found, str)))
        return kept


def _unread_attestation(found: Attachment) -> Attestation:
    """Parse an attestation's layer that nobody has read to verify it.

    Raises:
        VerificationError: see `_attestation`.
    """
    try:
        envelope = Envelope.parse(found.payload)
        if not envelope.payload:
            raise VerificationError(f"{_UNTYPED}: no `payload` data found")
        document = parse(decode(envelope.payload))
    except (DocumentError, Base64Error) as error:
        raise VerificationError(f"{_UNTYPED}: malformed attestation data: {error}") from None
    return _attestation(found, envelope, document)


def _attestation(found: Attachment, envelope: Envelope, document: Document) -> Attestation:
    """The attestation of a layer, with its envelope and its statement (specification 20 §5.5).

    Raises:
        VerificationError: it cannot be parsed, or is SLSA provenance that doesn't conform.
    """
    from refimpl.verify.slsa import PROVENANCE

    _check_media_type(found.media_type)
    try:
        statement = decode(envelope.payload)  # verifying takes the other alphabet of base64, too
        header = read_header(document)
    except (DocumentError, Base64Error) as error:
        raise VerificationError(f"{_UNTYPED}: malformed attestation data: {error}") from None
    try:
        signatures = tuple(found.describe(signature.keyid, signature.sig) for signature in envelope.signatures)
    except VerificationError as error:
        raise VerificationError(f"{_UNTYPED}: cannot create signed entity: {error}") from None
    provenance = PROVENANCE.get(header.predicate_type)
    build_type = provenance.read(document) if provenance else ""
    return Attestation(statement, header.predicate_type, build_type, signatures, document, conforms=True)


def _check_media_type(media_type: str) -> None:
    if media_type != _ENVELOPE:
        raise VerificationError(
            f"{_UNTYPED}: malformed attestation data: expecting media type of `{_ENVELOPE}`, received: `{media_type}`"
        )


def _digest(ref: Reference) -> str:
    if ref.digest is None:
        raise ValueError(ref.text)
    return ref.digest
