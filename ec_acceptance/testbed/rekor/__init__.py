"""A transparency log in this process: a real Merkle tree, real signatures, and lies on request."""

from __future__ import annotations

from ec_acceptance.testbed.rekor.entries import EntryError, canonicalized, dsse, hashedrekord, intoto
from ec_acceptance.testbed.rekor.log import Log, LogEntry
from ec_acceptance.testbed.rekor.merkle import Tree, leaf_hash
from ec_acceptance.testbed.rekor.server import TRUTH, Lies, RekorServer

__all__ = [
    "TRUTH",
    "EntryError",
    "Lies",
    "Log",
    "LogEntry",
    "RekorServer",
    "Tree",
    "canonicalized",
    "dsse",
    "hashedrekord",
    "intoto",
    "leaf_hash",
]
