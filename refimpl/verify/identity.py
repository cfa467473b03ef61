"""Whether a certificate is somebody's: its names and its issuer (specification 20 §4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.verify.refusal import raising

if TYPE_CHECKING:
    from cryptography import x509

    from refimpl.policy.config import Identity
    from refimpl.verify.certificate import Certificate

_FULCIO_OTHER_NAME = "1.3.6.1.4.1.57264.1.7"
_FIRST_ISSUER, _SECOND_ISSUER = 1, 8
_UTF8_TAG = 0x0C


def check_identity(certificate: Certificate, loaded: x509.Certificate, wanted: Identity) -> None:
    """Check that one of the certificate's names is the wanted subject, and that the wanted issuer vouched for it.

    An expression goes before an exact text, for either side. It may match anywhere in the name: who means the whole
    of it writes ``^`` and ``$``.

    Raises:
        VerificationError: it is somebody else's, or an expression cannot be read.
    """
    issuer = _issuer(certificate)
    names = _names(loaded)
    issued = _matches(wanted.issuer_regexp, wanted.issuer, [issuer], "issuer")
    if not _matches(wanted.subject_regexp, wanted.subject, names, "subject") or not issued:
        raise VerificationError(
            "none of the expected identities matched what was in the certificate, "
            f"got subjects [{', '.join(names)}] with issuer {issuer}"
        )


def check_expressions(wanted: Identity) -> None:
    """Check that the identity's expressions can be read.

    Raises:
        VerificationError: one cannot.
    """
    for expression in (wanted.subject_regexp, wanted.issuer_regexp):
        if expression:
            _compile(expression)


def bundle_name(loaded: x509.Certificate) -> str:
    """The one name that bundles' certificates are held against: a URI, or else an e-mail address, or Fulcio's own.

    Raises:
        VerificationError: there is none of these.
    """
    from cryptography import x509

    names = _alternative_names(loaded)
    others = [name for name in names if isinstance(name, x509.OtherName)]
    kinds = (x509.UniformResourceIdentifier, x509.RFC822Name)
    plain = [str(name.value) for kind in kinds for name in names if isinstance(name, kind)]
    found = [*plain, *_other_name(others)]
    if not found:
        raise VerificationError("failed to summarize certificate: no Subject Alternative Name found")
    return found[0]


def check_bundle_identity(certificate: Certificate, name: str, wanted: Identity) -> None:
    """Check that the name is the wanted subject and that the wanted issuer vouched for it, by all that is wanted.

    Raises:
        VerificationError: it isn't so.
    """
    issuer = _issuer(certificate)
    for side, text, expression, found in (
        ("SAN", wanted.subject, wanted.subject_regexp, name),
        ("issuer", wanted.issuer, wanted.issuer_regexp, issuer),
    ):
        reason = ""
        if text and found != text:
            reason = f'expected {side} value "{text}", got "{found}"'
        elif expression and not _compile(expression).search(found):
            reason = f'expected {side} value to match regex "{expression}", got "{found}"'
        if reason:
            raise VerificationError(
                f"failed to verify certificate identity: no matching CertificateIdentity found, last error: {reason}"
            )


def _matches(expression: str, text: str, found: list[str], side: str) -> bool:
    if not expression:
        return text in found
    try:
        compiled = _compile(expression)
    except VerificationError as error:
        raise VerificationError(f"malformed {side} in identity: {expression} : {error}") from None
    return any(compiled.search(one) for one in found)


def _compile(expression: str) -> Any:
    import re2  # only where there is an expression

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "invalid"
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise VerificationError(f"error parsing regexp: {told}") from None


def _issuer(certificate: Certificate) -> str:
    """Who vouched: Fulcio's first extension says it in raw bytes, or else its eighth in a UTF8String.

    Raises:
        VerificationError: both are there, and they differ.
    """
    told = [certificate.extension_text(number) for number in (_FIRST_ISSUER, _SECOND_ISSUER)]
    issuers = [text for text in told if text]
    if len(set(issuers)) > 1:
        raise VerificationError(f"the certificate names two issuers: {' and '.join(issuers)}")
    return issuers[0] if issuers else ""


def _names(loaded: x509.Certificate) -> list[str]:
    """DNS names, e-mail addresses, IP addresses, URIs, then Fulcio's own kind of name, as they stand."""
    from cryptography import x509

    names = _alternative_names(loaded)
    kinds = (x509.DNSName, x509.RFC822Name, x509.IPAddress, x509.UniformResourceIdentifier)
    plain = [str(name.value) for kind in kinds for name in names if isinstance(name, kind)]
    return [*plain, *_other_name([name for name in names if isinstance(name, x509.OtherName)])]


def _alternative_names(loaded: x509.Certificate) -> list[x509.GeneralName]:
    from cryptography import x509

    with raising(VerificationError("x509: malformed certificate")):
        try:
            return list(loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        except x509.ExtensionNotFound:
            return []


def _other_name(others: list[x509.OtherName]) -> list[str]:
    """Fulcio's name, if it is the only one of its kind."""
    from refimpl.verify import asn1

    if len(others) != 1 or others[0].type_id.dotted_string != _FULCIO_OTHER_NAME:
        return []
    try:
        element = asn1.read(others[0].value)
    except asn1.Asn1Error:
        return []
    return [element.content.decode("utf-8", "replace")] if element.tag == _UTF8_TAG else []
