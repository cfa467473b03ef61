"""The built-in checks' results (specification 20 §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import InternalError
from refimpl.result import Result
from refimpl.verify.refusal import NoMatchingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refimpl.errors import Error
    from refimpl.verify.attestation import Attestation


class Check:
    """One built-in check; results carry title and description, `Result.reduce` drops them without ``--info``."""

    def __init__(self, code: str, title: str, description: str) -> None:
        self.code = f"builtin.{code}"
        self._metadata = {"code": self.code, "description": description, "title": title}

    def success(self) -> Result:
        """The success."""
        return Result("Pass", self._metadata)

    def violation(self, message: str) -> Result:
        """The violation; the title stays the one of the success."""
        return Result(message, self._metadata)


ACCESSIBLE = Check("image.accessible", "Image URL is accessible", "The image URL is available and accessible.")
_JUDGED = Check("internal.error", "The image can be judged", "The validator has no fault that keeps it from judging.")
_NAMED = Check("image.judged", "The image can be judged", "Its reference can be read, and the rules can be evaluated.")
IMAGE_SIGNATURE = Check(
    "image.signature_check",
    "Image signature check passed",
    "The image signature matches available signing materials.",
)
ATTESTATION_SIGNATURE = Check(
    "attestation.signature_check",
    "Attestation signature check passed",
    "The attestation signature matches available signing materials.",
)
ATTESTATION_SYNTAX = Check(
    "attestation.syntax_check", "Attestation syntax check passed", "The attestation has correct syntax."
)

#: The one violation without metadata: nothing was attested about the image (specification 20 §2.2).
NO_ATTESTATIONS = Result("No attestations contain a subject that match the given image.")

_NOUNS = {IMAGE_SIGNATURE.code: "Image signature", ATTESTATION_SIGNATURE.code: "Image attestation"}
_NOT_FOUND = {
    "signatures": (
        "No image signatures found matching the given public key. "
        "Verify the correct public key was provided, and a signature was created."
    ),
    "attestations": (
        "No image attestations found matching the given public key. "
        "Verify the correct public key was provided, and one or more attestations were created."
    ),
}


def report_inaccessible(error: Error) -> Result:
    """The violation of an image that isn't there. There is no success of this check."""
    return ACCESSIBLE.violation(f"Image URL is not accessible: {error}")


def report_unjudged(error: Error) -> Result:
    """The violation of an image that something kept from being judged. There is no success of this check."""
    check = _JUDGED if isinstance(error, InternalError) else _NAMED
    return check.violation(f"Image was not judged: {error}")


def is_final(code: str) -> bool:
    """Whether a violation with this code would be there again: what couldn't be had, or verified, may be there now."""
    return code not in {one.code for one in (ACCESSIBLE, _JUDGED, _NAMED, IMAGE_SIGNATURE, ATTESTATION_SIGNATURE)}


def report_unverified(check: Check, error: Error, *, by_key: bool) -> Result:
    """The violation of a signature check; with a key its text follows what the verifier looked for, not the check.

    Args:
        check: `IMAGE_SIGNATURE` or `ATTESTATION_SIGNATURE`.
        error: why.
        by_key: whether the policy names a public key.
    """
    if by_key and isinstance(error, NoMatchingError):
        return check.violation(f"{_NOT_FOUND[error.kind]} Error: {error}")
    return check.violation(f"{_NOUNS[check.code]} check failed: {error}")


def report_unfetched_attestations(error: Error) -> Result:
    """The violation of attestations that couldn't even be read with ``--skip-att-sig-check``."""
    return ATTESTATION_SIGNATURE.violation(
        f"Image attestation check failed: failed to fetch attestations (signature check skipped): {error}"
    )


def syntax(attestations: Sequence[Attestation]) -> Result:
    """Hold the SLSA provenance among the attestations against its schema (specification 20 §8.4)."""
    if not attestations:
        return ATTESTATION_SYNTAX.violation("Attestation syntax check failed: no attestation data")
    from refimpl.verify.schema import schema_error
    from refimpl.verify.slsa import PROVENANCE

    reasons = []
    for attestation in attestations:
        provenance = None if attestation.conforms else PROVENANCE.get(attestation.predicate_type)
        reason = schema_error(provenance.schema, attestation.document.value) if provenance else None
        if reason:
            reasons.append(reason)
    if not reasons:
        return ATTESTATION_SYNTAX.success()
    return ATTESTATION_SYNTAX.violation(
        "Attestation syntax check failed: attestation syntax validation failed: " + "\n".join(reasons)
    )
