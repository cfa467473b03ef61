from __future__ import annotations

import base64

import pytest
from samples import LOG, public

from refimpl.errors import VerificationError
from refimpl.verify.checkpoint import check_checkpoint

ROOT = bytes(range(32))


def _sign(size: str) -> str:
    """A note whose signature holds, whatever stands for the size."""
    text = f"rekor.test\n{size}\n{base64.b64encode(ROOT).decode()}\n"
    signature = base64.b64encode(LOG.fingerprint[:4] + LOG.sign(text.encode())).decode()
    return f"{text}\n\u2014 rekor.test {signature}\n"


def test_the_size_is_the_proofs() -> None:
    check_checkpoint(_sign("5"), public(LOG), size=5, root=ROOT)
    with pytest.raises(VerificationError, match=r"^checkpoint is of another tree than the inclusion proof$"):
        check_checkpoint(_sign("6"), public(LOG), size=5, root=ROOT)


@pytest.mark.parametrize("size", ["05", "+5", "-5", " 5", "5_0", "\u0665", "5" * 21, "5.0", ""])
def test_a_size_has_no_other_spelling(size: str) -> None:
    with pytest.raises(VerificationError, match=r"invalid checkpoint - size invalid$"):
        check_checkpoint(_sign(size), public(LOG), size=5, root=ROOT)
