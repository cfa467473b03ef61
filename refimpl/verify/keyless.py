"""Signers who are known by an identity: whether a certificate makes a key theirs (specification 20 §4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.record import record
from refimpl.verify.identity import bundle_name, check_bundle_identity, check_identity
from refimpl.verify.refusal import failing, raising
from refimpl.verify.sct import check_scts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from refimpl.policy.config import Identity
    from refimpl.verify.authority import Authority
    from refimpl.verify.certificate import Certificate
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.timestamp import TimestampAuthority
    from refimpl.verify.trust import LogKeys


@record
class KeylessSigner:
    """Whoever has a certificate for an identity by a trusted authority, with a trusted log's timestamp.

    Attributes:
        identity: whose certificates count.
        authorities: whose word counts.
        certificate_logs: that certificates must be in.
        timestamp_authorities: who may tell when a signature was there, where no log does.
    """

    identity: Identity
    authorities: tuple[Authority, ...]
    certificate_logs: LogKeys
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()

    def key(self, certificate: Certificate | None, chain: Sequence[Certificate]) -> PublicKey:
        """The key that the certificate gives to the identity.

        The chain is judged as it stood when the certificate was issued. Whether the signature was made before it
        expired is for the caller to find out.

        Args:
            certificate: beside the signature; None when there is none.
            chain: beside the signature, the root last; its intermediates count where no others are known.

        Raises:
            VerificationError: it isn't the identity's, or nobody trusted says so.
        """
        if certificate is None:
            raise VerificationError("no certificate found on signature")
        leaf = _load(certificate)
        issuer = self._issuer(leaf, leaf.not_valid_before_utc, [_load(each) for each in chain[:-1]])
        check_identity(certificate, leaf, self.identity)
        check_scts(leaf, issuer, self.certificate_logs)
        return certificate.key

    def check_chain(self, certificate: Certificate, times: Sequence[datetime]) -> None:
        """Check that a bundle's certificate was good at each of these times, and has a trusted log's timestamp.

        Args:
            certificate: the bundle's.
            times: at least one.

        Raises:
            VerificationError: it isn't so.
        """
        leaf = _load(certificate)
        bundle_name(leaf)
        with failing("failed to verify leaf certificate"):
            issuer = [self._issuer(leaf, time, ()) for time in times][-1]
        try:
            check_scts(leaf, issuer, self.certificate_logs)
        except VerificationError:
            reason = "only able to verify 0 SCT entries; unable to meet threshold of 1"
            raise VerificationError(f"failed to verify signed certificate timestamp: {reason}") from None

    def times(self, timestamps: Sequence[bytes], signature: bytes) -> tuple[datetime, ...]:
        """When timestamp authorities had a signature; no times when it wasn't stamped, or nobody is trusted to.

        Args:
            timestamps: that came with the signature.
            signature: what must have been stamped.

        Raises:
            VerificationError: no timestamp is a trusted authority's of this signature.
        """
        if not timestamps or not self.timestamp_authorities:
            return ()
        from refimpl.verify.timestamp import times_of  # few signatures need them

        return times_of(timestamps, signature, self.timestamp_authorities)

    def check_bundle(self, certificate: Certificate) -> None:
        """Check that a bundle's certificate is for the identity.

        Raises:
            VerificationError: it is for another one.
        """
        check_bundle_identity(certificate, bundle_name(_load(certificate)), self.identity)

    def _issuer(self, leaf: x509.Certificate, time: datetime, brought: Sequence[x509.Certificate]) -> x509.Certificate:
        """Who issued the certificate, by the first authority to which a path leads at a time."""
        by_document = self.certificate_logs.of_trusted_root
        reason = "certificate signed by unknown authority"
        for authority in self.authorities:
            try:
                return authority.issuer(leaf, time, () if by_document else brought)
            except VerificationError as error:
                reason = str(error)
        if by_document:
            raise VerificationError("leaf certificate verification failed")
        raise VerificationError(
            f"cert verification failed: x509: {reason}. Check your TUF root (see cosign initialize) "
            "or set a custom root with env var SIGSTORE_ROOT_FILE"
        )


def _load(certificate: Certificate) -> x509.Certificate:
    from cryptography import x509

    with raising(VerificationError("x509: malformed certificate")):
        return x509.load_pem_x509_certificate(certificate.pem.encode())
