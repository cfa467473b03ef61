"""Timestamps: an authority's word that it had a signature at a time (RFC 3161; specification 20 §3.5).

The answers' own signatures are verified by `rfc3161_client`, paths of certificates by `Authority`. The former is loaded
only in runs that must know when a certificate's signature was there, and have nothing but a timestamp that tells it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.record import record
from refimpl.verify.authority import TIME_STAMPING, Authority
from refimpl.verify.refusal import failing, raising

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Self

    from cryptography import x509
    from rfc3161_client import TimeStampResponse

_MOST = 32
_LARGEST = 64 << 10
_MOST_CERTIFICATES = 10
_HASHES = {f"2.16.840.1.101.3.4.2.{number}": name for number, name in enumerate(("sha256", "sha384", "sha512"), 1)}


@record
class TimestampAuthority:
    """One authority.

    Attributes:
        authority: who certifies its own certificate, and when it is trusted.
        certificate: the only one that its timestamps may be by; None when any will do that `authority` certifies.
    """

    authority: Authority
    certificate: x509.Certificate | None = None

    @classmethod
    def of(cls, chain: Authority) -> Self:
        """The authority with this chain, the root last; a first certificate that may not certify is its own.

        Raises:
            KeyMaterialError: the first certificate cannot be read.
        """
        first = next(iter(chain.intermediates), None)
        if first is None or _may_certify(first):
            return cls(chain)
        return cls(Authority(chain.roots, chain.intermediates[1:], chain.period), first)

    def time(self, timestamp: bytes, signature: bytes) -> datetime:
        """When it had the signature.

        Args:
            timestamp: its answer (TimeStampResp) in DER.
            signature: what must have been stamped.

        Raises:
            VerificationError: the answer isn't this authority's, or not about this signature.
        """
        from rfc3161_client import VerifierBuilder

        answer = _read(timestamp)
        with raising(VerificationError("timestamp response is not valid")):
            time = answer.tst_info.gen_time.astimezone(UTC)
            signer = self._signer(answer)
            if not signer.not_valid_before_utc <= time <= signer.not_valid_after_utc:
                raise VerificationError("the authority's certificate was not valid at that time")
            with failing("error while verifying with chain"):
                self.authority.issuer(signer, time, usage=TIME_STAMPING)
            verifier = VerifierBuilder(
                tsa_certificate=signer,
                intermediates=list(self.authority.intermediates),
                roots=list(self.authority.roots),
            ).build()
            imprint = answer.tst_info.message_imprint
            with raising(VerificationError("the timestamp's signature does not verify")):
                verifier.verify(answer, imprint.message)
            if imprint.message != _hash(signature, imprint.hash_algorithm.dotted_string):
                raise VerificationError("hashed messages don't match")
        return time

    def _signer(self, answer: TimeStampResponse) -> x509.Certificate:
        """The certificate that the answer names as its signer's.

        Raises:
            VerificationError: there isn't one, or it isn't this authority's.
        """
        from cryptography import x509

        signers = answer.signed_data.signer_infos
        encoded = answer.signed_data.certificates
        if len(signers) != 1 or len(encoded) > _MOST_CERTIFICATES:
            raise VerificationError("exactly one signer is required, with few certificates")
        (named,) = signers
        brought = [x509.load_der_x509_certificate(der) for der in encoded]
        known = [*brought, *([self.certificate] if self.certificate is not None and not brought else [])]
        found = [one for one in known if (one.issuer, one.serial_number) == (named.issuer, named.serial_number)]
        if len(found) != 1:
            raise VerificationError("no certificate for signer")
        if self.certificate not in (None, found[0]):
            raise VerificationError("certificate embedded in the TSR does not match the provided TSA certificate")
        _check_usage(found[0])
        return found[0]


def times_of(
    timestamps: Sequence[bytes], signature: bytes, authorities: Sequence[TimestampAuthority]
) -> tuple[datetime, ...]:
    """When trusted authorities had a signature: of each the first time that it tells.

    Args:
        timestamps: that came with the signature; none gives no times.
        signature: what must have been stamped.
        authorities: the trusted ones; none gives no times.

    Raises:
        VerificationError: there are timestamps, and none is a trusted authority's of this signature.
    """
    if len(timestamps) > _MOST:
        raise VerificationError(f"too many signed timestamps: {len(timestamps)} > {_MOST}")
    times: dict[int, datetime] = {}
    reasons = []
    for timestamp in timestamps:
        for number, authority in enumerate(authorities):
            try:
                times.setdefault(number, authority.time(timestamp, signature))
                break
            except VerificationError as error:
                reasons.append(str(error))
    if reasons and not times:
        raise VerificationError(f"unable to verify signed timestamps: {'; '.join(dict.fromkeys(reasons))}")
    return tuple(times.values())


def _read(timestamp: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    if len(timestamp) > _LARGEST:
        raise VerificationError(f"a timestamp of {len(timestamp)} bytes, which is more than {_LARGEST}")
    with raising(VerificationError("error parsing response into Timestamp")):
        return decode_timestamp_response(timestamp)


def _hash(signature: bytes, algorithm: str) -> bytes:
    if algorithm not in _HASHES:
        raise VerificationError("Time-Stamp response uses unknown hash function")
    return hashlib.new(_HASHES[algorithm], signature).digest()


def _check_usage(certificate: x509.Certificate) -> None:
    """Check that a certificate is for timestamps, and for nothing else (RFC 3161 §2.3).

    Raises:
        VerificationError: it isn't so.
    """
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise VerificationError("certificate is not for timestamps alone") from None
    if [each.dotted_string for each in usage.value] != [TIME_STAMPING]:
        raise VerificationError("certificate is not for timestamps alone")
    if not usage.critical:
        raise VerificationError("certificate must set EKU to critical")


def _may_certify(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    with raising(KeyMaterialError("a timestamp authority's certificate is malformed")):
        try:
            return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            return False
