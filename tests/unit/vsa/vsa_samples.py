"""VSAs for tests: a good one, and what judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.fixtures.vsa import Summary
from ec_acceptance.testbed.signing import KeyPair
from refimpl.policy.config import Policy
from refimpl.verify.dsse import Envelope
from refimpl.verify.keys import parse_public_key
from refimpl.vsa.check import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGEST = "sha256:" + "ab" * 32
IMAGE = f"registry.test/image@{DIGEST}"
POLICY = {"sources": [{"policy": ["git::host/rules?ref=1"]}]}
KEY = KeyPair.derive("tests", "vsa")
SIGNER = KeyPair.derive("tests", "signer")
GOOD = Summary(digest=DIGEST, reference=IMAGE, policy=POLICY, public_key=SIGNER.public_pem, key=KEY)
NOW = 1_800_000_000_000_000_000
MADE = "2027-01-15T07:00:00Z"  # an hour before


class Stored:
    """Has these envelopes of everything."""

    def __init__(self, envelopes: Sequence[bytes]) -> None:
        self._envelopes = envelopes

    def retrieve(self, identifier: str) -> Sequence[Envelope]:
        del identifier
        return [Envelope.parse(content, verifying=True) for content in self._envelopes]


def check(*envelopes: bytes, **changes: Any) -> Check:
    """What judges a VSA."""
    usual: dict[str, Any] = {
        "retriever": Stored(envelopes),
        "key": parse_public_key(KEY.public_pem),
        "longest": 604800.0,
        "policy": Policy.from_json(POLICY),
        "image_key": SIGNER.public_pem,
        "clock": lambda: NOW,
        "effective_time": NOW,
    }
    return Check(**{**usual, **changes})
