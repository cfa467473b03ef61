"""The two kinds of failure that the built-in checks tell apart (specification 20 §2.1)."""

from __future__ import annotations

from typing import Literal

from refimpl.errors import VerificationError

__all__ = ["Kind", "NoMatchingError"]

Kind = Literal["signatures", "attestations"]


class NoMatchingError(VerificationError):
    """Of all signatures or attestations none verified; `kind` says which the verifier looked at."""

    def __init__(self, kind: Kind, reasons: str) -> None:
        super().__init__(f"no matching {kind}: {reasons}")
        self.kind = kind
