"""One Sigstore instance: its authorities and logs, the documents that list them, and signers that use it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from ec_acceptance.testbed.rekor import dsse, hashedrekord
from ec_acceptance.testbed.rekor.tiled import HOST, TiledLog
from ec_acceptance.testbed.signing import SLSA_V02, provenance_v02, seal, sign_image, statement, subject
from ec_acceptance.testbed.signing.cosign import CERTIFICATE, CHAIN
from ec_acceptance.testbed.sigstore.ca import ISSUED, Authority, Identity, pem, pem_chain
from ec_acceptance.testbed.sigstore.ctlog import CTLog
from ec_acceptance.testbed.sigstore.trusted_root import TrustedAuthority, TrustedLog, TrustedRoot
from ec_acceptance.testbed.sigstore.tsa import TimestampAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography import x509

    from ec_acceptance.testbed.rekor import Log
    from ec_acceptance.testbed.signing import KeyPair, Layer

__all__ = ["ISSUER", "LOGGED", "SUBJECT", "KeylessSigner", "Sigstore"]

SUBJECT, ISSUER = "builder@acceptance.test", "https://issuer.acceptance.test"
"""The identity that signs, unless said otherwise."""

LOGGED = ISSUED + timedelta(minutes=1)
"""When signatures are logged, unless said otherwise."""


class Sigstore:
    """All of one instance, made when first asked for.

    Args:
        keys: makes the key of a name, the same each time.
        log: of signatures.
        name: makes its keys and names its own.
    """

    def __init__(self, keys: Callable[[str], KeyPair], log: Log, name: str = "acceptance") -> None:
        self.log = log
        self._keys = keys
        self._name = name

    def key(self, role: str) -> KeyPair:
        """The key of a role in this instance."""
        return self._keys(f"{self._name} {role}")

    def with_other_keys(self) -> Sigstore:
        """An instance whose authorities and logs have the same names and other keys."""
        return Sigstore(lambda name: self._keys(f"forged {name}"), self.log, self._name)

    @cached_property
    def root(self) -> Authority:
        """The root authority."""
        return Authority.root(self.key("root"), f"{self._name} root")

    @cached_property
    def authority(self) -> Authority:
        """The authority that certifies signers."""
        return self.root.subordinate(self.key("intermediate"), f"{self._name} intermediate")

    @cached_property
    def certificate_log(self) -> CTLog:
        """The log of certificates."""
        return CTLog(self.key("certificate log"))

    @cached_property
    def tiles(self) -> TiledLog:
        """A log of signatures of Rekor's second version."""
        return TiledLog(self.key("tiles"))

    @cached_property
    def timestamps(self) -> TimestampAuthority:
        """The authority that stamps signatures with the time."""
        root = Authority.root(self.key("timestamp root"), f"{self._name} timestamp root")
        return TimestampAuthority.create(root, self.key("timestamps"))

    @cached_property
    def trusted_root(self) -> TrustedRoot:
        """What tells whom to trust."""
        return TrustedRoot(
            [TrustedAuthority(self.authority.chain)],
            [TrustedLog(self.log.key), TrustedLog(self.tiles.key, f"https://{HOST}")],
            [TrustedLog(self.certificate_log.key)],
            [TrustedAuthority(self.timestamps.chain)],
        )

    def certify(self, key: KeyPair, identity: Identity | None = None) -> x509.Certificate:
        """Certify a key for an identity, in the usual way."""
        return self.authority.issue(key, identity or Identity.of(SUBJECT, ISSUER), [self.certificate_log])

    def signer(self, identity: Identity | None = None) -> KeylessSigner:
        """A signer with a key of this identity's own, in the usual way."""
        wanted = identity or Identity.of(SUBJECT, ISSUER)
        key = self._keys(f"signer {hashlib.sha256(repr(wanted).encode()).hexdigest()}")
        return KeylessSigner(key, self.certify(key, wanted), self.authority.chain, self.log)


@dataclass(frozen=True, slots=True)
class KeylessSigner:
    """Somebody with a certificate, and how what they sign is logged.

    Attributes:
        key: signs.
        certificate: the signer's, whether it is about this key or not.
        chain: what is stored with it, the root last; none leaves the annotation out.
        log: gets an entry of each signature; None leaves the signed entry timestamp out.
        logged_at: when.
        annotations: of each layer, over the usual ones; None removes one.
        claims: the digest that is claimed instead of the image's.
        entry: what the log has taken instead of the signature's own entry.
        tells: whether the signed entry timestamp is stored with the signature.
    """

    key: KeyPair
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    log: Log | None
    logged_at: datetime = LOGGED
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    claims: str | None = None
    entry: bytes | None = None
    tells: bool = True

    def signature(self, digest: str, reference: str) -> Layer:
        """An image signature; `digest` is the image's, `reference` its repository."""
        made = sign_image(self.claims or digest, self.key, reference=reference)
        entry = hashedrekord(made.payload, made.signature, pem(self.certificate))
        return made.layer(bundle=self._entry_timestamp(entry), annotations=self._annotations())

    def attestation(self, content: bytes, predicate_type: str) -> Layer:
        """An attestation by a statement."""
        envelope = seal(content, [self.key])
        entry = dsse(envelope.content, pem(self.certificate))
        return envelope.layer(predicate_type, bundle=self._entry_timestamp(entry), annotations=self._annotations())

    def provenance(self, digest: str, reference: str) -> Layer:
        """An attestation of an image's provenance."""
        predicate = provenance_v02(name=reference, digest=digest)
        return self.attestation(statement(SLSA_V02, predicate, [subject(digest, reference)]), SLSA_V02)

    def _entry_timestamp(self, entry: bytes) -> Mapping[str, object] | None:
        if self.log is None:
            return None
        added = self.log.add(self.entry or entry, at=self.logged_at.timestamp())
        return self.log.bundle(added) if self.tells else None

    def _annotations(self) -> dict[str, str | None]:
        chain = {CHAIN: pem_chain(self.chain)} if self.chain else {}
        return {CERTIFICATE: pem(self.certificate), **chain, **self.annotations}
