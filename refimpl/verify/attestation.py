"""An attestation as the report and the policy input show it (specification 20 §9, §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.record import field, record
from refimpl.verify.statement import build_finished

if TYPE_CHECKING:
    from refimpl.golang.document import Document
    from refimpl.verify.signature import Signature

_REPORTED_TYPE = "https://in-toto.io/Statement/v0.1"


@record
class Attestation:
    """One attestation.

    Attributes:
        statement: the payload, byte for byte as signed.
        predicate_type: empty when the statement has none.
        build_type: of SLSA provenance that came by tag; else empty.
        signatures: all those of the envelope, also ones that nobody verified.
        document: the statement, parsed.
        conforms: it was already held against the schema of its predicate type, as one that came by tag is.
    """

    statement: bytes
    predicate_type: str
    build_type: str
    signatures: tuple[Signature, ...]
    document: Document = field(repr=False)
    conforms: bool = False

    @property
    def build_finished(self) -> str | None:
        """When the build ended, as written; for ``--effective-time attestation`` (specification 20 §11)."""
        return build_finished(self.document.value)

    def to_json(self) -> dict[str, Any]:
        """The report's form; its ``type`` is the same for all statements, as the contract has it."""
        document: dict[str, Any] = {"type": _REPORTED_TYPE}
        if self.predicate_type:
            document["predicateType"] = self.predicate_type
        if self.build_type:
            document["predicateBuildType"] = self.build_type
        if self.signatures:
            document["signatures"] = [signature.to_json() for signature in self.signatures]
        return document
