"""A certificate authority like Fulcio: it certifies that whoever holds a key had an identity for some minutes.

Source: specification 20 §3.3, §4.5; Fulcio's certificate specification and OID table; RFC 5280; RFC 6962.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ec_acceptance.testbed.sigstore import der
from ec_acceptance.testbed.sigstore.ctlog import sct_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.testbed.signing import KeyPair
    from ec_acceptance.testbed.sigstore.ctlog import CTLog

__all__ = ["ISSUED", "SIGNS_CERTIFICATES", "SIGNS_DATA", "VALID", "Authority", "Identity", "Leaf", "pem", "pem_chain"]

ISSUED = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
"""When leaves are issued, unless said otherwise."""

VALID = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
"""Start and end of authorities' validity, unless said otherwise."""

_MINUTES = timedelta(minutes=10)
_FULCIO = "1.3.6.1.4.1.57264.1"
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
SIGNS_DATA = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: the names in the certificate, and who vouched for them.

    Attributes:
        names: all subject alternative names.
        issuer: the OIDC issuer; it stands in both of Fulcio's extensions.
        first_issuer: what extension 1 (raw bytes) has instead; "" leaves it out.
        second_issuer: what extension 8 (a UTF8String) has instead; "" leaves it out.
    """

    names: tuple[x509.GeneralName, ...]
    issuer: str
    first_issuer: str | None = None
    second_issuer: str | None = None

    @classmethod
    def of(cls, subject: str, issuer: str) -> Self:
        """A subject with `://` in it is a URI, one with `@` an e-mail address, any other a DNS name."""
        if "://" in subject:
            return cls((x509.UniformResourceIdentifier(subject),), issuer)
        if "@" in subject:
            return cls((x509.RFC822Name(subject),), issuer)
        return cls((x509.DNSName(subject),), issuer)

    def extensions(self) -> list[x509.UnrecognizedExtension]:
        """Fulcio's issuer extensions."""
        first = self.issuer if self.first_issuer is None else self.first_issuer
        second = self.issuer if self.second_issuer is None else self.second_issuer
        texts = {f"{_FULCIO}.1": first.encode(), f"{_FULCIO}.8": der.utf8(second) if second else b""}
        return [x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), text) for oid, text in texts.items() if text]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf is to say; the defaults are what Fulcio says.

    Attributes:
        start: of its validity.
        end: of its validity; ten minutes later by default.
        usages: extended key usages; none leaves the extension out.
        is_ca: whether it calls itself an authority.
        critical: further extensions, marked critical, that nobody knows.
    """

    start: datetime = ISSUED
    end: datetime | None = None
    usages: tuple[x509.ObjectIdentifier, ...] = (_CODE_SIGNING,)
    is_ca: bool = False
    critical: tuple[x509.UnrecognizedExtension, ...] = ()

    @property
    def expires(self) -> datetime:
        """The end of its validity."""
        return self.start + _MINUTES if self.end is None else self.end


@dataclass(frozen=True)
class Authority:
    """One authority: a root, or one that a parent certifies.

    Attributes:
        key: signs certificates.
        certificate: its own.
        parent: None for a root.
    """

    key: KeyPair
    certificate: x509.Certificate
    parent: Authority | None = field(default=None)

    @classmethod
    def root(
        cls,
        key: KeyPair,
        name: str = "acceptance root",
        *,
        valid: tuple[datetime, datetime] = VALID,
        path_length: int | None = None,
    ) -> Authority:
        """A root, certified by itself."""
        distinguished = _name(name)
        builder = _builder(distinguished, distinguished, key, valid)
        builder = _ca_extensions(builder, path_length=path_length).add_extension(_key_id(key), critical=False)
        return cls(key, builder.sign(key.private, hashes.SHA256(), ecdsa_deterministic=True))

    def subordinate(
        self,
        key: KeyPair,
        name: str = "acceptance intermediate",
        *,
        valid: tuple[datetime, datetime] = VALID,
        path_length: int | None = 0,
        is_ca: bool = True,
        usage: x509.KeyUsage = SIGNS_CERTIFICATES,
        usages: Sequence[x509.ObjectIdentifier] = (_CODE_SIGNING,),
        constraints: x509.NameConstraints | None = None,
    ) -> Authority:
        """An authority that this one certifies.

        Args:
            key: of the new one.
            name: its common name.
            valid: start and end of its validity.
            path_length: how many authorities may follow below it; None for any number.
            is_ca: whether its basic constraints let it sign certificates.
            usage: what its key may be used for.
            usages: what leaves below it may be used for; none leaves the extension out.
            constraints: on the names of leaves below it.
        """
        builder = _builder(_name(name), self.certificate.subject, key, valid)
        builder = _ca_extensions(builder, path_length=path_length if is_ca else None, is_ca=is_ca, usage=usage)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if constraints is not None:
            builder = builder.add_extension(constraints, critical=True)
        builder = self._key_ids(builder, key)
        return Authority(key, self._sign(builder), self)

    @cached_property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """From this authority's certificate to the root's."""
        return (self.certificate, *(self.parent.chain if self.parent else ()))

    @property
    def issuer_key_hash(self) -> bytes:
        """SHA-256 of its SubjectPublicKeyInfo, as transparency logs name issuers."""
        return hashlib.sha256(self.key.public_der).digest()

    def issue(
        self,
        key: KeyPair,
        identity: Identity,
        logs: Sequence[CTLog] = (),
        leaf: Leaf | None = None,
        *,
        log_signer: KeyPair | None = None,
        logged_at: datetime | None = None,
    ) -> x509.Certificate:
        """Certify a key for an identity.

        Args:
            key: of the signer.
            identity: theirs.
            logs: each signs a timestamp (SCT) of the precertificate; none leaves the extension out.
            leaf: what else it says.
            log_signer: signs in the logs' names instead of their own keys.
            logged_at: the time of these timestamps; the start of validity by default.
        """
        wanted = leaf or Leaf()
        builder = self._leaf(key, identity, wanted)
        if not logs:
            return self._sign(builder)
        # A precertificate's poison and its timestamps have no place in what a log signs (RFC 6962 §3.2), so that any
        # list will do to find out what that is.
        unlogged = builder.add_extension(x509.UnrecognizedExtension(_SCTS, sct_list([])), critical=False)
        precertificate = self._sign(unlogged).tbs_precertificate_bytes
        moment = wanted.start if logged_at is None else logged_at
        scts = [log.sct(precertificate, self.issuer_key_hash, moment, signer=log_signer) for log in logs]
        return self._sign(builder.add_extension(x509.UnrecognizedExtension(_SCTS, sct_list(scts)), critical=False))

    def certify(
        self,
        key: KeyPair,
        name: str,
        usages: Sequence[x509.ObjectIdentifier],
        valid: tuple[datetime, datetime] = VALID,
        *,
        critical: bool = True,
    ) -> x509.Certificate:
        """Certify a service of this name for some extended key usages, which are marked critical."""
        builder = _builder(_name(name), self.certificate.subject, key, valid).add_extension(SIGNS_DATA, critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
        builder = self._key_ids(builder, key)
        return self._sign(builder)

    def as_authority(self, key: KeyPair, leaf: x509.Certificate) -> Authority:
        """The holder of a leaf that this authority issued, who plays an authority with it."""
        return Authority(key, leaf, self)

    def _leaf(self, key: KeyPair, identity: Identity, leaf: Leaf) -> x509.CertificateBuilder:
        builder = _builder(x509.Name([]), self.certificate.subject, key, (leaf.start, leaf.expires))
        builder = builder.add_extension(SIGNS_DATA, critical=True)
        if leaf.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(leaf.usages), critical=False)
        if leaf.is_ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = self._key_ids(builder, key)
        if identity.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(identity.names), critical=True)
        for extension in identity.extensions():
            builder = builder.add_extension(extension, critical=False)
        for extension in leaf.critical:
            builder = builder.add_extension(extension, critical=True)
        return builder

    def _key_ids(self, builder: x509.CertificateBuilder, key: KeyPair) -> x509.CertificateBuilder:
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.private.public_key())
        return builder.add_extension(_key_id(key), critical=False).add_extension(own, critical=False)

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self.key.private, hashes.SHA256(), ecdsa_deterministic=True)


def pem(certificate: x509.Certificate) -> str:
    """The certificate in PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def pem_chain(certificates: Sequence[x509.Certificate]) -> str:
    """Several certificates in PEM, one after the other."""
    return "".join(map(pem, certificates))


def _name(common_name: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acceptance.test")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_id(key: KeyPair) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.private.public_key())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: KeyPair, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    """A certificate whose serial number follows from what it is about, so that the same is made in each run."""
    told = f"{subject.rfc4514_string()}\0{issuer.rfc4514_string()}\0{valid}".encode() + key.public_der
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.private.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(told).digest()[:16]) >> 1)
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )


def _ca_extensions(
    builder: x509.CertificateBuilder,
    *,
    path_length: int | None,
    is_ca: bool = True,
    usage: x509.KeyUsage = SIGNS_CERTIFICATES,
) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=is_ca, path_length=path_length)
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)
