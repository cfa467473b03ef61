"""That a bundle's signature is in a transparency log (specification 20 §6.5, §6.6)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.verify import merkle
from refimpl.verify.checkpoint import check_checkpoint
from refimpl.verify.refusal import failing
from refimpl.verify.transparency_log import SignedEntryTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refimpl.verify.bundle_entry import BundleEntry, InclusionProof
    from refimpl.verify.bundle_signer import ByCertificate, ByKey
    from refimpl.verify.trust import LogKey, LogKeys

_MOST_ENTRIES = 32
#: How heads of trees begin that logs of Rekor's first version sign: a name and the tree's number.
_NUMBERED_TREE = re.compile("[^\n]* - [0-9]+\n(?:[^\n]*\n){2}")


def check_logged(
    entries: Sequence[BundleEntry], signature: bytes, signer: ByKey | ByCertificate, logs: LogKeys
) -> tuple[datetime, ...]:
    """When trusted logs say that they took the signature: the times at which they say so, of which there may be none.

    Args:
        entries: of any logs.
        signature: the bundle's.
        signer: the entries must name its key or certificate.
        logs: the trusted ones.

    Raises:
        VerificationError: no trusted log has it, or an entry is wrong.
    """
    _check_number(entries)
    times, logged = [], 0
    for entry in entries:
        if entry.logged.refusal:
            raise VerificationError(entry.logged.refusal)
        log = logs.find(entry.log_id)
        if log is None:
            continue
        if not entry.signed_timestamp and entry.proof is None:
            raise VerificationError("entry must contain an inclusion proof and/or promise")
        if entry.signed_timestamp:
            if not _is_timestamped(entry, log):
                continue
            times.append(_time(entry))
        if entry.proof is not None:
            _check_inclusion(entry, entry.proof, log)
        if entry.logged.signature != signature:
            raise VerificationError("transparency log signature does not match")
        if not signer.is_named(entry.logged.verifier):
            raise VerificationError("transparency log certificate does not match")
        if entry.integrated_time:
            signer.check_time(_time(entry))
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


def _time(entry: BundleEntry) -> datetime:
    try:
        return datetime.fromtimestamp(entry.integrated_time, UTC)
    except (ValueError, OverflowError, OSError):
        raise VerificationError(f"invalid integrated time {entry.integrated_time}") from None


def _is_timestamped(entry: BundleEntry, log: LogKey) -> bool:
    """Whether a log of Rekor's first version signed that it took the entry, at a time at which it was trusted."""
    if entry.logged.tiled:
        return False
    body = base64.b64encode(entry.body).decode()
    timestamp = SignedEntryTimestamp(body, entry.integrated_time, entry.index, entry.log_id, entry.signed_timestamp)
    try:
        timestamp.check(log.key)
        return log.key.is_ecdsa and log.period.covers(_time(entry))
    except VerificationError:
        return False


def _check_inclusion(entry: BundleEntry, proof: InclusionProof, log: LogKey) -> None:
    leaf = merkle.leaf_hash(entry.body)
    if _NUMBERED_TREE.match(proof.checkpoint):
        merkle.check_inclusion(leaf, proof.index, proof.tree_size, proof.hashes, proof.root)
        check_checkpoint(proof.checkpoint, log.key, size=proof.tree_size, root=proof.root)
        return
    if not log.url:
        raise VerificationError("cannot verify Rekor v2 entry without baseUrl in transparency log's trusted root")
    from refimpl.verify.tiled_checkpoint import host_of, read_checkpoint  # few logs are of the second version

    with failing("verifying log entry"):
        size, root = read_checkpoint(proof.checkpoint, log.key, host_of(log.url))
        with failing("verifying inclusion"):
            merkle.check_inclusion(leaf, entry.index, size, proof.hashes, root)
