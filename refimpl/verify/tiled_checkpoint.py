"""Heads of the trees of Rekor's second version (specification 20 §6.6; https://c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.golang import base64text
from refimpl.verify.refusal import failing

if TYPE_CHECKING:
    from refimpl.verify.keys import PublicKey

_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:]*)")
_LINE = re.compile("\u2014 ([^\\s+]+) ([^\\s]+)")
_SIZE = re.compile("0|[1-9][0-9]{0,19}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MOST_SIGNATURES = 100
_HINT = 4
_ED25519 = bytes.fromhex("302a300506032b6570032100")  # before the 32 bytes of a key in PKIX form (RFC 8410 §4)
_RSA = b"\xffPKIX-RSA-PKCS#1v1.5"


def host_of(url: str) -> str:
    """The host of a log's URL, which is the log's name; empty when it has none."""
    found = _HOST.match(url)
    return found[1].strip("[]") if found else ""


def read_checkpoint(note: str, key: PublicKey, name: str) -> tuple[int, bytes]:
    """Size and root of the tree, by the word of the log with this key and name; witnesses may sign, too.

    Raises:
        VerificationError: it isn't the log's word.
    """
    with failing("unverified checkpoint signature"):
        lines = _signed_lines(note, key, name)
        if lines[0] != name:
            raise VerificationError(f"got Origin {lines[0][:200]} but expected {name}")
        if len(lines) < 4 or not _SIZE.fullmatch(lines[1]):
            raise VerificationError("invalid checkpoint - size invalid")
        return int(lines[1]), _decode(lines[2])


def _signed_lines(note: str, key: PublicKey, name: str) -> list[str]:
    head, separator, signatures = note.rpartition("\n\n")
    text = f"{head}\n"
    listed = signatures.removesuffix("\n").split("\n")
    matches = [_LINE.fullmatch(line) for line in listed[: _MOST_SIGNATURES + 1]]
    if not separator or not signatures.endswith("\n") or _CONTROL.search(text) or None in matches:
        raise VerificationError("malformed note")
    if len(matches) > _MOST_SIGNATURES:
        raise VerificationError("malformed note")
    hint = _key_id(key, name)[:_HINT]
    for match in matches:
        if match is None or match[1] != name:
            continue
        signature = _decode(match[2])
        if signature[:_HINT] == hint:
            key.verify(signature[_HINT:], text.encode("utf-8", "surrogatepass"))
            return text.split("\n")
    raise VerificationError("note has no verifiable signatures")


def _decode(text: str) -> bytes:
    try:
        return base64text.decode(text)
    except base64text.Base64Error as error:
        raise VerificationError(str(error)) from None


def _key_id(key: PublicKey, name: str) -> bytes:
    if key.is_ecdsa:
        return hashlib.sha256(key.der).digest()
    kind = b"\x01" + key.der[len(_ED25519) :] if key.der.startswith(_ED25519) else _RSA + key.der
    return hashlib.sha256(name.encode() + b"\n" + kind).digest()
