from __future__ import annotations

import hashlib

import pytest

from ec_acceptance.testbed.rekor import Tree, leaf_hash

# The inputs and roots that the certificate transparency projects test with.
ENTRIES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def grown(entries: list[bytes]) -> Tree:
    tree = Tree()
    for index, entry in enumerate(entries):
        assert tree.append(entry) == index
    return tree


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root_from_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 §2.1.3.2: from the leaf up, by index and size."""
    fn, sn, result = index, size - 1, leaf
    for step in path:
        assert sn > 0
        if fn % 2 or fn == sn:
            result = node(step, result)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node(result, step)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return result


def roots_from_consistency(first: int, second: int, first_root: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """RFC 9162 §2.1.4.2: both roots as the proof has them."""
    path = [first_root, *proof] if first & (first - 1) == 0 else proof
    fn, sn = first - 1, second - 1
    while fn % 2:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        assert sn > 0
        if fn % 2 or fn == sn:
            old, new = node(step, old), node(step, new)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node(new, step)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return old, new


def test_a_leaf_is_hashed_apart_from_nodes() -> None:
    assert leaf_hash(b"x") == hashlib.sha256(b"\0x").digest()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones_at_every_size(size: int) -> None:
    assert grown(ENTRIES).root(size).hex() == ROOTS[size]


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 64, 100])
def test_every_inclusion_proof_leads_to_the_root(size: int) -> None:
    entries = [str(number).encode() for number in range(size)]
    tree = grown([*entries, b"one more"])
    for index, entry in enumerate(entries):
        path = tree.inclusion(index, size)
        assert root_from_inclusion(leaf_hash(entry), index, size, path) == tree.root(size)


@pytest.mark.parametrize("second", [*range(2, 20), 33, 64])
def test_every_consistency_proof_leads_to_both_roots(second: int) -> None:
    tree = grown([str(number).encode() for number in range(second)])
    for first in range(1, second):
        proof = tree.consistency(first, second)
        assert roots_from_consistency(first, second, tree.root(first), proof) == (tree.root(first), tree.root(second))


def test_a_tree_is_consistent_with_itself_without_proof() -> None:
    assert grown(ENTRIES).consistency(8) == []


@pytest.mark.parametrize("size", [-1, 9])
def test_a_size_the_tree_never_had_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"no tree of size {size}"):
        grown(ENTRIES).root(size)


def test_a_leaf_the_tree_has_not_at_that_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 4 in a tree of 4"):
        grown(ENTRIES).inclusion(4, 4)


@pytest.mark.parametrize("first", [0, 5])
def test_consistency_needs_a_size_between_one_and_the_second(first: int) -> None:
    with pytest.raises(ValueError, match=f"no proof between sizes {first} and 4"):
        grown(ENTRIES).consistency(first, 4)
