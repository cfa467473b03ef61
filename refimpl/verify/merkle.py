"""Inclusion in a Merkle tree (RFC 6962 §2.1.1, RFC 9162 §2.1.3.2)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSIGNED = 1 << 64
_HASH_SIZE = hashlib.sha256().digest_size


def leaf_hash(body: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + body).digest()


def root_from_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root of the tree of `size` leaves that has `leaf` at `index`, by its audit path.

    Raises:
        VerificationError: no such leaf, or the path has another length than such a tree needs.
    """
    if not 0 <= index < size:
        raise VerificationError(f"index is beyond size: {index % _UNSIGNED} >= {size % _UNSIGNED}")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise VerificationError(f"wrong proof size {len(proof)}, want {inner + border}")
    if any(len(sibling) != _HASH_SIZE for sibling in proof):
        raise VerificationError("proof has a node that is no hash")
    root = leaf
    for level, sibling in enumerate(proof):
        on_the_right = level >= inner or index >> level & 1
        root = _node(sibling, root) if on_the_right else _node(root, sibling)
    return root


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the proof leads from `leaf` to `root`.

    Raises:
        VerificationError: it doesn't.
    """
    calculated = root_from_proof(leaf, index, size, proof)
    if len(root) > _HASH_SIZE:  # never shown: it may be as large as anything
        raise VerificationError(f"expected root has {len(root)} bytes")
    if calculated != root:
        raise VerificationError(
            f"calculated root:\n{_decimal(calculated)}\n does not match expected root:\n{_decimal(root)}"
        )


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _decimal(data: bytes) -> str:
    return "[" + " ".join(map(str, data)) + "]"
