"""What a run came to as an in-toto attestation: a test result about the program, or about the image that holds it.

Source: the in-toto attestation framework, predicate test-result v0.1; DSSE protocol 1.0.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.errors import Exit, UsageError
from ec_acceptance.conformance.outcome import WRONG

if TYPE_CHECKING:
    from ec_acceptance.conformance.outcome import Outcome
    from ec_acceptance.testbed.signing import KeyPair

__all__ = ["TEST_RESULT", "Signing", "describe_result", "digest_program"]

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_SUBJECT = re.compile(r"(?P<name>.+)@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")
_RESULTS = {
    Exit.CONFORMANT: "PASSED",
    Exit.AS_EXPECTED: "WARNED",
    Exit.INCOMPLETE: "WARNED",
    Exit.NOT_CONFORMANT: "FAILED",
}
"""What a run says of the program; of other runs nothing is attested, as they say nothing of it."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What is attested about, and who signs, if anybody does.

    Attributes:
        name: of the program, or the image that holds it.
        digest: its own, ``algorithm:hex``.
        signer: the key.
    """

    name: str
    digest: str
    signer: KeyPair | None

    @classmethod
    def read(cls, subject: str, name: str, program: str, key: Path | None) -> Signing:
        """Of the command line, so that a run isn't lost to a mistake there.

        Args:
            subject: ``name@algorithm:hex``; empty for the program itself.
            name: of the program.
            program: its digest, as `digest_program` has it.
            key: file with the private key.

        Raises:
            UsageError: it is no such text, or program or key can't be read.
        """
        from ec_acceptance.testbed.errors import InputError
        from ec_acceptance.testbed.fixtures.own import read_key

        found = _SUBJECT.fullmatch(subject)
        if subject and found is None:
            raise UsageError(f"--attest-subject {subject}: write a name and a digest, such as registry/image@sha256:…")
        try:
            signer = None if key is None else read_key(key, "attesting")
        except InputError as error:
            raise UsageError(f"--attest-key {error}") from None
        if found is not None:
            return cls(found["name"], found["digest"], signer)
        if not program:
            raise UsageError(f"--attest: the program {name!r} can't be read: name it by --attest-subject")
        return cls(name, program, signer)

    def attest(self, outcome: Outcome) -> bytes | None:
        """A statement, in a DSSE envelope if somebody signs; None of a run that says nothing of the program."""
        from ec_acceptance.testbed.signing import seal, statement, subject
        from ec_acceptance.testbed.signing.attestation import STATEMENT_V1

        predicate = describe_result(outcome)
        if predicate is None:
            return None
        subjects = [subject(self.digest, self.name)]
        content = statement(TEST_RESULT, predicate, subjects, statement_type=STATEMENT_V1)
        return (content if self.signer is None else seal(content, [self.signer]).content) + b"\n"


def digest_program(path: str) -> str:
    """The digest of a program's file, ``sha256:…``; empty if it can't be read."""
    try:
        with Path(path).open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return ""


def describe_result(outcome: Outcome) -> dict[str, Any] | None:
    """The predicate; None of a run that says nothing of the program."""
    result = _RESULTS.get(outcome.exit)
    if result is None:
        return None
    about = outcome.about
    by_status: dict[str, list[str]] = {}
    for one in outcome.results:
        by_status.setdefault(one.status, []).append(f"{one.id} ({one.location})")
    failed = sorted(name for status in WRONG for name in by_status.get(status, ()))
    warned = sorted(name for status in ("expected", "undecided") for name in by_status.get(status, ()))
    return {
        "result": result,
        "configuration": [
            {
                "name": about.suite,
                "annotations": {
                    "scenarios": about.scenarios,
                    "selected": about.selected,
                    "claims": [name for name in about.profiles if name in about.claims],
                    "validator": about.version,
                },
            }
        ],
        "passedTests": sorted(by_status.get("passed", ())),
        "warnedTests": warned,
        "failedTests": failed,
    }
