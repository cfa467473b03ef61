"""A signature as the report and the policy input show it (specification 20 §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class Signature:
    """One signature.

    Attributes:
        sig: base64, as found.
        certificate: PEM, or empty.
        chain: PEM of issuers … root.
        metadata: facts about the certificate, sorted by name.
    """

    keyid: str
    sig: str
    certificate: str = ""
    chain: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """``keyid`` and ``sig``, then ``certificate``, ``chain`` and ``metadata`` when not empty."""
        document: dict[str, Any] = {"keyid": self.keyid, "sig": self.sig}
        if self.certificate:
            document["certificate"] = self.certificate
        if self.chain:
            document["chain"] = list(self.chain)
        if self.metadata:
            document["metadata"] = dict(self.metadata)
        return document
