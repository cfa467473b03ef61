"""Checkpoints: signed heads of a log's tree (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.golang import base64text

if TYPE_CHECKING:
    from refimpl.verify.keys import PublicKey

_SIGNATURE = re.compile("\u2014 [^ ]+ ([^ ]+)")
_SIZE = re.compile("0|[1-9][0-9]{0,19}")
_HINT = 4
_READING = "unmarshalling log entry checkpoint to SignedCheckpoint"


def check_checkpoint(note: str, key: PublicKey, *, size: int, root: bytes) -> None:
    """Check that the log with `key` signed a head of this size and root, and nobody else signed it.

    Raises:
        VerificationError: it didn't, or the note isn't one.
    """
    head, separator, signatures = note.rpartition("\n\n")
    text = f"{head}\n"
    lines = text.split("\n")  # lines end nowhere else, whatever Unicode has
    if not separator or not signatures.endswith("\n"):
        raise VerificationError(f"{_READING}: unmarshalling signed note: malformed note")
    if len(lines) < 4 or not lines[0]:
        reason = "too few newlines" if lines[0] else "empty ecosystem"
        raise VerificationError(f"{_READING}: unmarshalling checkpoint: invalid checkpoint - {reason}")
    signed = text.encode("utf-8", "surrogatepass")
    if not all(_is_signed(line, signed, key) for line in signatures.removesuffix("\n").split("\n")):
        raise VerificationError("signature on checkpoint did not verify")
    if not _SIZE.fullmatch(lines[1]):
        raise VerificationError(f"{_READING}: unmarshalling checkpoint: invalid checkpoint - size invalid")
    try:
        found = base64text.decode(lines[2])
    except base64text.Base64Error as error:
        raise VerificationError(
            f"{_READING}: unmarshalling checkpoint: invalid checkpoint - invalid hash: {error}"
        ) from None
    if found != root:
        shown = (root[:64].hex(), found[:64].hex())
        raise VerificationError("proof root hash does not match signed tree head, expected {} got {}".format(*shown))
    if int(lines[1]) != size:
        raise VerificationError("checkpoint is of another tree than the inclusion proof")


def _is_signed(line: str, text: bytes, key: PublicKey) -> bool:
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        return False
    try:
        data = base64text.decode(match[1])
        if data[:_HINT] != hashlib.sha256(key.der).digest()[:_HINT]:
            return False
        key.verify(data[_HINT:], text)
    except (base64text.Base64Error, VerificationError):
        return False
    return True
