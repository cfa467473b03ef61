"""The transparency log itself: entries in a Merkle tree, signed with the log's key.

Source: specification 30 §6, specification 20 §4.3; RFC 6962; C2SP signed-note (checkpoints).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.rekor.entries import canonical
from ec_acceptance.testbed.rekor.merkle import Tree, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ec_acceptance.testbed.signing.keys import KeyPair

__all__ = ["Log", "LogEntry"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry in its place."""

    index: int
    body: bytes
    integrated_time: int
    """Seconds since 1970."""
    attestation: bytes | None = None
    """What is kept beside the body, and isn't signed by the log."""

    @property
    def leaf(self) -> str:
        """The leaf's hash in hex: what an entry is found by."""
        return leaf_hash(self.body).hex()


class Log:
    """One log with its key. Safe for threads; entries are never changed nor removed.

    `wanted` are the indexes of the entries that were to be added, in turn, those that were there already included.
    """

    def __init__(
        self, key: KeyPair, *, clock: Callable[[], float] = time.time, name: str = "rekor.test", tree_id: int = 1
    ) -> None:
        self.key = key
        self.name = name
        self.tree_id = tree_id
        self._clock = clock
        self._tree = Tree()
        self._lock = threading.Lock()
        self._entries: list[LogEntry] = []
        self._unknown: set[int] = set()
        self.wanted: list[int] = []
        self._by_leaf: dict[str, LogEntry] = {}
        self._by_hash: dict[str, list[LogEntry]] = defaultdict(list)

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self._entries)

    @property
    def origin(self) -> str:
        """The first line of its checkpoints."""
        return f"{self.name} - {self.tree_id}"

    @property
    def public_pem(self) -> str:
        """The log's public key."""
        return self.key.public_pem

    def add(
        self,
        body: bytes,
        *,
        at: float | None = None,
        attestation: bytes | None = None,
        found_by: Iterable[str] | None = None,
    ) -> LogEntry:
        """Store a body, right or wrong; an equal one is stored once.

        Args:
            body: canonical JSON, see `entries`.
            at: seconds since 1970; the clock's time by default.
            attestation: kept beside it.
            found_by: what `search` finds it by, `algorithm:hex`; those of the attestation's subjects by default.
        """
        leaf = leaf_hash(body).hex()
        with self._lock:
            if known := self._by_leaf.get(leaf):
                self.wanted.append(known.index)
                return known
            entry = LogEntry(self.size, body, int(self._clock() if at is None else at), attestation)
            for digest in _digests(attestation) if found_by is None else found_by:
                self._by_hash[digest].append(entry)
            self._tree.append(body)
            self._entries.append(entry)
            self._by_leaf[leaf] = entry
            self.wanted.append(entry.index)
            return entry

    def leaves(self, size: int) -> list[bytes]:
        """The hashes of the first entries, so many."""
        return self._tree.leaves(size)

    def search_terms(self, entry: LogEntry) -> list[str]:
        """What `search` finds the entry by."""
        with self._lock:
            return [digest for digest, entries in self._by_hash.items() if entry in entries]

    def add_unknown(self, leaf: bytes) -> None:
        """Add an entry of which only the hash is known: it counts in the tree, and nobody finds it."""
        with self._lock:
            self._tree.append_leaf(leaf)
            self._unknown.add(self.size)
            self._entries.append(LogEntry(self.size, b"", 0))

    def find(self, body: bytes) -> LogEntry | None:
        """The entry with exactly this body."""
        return self._by_leaf.get(leaf_hash(body).hex())

    def by_uuid(self, uuid: str) -> LogEntry | None:
        """The entry of this UUID: 64 hex digits of the leaf, or 80 with the tree's."""
        tree, leaf = uuid[:-64], uuid[-64:]
        return self._by_leaf.get(leaf.lower()) if tree in {"", self._tree_text} else None

    def by_index(self, index: int) -> LogEntry | None:
        """The entry at this index."""
        return self._entries[index] if 0 <= index < self.size and index not in self._unknown else None

    def search(self, digest: str) -> list[LogEntry]:
        """The entries that the index has for a digest, `algorithm:hex`."""
        with self._lock:
            return list(self._by_hash.get(digest, ()))

    def uuid(self, entry: LogEntry) -> str:
        """The entry's UUID: 16 hex digits of the tree and 64 of the leaf."""
        return self._tree_text + entry.leaf

    def root(self, size: int | None = None) -> str:
        """The root hash in hex at this size."""
        return self._tree.root(size).hex()

    def consistency(self, first: int, second: int) -> list[str]:
        """The consistency proof between two sizes, in hex.

        Raises:
            ValueError: no such sizes.
        """
        return [node.hex() for node in self._tree.consistency(first, second)]

    def checkpoint(self, size: int | None = None, *, key: KeyPair | None = None) -> str:
        """The signed tree head as a note."""
        signer = key or self.key
        count = self.size if size is None else size
        root = base64.b64encode(self._tree.root(count)).decode()
        text = f"{self.origin}\n{count}\n{root}\n"
        signature = base64.b64encode(signer.fingerprint[:4] + signer.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.name} {signature}\n"

    def signed_entry_timestamp(self, entry: LogEntry, *, key: KeyPair | None = None) -> str:
        """The log's signed entry timestamp (SET): base64 of a signature over its canonical JSON."""
        signer = key or self.key
        return base64.b64encode(signer.sign(canonical(_payload(entry, signer)))).decode()

    def describe(self, entry: LogEntry, *, key: KeyPair | None = None, size: int | None = None) -> dict[str, Any]:
        """The entry as the API shows it, with its proof at a size of the tree (now, by default).

        `key` signs in place of the log's own, which then is another log's word.
        """
        count = self.size if size is None else size
        proof = {
            "checkpoint": self.checkpoint(count, key=key),
            "hashes": [node.hex() for node in self._tree.inclusion(entry.index, count)],
            "logIndex": entry.index,
            "rootHash": self.root(count),
            "treeSize": count,
        }
        timestamp = self.signed_entry_timestamp(entry, key=key)
        kept = {} if entry.attestation is None else {"attestation": {"data": _base64(entry.attestation)}}
        return {
            **kept,
            **_payload(entry, key or self.key),
            "verification": {"inclusionProof": proof, "signedEntryTimestamp": timestamp},
        }

    def bundle(self, entry: LogEntry, *, key: KeyPair | None = None) -> dict[str, Any]:
        """What the layer annotation `dev.sigstore.cosign/bundle` holds, so that nobody need ask the log."""
        return {
            "SignedEntryTimestamp": self.signed_entry_timestamp(entry, key=key),
            "Payload": _payload(entry, key or self.key),
        }

    def in_bundle(self, entry: LogEntry) -> dict[str, Any]:
        """An entry as a Sigstore bundle has it: a `TransparencyLogEntry` in protobuf's JSON."""
        shown = self.describe(entry)
        proof = shown["verification"]["inclusionProof"]
        return {
            "logIndex": str(entry.index),
            "logId": {"keyId": base64.b64encode(self.key.fingerprint).decode()},
            "kindVersion": _kind(entry.body),
            "integratedTime": str(entry.integrated_time),
            "inclusionPromise": {"signedEntryTimestamp": shown["verification"]["signedEntryTimestamp"]},
            "inclusionProof": {
                "logIndex": str(proof["logIndex"]),
                "rootHash": _base64_of_hex(proof["rootHash"]),
                "treeSize": str(proof["treeSize"]),
                "hashes": [_base64_of_hex(node) for node in proof["hashes"]],
                "checkpoint": {"envelope": proof["checkpoint"]},
            },
            "canonicalizedBody": shown["body"],
        }

    @property
    def _tree_text(self) -> str:
        return f"{self.tree_id:016x}"


def _kind(body: bytes) -> dict[str, str]:
    document = json.loads(body)
    return {"kind": document.get("kind", ""), "version": document.get("apiVersion", "")}


def _base64_of_hex(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def _payload(entry: LogEntry, signer: KeyPair) -> dict[str, Any]:
    return {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.integrated_time,
        "logID": signer.fingerprint.hex(),
        "logIndex": entry.index,
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _digests(attestation: bytes | None) -> list[str]:
    """What an index finds an attestation by: its own digest and those of its subjects."""
    if attestation is None:
        return []
    subjects = json.loads(attestation).get("subject") or ()
    named = [f"{algorithm}:{value}" for one in subjects for algorithm, value in one["digest"].items()]
    return [f"sha256:{hashlib.sha256(attestation).hexdigest()}", *named]
