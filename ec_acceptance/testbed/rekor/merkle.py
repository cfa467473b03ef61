"""The Merkle tree of an append-only log: roots, inclusion proofs and consistency proofs at any size.

Source: RFC 6962 §2.1.
"""

from __future__ import annotations

import hashlib

__all__ = ["Tree", "leaf_hash"]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256 over 0x00 and the entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two smaller than the count."""
    return 1 << ((count - 1).bit_length() - 1)


class Tree:
    """A growing tree. Reading is safe beside one writer: nothing that exists ever changes."""

    def __init__(self) -> None:
        # Level n holds the hashes of all complete subtrees of 2**n leaves, so each hash is made once.
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, entry: bytes) -> int:
        """Add a leaf; its index is the answer."""
        return self.append_leaf(leaf_hash(entry))

    def append_leaf(self, leaf: bytes) -> int:
        """Add a leaf by its hash; its index is the answer."""
        index = self.size
        nodes = [leaf]
        position = index
        while position % 2:
            nodes.append(_node_hash(self._levels[len(nodes) - 1][position - 1], nodes[-1]))
            position //= 2
        if len(nodes) > len(self._levels):
            self._levels.append([])
        # From the top, so that a reader who sees the leaf finds all that stands on it.
        for level in reversed(range(len(nodes))):
            self._levels[level].append(nodes[level])
        return index

    def leaves(self, size: int) -> list[bytes]:
        """The hashes of the first leaves, so many."""
        return self._levels[0][:size]

    def root(self, size: int | None = None) -> bytes:
        """The tree's head at this size (now, by default).

        Raises:
            ValueError: the tree isn't that large.
        """
        return self._subtree(0, self._check_size(size))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path of a leaf in the tree of this size, from the leaf up.

        Raises:
            ValueError: the tree isn't that large, or has no such leaf at that size.
        """
        count = self._check_size(size)
        if not 0 <= index < count:
            raise ValueError(f"no leaf {index} in a tree of {count}")
        path: list[bytes] = []
        start = 0
        while count > 1:
            left = _split(count)
            if index - start < left:
                path.append(self._subtree(start + left, count - left))
                count = left
            else:
                path.append(self._subtree(start, left))
                start, count = start + left, count - left
        path.reverse()
        return path

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """The proof that the tree of size `first` is the beginning of the one of size `second`.

        Raises:
            ValueError: the tree isn't that large, or `first` isn't between 1 and `second`.
        """
        count = self._check_size(second)
        if not 1 <= first <= count:
            raise ValueError(f"no proof between sizes {first} and {count}")
        proof: list[bytes] = []
        start, known = 0, True
        while first < count:
            left = _split(count)
            if first <= left:
                proof.append(self._subtree(start + left, count - left))
                count = left
            else:
                proof.append(self._subtree(start, left))
                start, first, count, known = start + left, first - left, count - left, False
        if not known:
            proof.append(self._subtree(start, count))
        proof.reverse()
        return proof

    def _check_size(self, size: int | None) -> int:
        count = self.size if size is None else size
        if not 0 <= count <= self.size:
            raise ValueError(f"no tree of size {count}")
        return count

    def _subtree(self, start: int, count: int) -> bytes:
        if count == 0:
            return hashlib.sha256(b"").digest()
        if count & (count - 1) == 0 and start % count == 0:
            return self._levels[count.bit_length() - 1][start // count]
        left = _split(count)
        return _node_hash(self._subtree(start, left), self._subtree(start + left, count - left))
