"""That a bundle's signature is in a transparency log (specification 20 §6.5)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.verify import merkle
from refimpl.verify.checkpoint import check_checkpoint
from refimpl.verify.transparency_log import Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refimpl.verify.bundle_entry import BundleEntry, InclusionProof
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.trust import LogKeys

__all__ = ["check_logged"]

_MOST_ENTRIES = 32
#: How heads of trees begin that logs of Rekor's first version sign: a name and the tree's number.
_NUMBERED_TREE = re.compile("[^\n]* - [0-9]+\n(?:[^\n]*\n){2}")


def check_logged(
    entries: Sequence[BundleEntry], signature: bytes, is_signer: Callable[[bytes], bool], logs: LogKeys
) -> tuple[datetime, ...]:
    """When trusted logs say that they took the signature: the times of their promises, of which there may be none.

    Args:
        entries: of any logs.
        signature: the bundle's.
        is_signer: whether this DER is of the key or certificate that the bundle is verified with.
        logs: the trusted ones.

    Raises:
        VerificationError: no trusted log has it, or an entry is wrong.
    """
    _check_number(entries)
    times, logged = [], 0
    for entry in entries:
        if entry.logged.refusal:
            raise VerificationError(entry.logged.refusal)
        key = logs.get(entry.log_id)
        if key is None:
            continue
        if not entry.signed_timestamp and entry.proof is None:
            raise VerificationError("entry must contain an inclusion proof and/or promise")
        if entry.signed_timestamp:
            if not _is_promised(entry, key):
                continue
            times.append(datetime.fromtimestamp(entry.integrated_time, UTC))
        if entry.proof is not None:
            _check_inclusion(entry.body, entry.proof, key)
        if entry.logged.signature != signature:
            raise VerificationError("transparency log signature does not match")
        if not is_signer(entry.logged.verifier):
            raise VerificationError("transparency log certificate does not match")
        logged += 1
    if not logged:
        raise VerificationError("not enough verified log entries from transparency log: 0 < 1")
    return tuple(times)


def _check_number(entries: Sequence[BundleEntry]) -> None:
    """Check that there are few entries, and none twice.

    Raises:
        VerificationError: it isn't so.
    """
    if len(entries) > _MOST_ENTRIES:
        raise VerificationError(f"too many tlog entries: {len(entries)} > {_MOST_ENTRIES}")
    if len({(entry.log_id, entry.index) for entry in entries}) < len(entries):
        raise VerificationError("duplicate tlog entries found")


def _is_promised(entry: BundleEntry, key: PublicKey) -> bool:
    if entry.logged.tiled:
        return False
    body = base64.b64encode(entry.body).decode()
    promise = Promise(body, entry.integrated_time, entry.index, entry.log_id, entry.signed_timestamp)
    try:
        promise.check(key)
    except VerificationError:
        return False
    return True


def _check_inclusion(body: bytes, proof: InclusionProof, key: PublicKey) -> None:
    if not _NUMBERED_TREE.match(proof.checkpoint):
        raise VerificationError("cannot verify Rekor v2 entry without baseUrl in transparency log's trusted root")
    merkle.check_inclusion(merkle.leaf_hash(body), proof.index, proof.tree_size, proof.hashes, proof.root)
    check_checkpoint(proof.checkpoint, key, size=proof.tree_size, root=proof.root)
