"""Merkle trees: published vectors, and every proof for every size up to 300."""

import base64
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import merkle
from config.errors import InputError

PUBLISHED = json.loads((Path(__file__).parent / "vectors" / "merkle.json").read_text(encoding="utf-8"))
# The reference tree of Certificate Transparency: leaves, and the root for each size from 0 to 8.
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
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
SIZE_MAX = 300


def tree(leaves: Sequence[bytes]) -> merkle.Node:
    """A node function over leaf hashes in memory."""

    @cache
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


HASHES = [merkle.leaf_hash(b"%d" % number) for number in range(SIZE_MAX)]
NODE = tree(HASHES)
ROOT = [merkle.root(size, NODE) for size in range(SIZE_MAX + 1)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    split = max(1 << bit for bit in range(20) if 1 << bit < len(leaves))
    return merkle.node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def unpack(probe: dict[str, Any], *names: str) -> list[Any]:
    """A published probe's values, base64 decoded."""
    values = [probe[name] for name in names]
    proof = [base64.b64decode(each) for each in probe["proof"] or []]
    return [base64.b64decode(value) if isinstance(value, str) else value for value in values] + [proof]


def refused(code: str, check: Any, *arguments: Any) -> bool:
    """Whether the check refuses, with this code."""
    try:
        check(*arguments)
    except InputError as error:
        return error.code == code
    return False


def test_published_roots() -> None:
    """Leaf, node and empty hashes give the published roots."""
    node = tree([merkle.leaf_hash(leaf) for leaf in LEAVES])

    assert ROOTS == [merkle.root(size, node).hex() for size in range(9)]


@pytest.mark.parametrize("probe", PUBLISHED["inclusion"], ids=lambda probe: probe["name"])
def test_published_inclusion(probe: dict[str, Any]) -> None:
    """Each published inclusion probe is accepted or refused as published."""
    leaf, index, size, root, proof = unpack(probe, "leafHash", "leafIdx", "treeSize", "root")

    got = refused("inclusion_wrong", merkle.verify_inclusion, leaf, index, size, proof, root)

    assert probe["wantErr"] == got


@pytest.mark.parametrize("probe", PUBLISHED["consistency"], ids=lambda probe: probe["name"])
def test_published_consistency(probe: dict[str, Any]) -> None:
    """Each published consistency probe is accepted or refused as published."""
    old, old_root, new, new_root, proof = unpack(probe, "size1", "root1", "size2", "root2")

    got = refused("consistency_wrong", merkle.verify_consistency, old, old_root, new, new_root, proof)

    assert probe["wantErr"] == got


def test_roots_of_all_sizes() -> None:
    """The root of every size up to 300 is the definition's."""
    assert [naive_root(HASHES[:size]) for size in range(SIZE_MAX + 1)] == ROOT


def test_inclusion_of_all_leaves_in_all_sizes() -> None:
    """Every leaf of every size up to 300 is proven."""
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, NODE)
            merkle.verify_inclusion(HASHES[index], index, size, proof, ROOT[size])


def test_consistency_of_all_pairs_of_sizes() -> None:
    """Every size up to 300 is proven to extend every smaller one."""
    for new in range(1, SIZE_MAX + 1):
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(old, new, NODE)
            merkle.verify_consistency(old, ROOT[old], new, ROOT[new], proof)


@given(st.data())
def test_inclusion_refuses_every_change(data: st.DataObject) -> None:
    """An altered, missing or extra hash, another leaf, place, size or root is refused."""
    size = data.draw(st.integers(1, SIZE_MAX))
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, NODE)
    check, leaf, root, other = merkle.verify_inclusion, HASHES[index], ROOT[size], merkle.leaf_hash(b"other")

    bad = [(other, index, size, proof, root), (leaf, index, size, proof, other)]
    bad += [(leaf, index, size, [*proof[:at], other, *proof[at + 1 :]], root) for at in range(len(proof))]
    bad += [(leaf, index, size, proof[:at] + proof[at + 1 :], root) for at in range(len(proof))]
    bad += [(leaf, index, size, [*proof[:at], other, *proof[at:]], root) for at in range(len(proof) + 1)]
    bad += [
        (leaf, index, size, [*proof, b""], root),
        (leaf, index, size, [each + b"\0" for each in [*proof, root]], root),
    ]
    bad += [(leaf, place, size, proof, root) for place in (index - 1, index + 1, -1, size, size + 1)]
    bad += [
        (leaf, index, other_size, proof, ROOT[other_size])
        for other_size in (size - 1, size + 1)
        if other_size < 301
    ]
    for arguments in bad:
        assert refused("inclusion_wrong", check, *arguments), arguments


@given(st.data())
def test_consistency_refuses_every_change(data: st.DataObject) -> None:
    """An altered, missing or extra hash, another root or size is refused."""
    new = data.draw(st.integers(1, SIZE_MAX))
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency_proof(old, new, NODE)
    other = merkle.leaf_hash(b"other")

    bad = [(old, other, new, ROOT[new], proof), (old, ROOT[old], new, other, proof)]
    bad += [
        (old, ROOT[old], new, ROOT[new], [*proof[:at], other, *proof[at + 1 :]]) for at in range(len(proof))
    ]
    bad += [(old, ROOT[old], new, ROOT[new], proof[:at] + proof[at + 1 :]) for at in range(len(proof))]
    bad += [
        (old, ROOT[old], new, ROOT[new], [*proof[:at], other, *proof[at:]]) for at in range(len(proof) + 1)
    ]
    bad += [(old, ROOT[old], new, ROOT[new], [*proof, b""]), (new + 1, ROOT[new], new, ROOT[new], [])]
    bad += [(old - 1, ROOT[old], new, ROOT[new], proof), (-1, ROOT[old], new, ROOT[new], proof)]
    for arguments in bad:
        assert refused("consistency_wrong", merkle.verify_consistency, *arguments), arguments


def test_consistency_with_the_empty_tree() -> None:
    """Everything extends the empty tree, so nothing proves it; the empty tree itself has one root."""
    check, empty = merkle.verify_consistency, merkle.EMPTY_ROOT

    assert [] == merkle.consistency_proof(0, 9, NODE)
    check(0, empty, 0, empty, [])
    assert refused("consistency_wrong", check, 0, empty, 9, ROOT[9], [])
    assert refused("consistency_wrong", check, 0, ROOT[1], 0, ROOT[1], [])
    assert refused("consistency_wrong", check, 0, empty, 0, empty, [ROOT[9]])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_for_what_is_not_there(index: int, size: int) -> None:
    """Asking for a leaf beyond the tree, or for a shrunk tree, is the programmer's mistake."""
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, size, NODE)
    with pytest.raises(ValueError, match="does not extend"):
        merkle.consistency_proof(size + 1, size, NODE)
