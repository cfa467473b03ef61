from __future__ import annotations

import pytest

from ec_acceptance.testbed.rekor.merkle import Tree
from refimpl.errors import VerificationError
from refimpl.verify.merkle import check_inclusion, leaf_hash


def _tree(size: int) -> Tree:
    tree = Tree()
    for index in range(size):
        tree.append(b"%d" % index)
    return tree


@pytest.mark.parametrize("size", range(1, 18))
def test_every_leaf_of_every_tree_is_included(size: int) -> None:
    tree = _tree(size)
    for index in range(size):
        proof = tree.inclusion(index, size)
        check_inclusion(leaf_hash(b"%d" % index), index, size, proof, tree.root(size))


def test_no_other_leaf_index_size_path_or_root_is_taken() -> None:
    tree = _tree(11)
    proof, root, leaf = tree.inclusion(6, 11), tree.root(11), leaf_hash(b"6")
    check_inclusion(leaf, 6, 11, proof, root)
    swapped = [proof[1], proof[0], *proof[2:]]
    for changed in (
        (leaf_hash(b"7"), 6, 11, proof, root),
        (leaf, 7, 11, proof, root),
        (leaf, 6, 7, proof, root),
        (leaf, 6, 11, proof[:-1], root),
        (leaf, 6, 11, [*proof, b""], root),
        (leaf, 6, 11, swapped, root),
        (leaf, 6, 11, proof, tree.root(10)),
        (leaf, 6, 11, proof, b""),
    ):
        with pytest.raises(VerificationError):
            check_inclusion(*changed)


@pytest.mark.parametrize(
    ("index", "size", "path", "reason"),
    [
        (1, 1, [], "index is beyond size: 1 >= 1"),
        (0, 0, [], "index is beyond size: 0 >= 0"),
        (-1, 1, [], "index is beyond size: 18446744073709551615 >= 1"),
        (0, 1, [b"x"], "wrong proof size 1, want 0"),
        (0, 2, [], "wrong proof size 0, want 1"),
    ],
)
def test_impossible_proofs_are_told(index: int, size: int, path: list[bytes], reason: str) -> None:
    with pytest.raises(VerificationError) as caught:
        check_inclusion(b"", index, size, path, b"")
    assert str(caught.value) == reason


def test_roots_are_shown_as_decimal_bytes() -> None:
    with pytest.raises(VerificationError) as caught:
        check_inclusion(b"\x01\x02", 0, 1, [], b"\x00\xff")
    assert str(caught.value) == "calculated root:\n[1 2]\n does not match expected root:\n[0 255]"
