"""RFC 6962 Merkle trees: hashes, roots, inclusion and consistency proofs, and checking them.

The prover reads hashes of complete subtrees through a function: it works over tiles, a list or a cache.
The checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

from config.errors import InputError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# (level, index) -> hash of the complete subtree over the leaves [index * 2**level, (index + 1) * 2**level).
Node: TypeAlias = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, node: Node) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The hashes that lead from the leaf at `index` to the root over `size` leaves, lowest first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_subtree(middle, end, node))
            end = middle
        else:
            proof.append(_subtree(start, middle, node))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """The hashes that show the tree over `new` leaves to extend the one over `old`, lowest first."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not extend one of {old}")
    proof: list[bytes] = []
    if old in (0, new):
        return proof
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_subtree(middle, end, node))
            end = middle
        else:
            proof.append(_subtree(start, middle, node))
            start = middle
    # A subtree that begins the tree is the old root itself, which the verifier has.
    return [_subtree(start, end, node), *proof[::-1]] if start else proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash is at `index` of the tree. Raises InputError `inclusion_wrong`."""
    if not 0 <= index < size:
        raise InputError("inclusion_wrong", f"no leaf {index} in a tree of {size}")
    position, last = index, size - 1
    computed, *hashes = _hashes([leaf, *proof], "inclusion_wrong")
    for each in hashes:
        if last == 0:
            raise InputError("inclusion_wrong", "the proof is too long")
        if position & 1 or position == last:
            computed = node_hash(each, computed)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, each)
        position, last = position >> 1, last >> 1
    if last or computed != root:
        raise InputError("inclusion_wrong", f"the proof does not lead from leaf {index} to the root")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the new tree is an extension of the old one. Raises InputError `consistency_wrong`."""
    # Every tree extends the empty one, so a proof of that would show nothing.
    if not (0 < old_size <= new_size or old_size == new_size == 0):
        raise InputError(
            "consistency_wrong", f"nothing shows a tree of {new_size} to extend one of {old_size}"
        )
    if old_size == new_size:
        if proof or old_root != new_root or (old_size == 0 and old_root != EMPTY_ROOT):
            raise InputError("consistency_wrong", "two roots for one size, or a proof where none is due")
        return
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    hashes = _hashes(proof, "consistency_wrong")
    # Where the old size is a power of two, the old root is itself the first hash.
    if position:
        if not hashes:
            raise InputError("consistency_wrong", "the proof is too short")
        old, *hashes = hashes
    else:
        old = old_root
    new = old
    for each in hashes:
        if last == 0:
            raise InputError("consistency_wrong", "the proof is too long")
        if position & 1 or position == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, each)
        position, last = position >> 1, last >> 1
    if last or old != old_root or new != new_root:
        raise InputError("consistency_wrong", f"the tree of {new_size} does not extend the one of {old_size}")


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(start: int, end: int, node: Node) -> bytes:
    """The hash over the leaves [start, end); `start` is a multiple of the largest power of two inside."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(node(level, start >> level))
        start += 1 << level
    computed = peaks.pop()
    while peaks:
        computed = node_hash(peaks.pop(), computed)
    return computed


def _hashes(proof: Sequence[bytes], code: str) -> list[bytes]:
    if any(len(each) != HASH_BYTES for each in proof):
        raise InputError(code, f"a proof's hash is not {HASH_BYTES} bytes long")
    return list(proof)
