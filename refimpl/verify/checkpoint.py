"""Checkpoints: signed heads of a log's tree (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.verify import encoding

if TYPE_CHECKING:
    from refimpl.verify.keys import PublicKey

__all__ = ["check_checkpoint"]

_SIGNATURE = "\u2014 "
_HINT = 4


def check_checkpoint(note: str, key: PublicKey, *, size: int, root: bytes) -> None:
    """Check that the log with `key` signed a head of this size and root.

    Raises:
        VerificationError: it didn't, or the note isn't one.
    """
    text, separator, signatures = note.partition("\n\n")
    lines = f"{text}\n".splitlines()
    if not separator or len(lines) < 3:
        raise VerificationError("malformed checkpoint")
    if not any(_is_signed(line, f"{text}\n".encode(), key) for line in signatures.splitlines()):
        raise VerificationError("signature on checkpoint did not verify")
    try:
        matches = int(lines[1]) == size and encoding.decode(lines[2]) == root
    except ValueError:  # Base64Error is one, too
        matches = False
    if not matches:
        raise VerificationError("checkpoint is of another tree than the inclusion proof")


def _is_signed(line: str, text: bytes, key: PublicKey) -> bool:
    if not line.startswith(_SIGNATURE):
        return False
    try:
        data = encoding.decode(line.rpartition(" ")[2])
        if data[:_HINT] != hashlib.sha256(key.der).digest()[:_HINT]:
            return False
        key.verify(data[_HINT:], text)
    except (encoding.Base64Error, VerificationError):
        return False
    return True
