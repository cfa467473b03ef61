"""Whom a bundle must be by: the holder of a key, or whoever has a certificate (specification 20 §6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.verify import pem
from refimpl.verify.keys import PublicKey, parse_public_key
from refimpl.verify.refusal import failing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from refimpl.verify.bundle import Bundle
    from refimpl.verify.certificate import Certificate
    from refimpl.verify.keyless import KeylessSigner


def signer_of(bundle: Bundle, signer: PublicKey | KeylessSigner, now: datetime) -> ByKey | ByCertificate:
    """What verifies the bundle.

    Args:
        bundle: any.
        signer: whom it must be by.
        now: the time that certificates are held against when no log tells one.

    Raises:
        VerificationError: nobody knows whose certificates count.
    """
    if isinstance(signer, PublicKey):
        return ByKey(bundle, signer)
    if not signer.certificate_logs.of_trusted_root:
        raise VerificationError("a trusted root is required for identity-based verification")
    from refimpl.verify.identity import check_expressions

    check_expressions(signer.identity)
    return ByCertificate(bundle, signer, now)


class _Material:
    """What a bundle says that it is to be verified with: a certificate, or else the key that is wanted, if one is."""

    def __init__(self, bundle: Bundle, key: PublicKey | None) -> None:
        self._bundle = bundle
        self._key = key
        self._found: Certificate | None = None

    def read(self) -> None:
        """Read the bundle's certificate, if there is one.

        Raises:
            VerificationError: it isn't one.
        """
        self._found = _certificate(self._bundle)

    def is_named(self, der: bytes) -> bool:
        """Whether this is the DER of the certificate, or of the key."""
        if self._bundle.certificate is not None or self._key is None:
            return bool(der) and der == self._bundle.certificate
        try:
            return parse_public_key(pem.encode("PUBLIC KEY", der)).der == self._key.der
        except KeyMaterialError:
            return False

    def check_time(self, time: datetime) -> None:
        """Check that the certificate was valid at a time; keys are at any time.

        Raises:
            VerificationError: it wasn't.
        """
        if self._found is not None and not self._found.covers(time):
            raise VerificationError("integrated time outside certificate validity")


class ByKey(_Material):
    """The holder of a public key."""

    def __init__(self, bundle: Bundle, key: PublicKey) -> None:
        super().__init__(bundle, key)
        self._wanted = key

    def key(self, times: Sequence[datetime] | None) -> PublicKey:
        """The key, whenever it signed.

        Raises:
            VerificationError: the bundle has a certificate.
        """
        del times
        with failing("failed to fetch verification content"):
            self.read()
        if self._found is not None:
            raise VerificationError("expected key signature, not certificate")
        return self._wanted

    def check_identity(self) -> None:
        """A key has none."""


class ByCertificate(_Material):
    """Whoever has a certificate for an identity."""

    def __init__(self, bundle: Bundle, signer: KeylessSigner, now: datetime) -> None:
        super().__init__(bundle, None)
        self._signer = signer
        self._now = now

    def key(self, times: Sequence[datetime] | None) -> PublicKey:
        """The key of the certificate, once its chain is known to have held.

        The logs' times count; where they tell none, those of timestamps; where no log is asked, now, or failing that
        those of timestamps.

        Args:
            times: at which logs took the signature; None when none was asked for.

        Raises:
            VerificationError: it didn't hold at one of these times, or no log signed a timestamp of it.
        """
        if times is not None and not times:
            times = self._stamp_times()
            if not times:
                reason = "threshold not met for verified log entry integrated timestamps: 0 < 1"
                raise VerificationError(f"failed to verify timestamps: {reason}")
        with failing("failed to fetch verification content"):
            self.read()
        if self._found is None:
            raise VerificationError("SCTs required but bundle is signed with a public key, which cannot contain SCTs")
        if times is None:
            times = (self._now,) if self._found.covers(self._now) else self._stamp_times() or (self._now,)
        self._signer.check_chain(self._found, times)
        return self._found.key

    def _stamp_times(self) -> tuple[datetime, ...]:
        """When timestamp authorities had the signature; no times when nobody stamped it who is trusted to.

        Raises:
            VerificationError: no timestamp is a trusted authority's of this signature.
        """
        with failing("failed to verify timestamps"):
            return self._signer.times(self._bundle.timestamps, self._bundle.signature)

    def check_identity(self) -> None:
        """Check that the certificate is for the identity.

        Raises:
            VerificationError: it is for another one.
        """
        if self._found is not None:  # `key` demands one
            self._signer.check_bundle(self._found)


def _certificate(bundle: Bundle) -> Certificate | None:
    if bundle.certificate is None:
        return None
    if not bundle.certificate:
        raise VerificationError("validation error: missing verification material")
    from refimpl.verify.certificate import parse_certificates  # bundles by keys have none

    with failing("validation error"):
        return parse_certificates(pem.encode("CERTIFICATE", bundle.certificate))[0]
