"""Authorities that certify signers and timestamps: whether a certificate's chain leads to one (20 §4.5; RFC 5280).

Paths are built by the `cryptography` package. What WebPKI wants of servers doesn't apply to signers, so that what is
wanted of extensions is said here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.record import field, record
from refimpl.verify import pem
from refimpl.verify.refusal import raising
from refimpl.verify.trust import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Self

    from cryptography import x509
    from cryptography.x509.verification import ExtensionPolicy, Policy

#: What certificates may be for (RFC 5280 §4.2.1.12).
CODE_SIGNING, TIME_STAMPING = "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8"
_ANYTHING = "2.5.29.37.0"
_NAMES = {CODE_SIGNING: "signing code", TIME_STAMPING: "timestamps"}

#: An image's signature may bring intermediates with it, and each costs verifications.
_MOST_INTERMEDIATES = 10


@record
class Authority:
    """One authority.

    Attributes:
        roots: self-signed, trusted as they are.
        intermediates: which may stand between a signer's certificate and a root.
        period: when it is trusted.
        closed: whether no other intermediates count, even where it names none.
    """

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    period: Period = field(default_factory=Period)
    closed: bool = False

    @classmethod
    def from_pem(cls, text: str, *, closed: bool = False) -> Self:
        """The certificates of a PEM text: roots are those that name themselves as their issuer.

        Raises:
            KeyMaterialError: anything in it isn't a certificate.
        """
        from cryptography import x509

        blocks, rest = pem.split(text)
        if rest.strip() or any(block.label != "CERTIFICATE" for block in blocks):
            raise KeyMaterialError("error unmarshalling certificates: error during PEM decoding")
        with raising(KeyMaterialError("error unmarshalling certificates: x509: malformed certificate")):
            certificates = [x509.load_der_x509_certificate(block.der) for block in blocks]
            roots = [each for each in certificates if each.subject.public_bytes() == each.issuer.public_bytes()]
        return cls(tuple(roots), tuple(each for each in certificates if each not in roots), closed=closed)

    def issuer(
        self,
        leaf: x509.Certificate,
        time: datetime,
        brought: Sequence[x509.Certificate] = (),
        *,
        usage: str = CODE_SIGNING,
    ) -> x509.Certificate:
        """Who issued the certificate, on a path to a root that holds at `time`.

        Args:
            leaf: the signer's.
            time: at which all certificates of the path must be valid.
            brought: intermediates that came with the signature; they count where the authority names none.
            usage: what all certificates of the path must be for.

        Raises:
            VerificationError: there is no such path; the text says why.
        """
        if not self.period.covers(time):
            raise VerificationError("the authority is not trusted at that time")
        if not self.roots:
            raise VerificationError("no root is trusted")
        intermediates = self.intermediates or (() if self.closed else tuple(brought))
        if len(intermediates) > _MOST_INTERMEDIATES:
            raise VerificationError(f"more than {_MOST_INTERMEDIATES} intermediate certificates")
        from cryptography.x509.verification import PolicyBuilder, Store
        from cryptography.x509.verification import VerificationError as LibraryError

        ca, end = _extension_policies(usage)
        builder = PolicyBuilder().store(Store(list(self.roots))).time(time.replace(tzinfo=None))
        verifier = builder.extension_policies(ca_policy=ca, ee_policy=end).build_client_verifier()
        with raising(VerificationError("certificate signed by unknown authority")):
            try:
                chain = verifier.verify(leaf, list(intermediates)).chain
            except LibraryError as error:
                raise VerificationError(_reason(str(error))) from None
        if len(chain) < 2:
            raise VerificationError("certificate chain must contain at least a certificate and its issuer")
        return chain[1]


def _extension_policies(usage: str) -> tuple[ExtensionPolicy, ExtensionPolicy]:
    """What is wanted of authorities and of signers; anything else critical is refused by the package."""
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    either = Criticality.AGNOSTIC
    ca = ExtensionPolicy.permit_all()
    ca = ca.require_present(x509.BasicConstraints, either, None)  # the package looks at its members
    ca = ca.may_be_present(x509.KeyUsage, either, _signs_certificates)
    ca = ca.may_be_present(x509.ExtendedKeyUsage, either, _is_for(usage))
    end = ExtensionPolicy.permit_all().may_be_present(x509.ExtendedKeyUsage, either, _is_for(usage))
    return ca, end


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer's key is not for signing certificates")


def _is_for(usage: str) -> Callable[[Policy, x509.Certificate, x509.ExtendedKeyUsage | None], None]:
    def check(_: Policy, __: x509.Certificate, usages: x509.ExtendedKeyUsage | None) -> None:
        if usages is not None and {usage, _ANYTHING}.isdisjoint(each.dotted_string for each in usages):
            raise ValueError(f"a certificate is not for {_NAMES[usage]}")

    return check


def _reason(text: str) -> str:
    """The package's words without those about its ways, and without certificates, which anybody can write into."""
    if "no interior errors" in text:
        return "certificate signed by unknown authority"
    for prefix in ("validation failed: ", "candidates exhausted: ", "Python extension validator failed: ValueError: "):
        text = text.removeprefix(prefix)
    return text.partition(" (encountered")[0]
