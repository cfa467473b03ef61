from __future__ import annotations

import json
from typing import Any

import pytest
from samples import V02, statement

from refimpl.errors import RegistryError, VerificationError
from refimpl.golang.document import parse
from refimpl.verify import checks
from refimpl.verify.attestation import Attestation
from refimpl.verify.refusal import NoMatchingError

_NO_SIGNATURES = (
    "No image signatures found matching the given public key. "
    "Verify the correct public key was provided, and a signature was created."
)
_NO_ATTESTATIONS = (
    "No image attestations found matching the given public key. "
    "Verify the correct public key was provided, and one or more attestations were created."
)


def _attestation(predicate_type: str, **members: Any) -> Attestation:
    raw = json.dumps(statement(predicate_type, **members)).encode()
    return Attestation(raw, predicate_type, "", (), parse(raw))


def test_a_passed_check_says_pass_and_keeps_its_texts_for_info() -> None:
    passed = checks.IMAGE_SIGNATURE.success()
    assert passed.reduce(info=False).to_json() == {
        "msg": "Pass",
        "metadata": {"code": "builtin.image.signature_check"},
    }
    assert passed.to_json()["metadata"] == {
        "code": "builtin.image.signature_check",
        "description": "The image signature matches available signing materials.",
        "title": "Image signature check passed",
    }


def test_a_failure_keeps_the_title_of_the_success() -> None:
    failed = checks.report_unverified(checks.ATTESTATION_SIGNATURE, VerificationError("x"), by_key=True)
    assert failed.metadata == checks.ATTESTATION_SIGNATURE.success().metadata


@pytest.mark.parametrize(
    ("check", "error", "by_key", "message"),
    [
        (
            checks.IMAGE_SIGNATURE,
            NoMatchingError("signatures", "x"),
            True,
            f"{_NO_SIGNATURES} Error: no matching signatures: x",
        ),
        (
            checks.ATTESTATION_SIGNATURE,
            NoMatchingError("attestations", ""),
            True,
            f"{_NO_ATTESTATIONS} Error: no matching attestations: ",
        ),
        (
            checks.IMAGE_SIGNATURE,
            NoMatchingError("attestations", "x"),
            True,
            f"{_NO_ATTESTATIONS} Error: no matching attestations: x",
        ),
        (
            checks.IMAGE_SIGNATURE,
            NoMatchingError("signatures", "x"),
            False,
            "Image signature check failed: no matching signatures: x",
        ),
        (
            checks.IMAGE_SIGNATURE,
            VerificationError("no signatures found"),
            True,
            "Image signature check failed: no signatures found",
        ),
        (checks.ATTESTATION_SIGNATURE, VerificationError("x"), True, "Image attestation check failed: x"),
    ],
)
def test_messages_follow_the_kind_of_error(
    check: checks.Check, error: VerificationError, by_key: object, message: str
) -> None:
    assert checks.report_unverified(check, error, by_key=bool(by_key)).msg == message


def test_an_inaccessible_image_has_its_own_code() -> None:
    failed = checks.report_inaccessible(RegistryError("gone"))
    assert (failed.code, failed.msg) == ("builtin.image.accessible", "Image URL is not accessible: gone")


def test_unread_attestations_fail_the_signature_check() -> None:
    failed = checks.report_unfetched_attestations(VerificationError("x"))
    assert failed.code == "builtin.attestation.signature_check"
    assert failed.msg == "Image attestation check failed: failed to fetch attestations (signature check skipped): x"


def test_the_special_violation_has_no_metadata() -> None:
    assert checks.NO_ATTESTATIONS.to_json() == {"msg": "No attestations contain a subject that match the given image."}


def test_no_attestations_fail_the_syntax_check() -> None:
    assert checks.syntax([]).msg == "Attestation syntax check failed: no attestation data"


def test_only_slsa_provenance_is_held_against_a_schema() -> None:
    passed = checks.syntax([_attestation("other", predicate=5), _attestation(V02)])
    assert passed == checks.ATTESTATION_SYNTAX.success()


def test_all_syntax_failures_are_told_in_order() -> None:
    wrong = [_attestation(V02, predicate={}), _attestation("t"), _attestation(V02, subject=[])]
    message = checks.syntax(wrong).msg
    prefix = "Attestation syntax check failed: attestation syntax validation failed: jsonschema: '/predicate'"
    assert message.startswith(prefix)
    assert "\njsonschema: '/subject' does not validate" in message
