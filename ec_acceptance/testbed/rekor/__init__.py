"""A transparency log in this process: a real Merkle tree, real signatures, and faults on request."""

from __future__ import annotations

from ec_acceptance.testbed.rekor.entries import EntryError, canonicalize, dsse, hashedrekord, intoto, intoto_v2
from ec_acceptance.testbed.rekor.log import Log, LogEntry
from ec_acceptance.testbed.rekor.merkle import Tree, leaf_hash
from ec_acceptance.testbed.rekor.server import NO_FAULTS, LogFaults, RekorServer

__all__ = [
    "NO_FAULTS",
    "EntryError",
    "Log",
    "LogEntry",
    "LogFaults",
    "RekorServer",
    "Tree",
    "canonicalize",
    "dsse",
    "hashedrekord",
    "intoto",
    "intoto_v2",
    "leaf_hash",
]
