"""Tiles of the log: C2SP tlog-tiles, 256 hashes wide.

A tile holds up to 256 hashes of one tile level; level 0 are leaf hashes, and a full tile's root is one hash
of the level above. Full tiles never change; a tile on the right edge grows.
"""

from collections.abc import Callable, MutableMapping, Sequence
from typing import TypeAlias

from config.merkle import HASH_BYTES, Node, node_hash

WIDTH = 256
_HEIGHT = 8

# (level, index) -> a tile's bytes; more than were asked for are cut off, fewer are the store's fault.
ReadTile: TypeAlias = Callable[[int, int], bytes]


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a tile, such as `tile/0/x001/x234/067.p/5`."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    partial = f".p/{width}" if width < WIDTH else ""
    return "/".join(["tile", str(level), *(f"x{each}" for each in groups[:-1]), groups[-1]]) + partial


def append(size: int, leaf_hashes: Sequence[bytes], read_tile: ReadTile) -> dict[tuple[int, int], bytes]:
    """The tiles that change when hashes are appended to a log of `size` leaves, each with all it holds."""
    changed: dict[tuple[int, int], bytes] = {}
    level, start, hashes = 0, size, list(leaf_hashes)
    while hashes:
        first, width = divmod(start, WIDTH)
        data = (_prefix(read_tile, level, first, width) if width else b"") + b"".join(hashes)
        tiles = [data[at : at + WIDTH * HASH_BYTES] for at in range(0, len(data), WIDTH * HASH_BYTES)]
        changed.update({(level, first + place): tile for place, tile in enumerate(tiles)})
        hashes = [_tile_root(tile) for tile in tiles if len(tile) == WIDTH * HASH_BYTES]
        level, start = level + 1, first
    return changed


def node_reader(read_tile: ReadTile, cache: MutableMapping[tuple[int, int], bytes] | None = None) -> Node:
    """The function that `merkle` reads hashes through, over tiles.

    Hashes of complete subtrees never change, so one cache may serve for ever, except after an append that
    was rolled back: then the caller must drop it.
    """
    known: MutableMapping[tuple[int, int], bytes] = {} if cache is None else cache

    def node(level: int, index: int) -> bytes:
        found = known.get((level, index))
        if found is None:
            if level % _HEIGHT:
                found = node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
            else:
                tile, place = divmod(index, WIDTH)
                found = _prefix(read_tile, level // _HEIGHT, tile, place + 1)[-HASH_BYTES:]
            known[level, index] = found
        return found

    return node


def _prefix(read_tile: ReadTile, level: int, index: int, width: int) -> bytes:
    data = read_tile(level, index)[: width * HASH_BYTES]
    if len(data) != width * HASH_BYTES:
        raise ValueError(f"the store's tile {tile_path(level, index)} holds fewer than {width} hashes")
    return data


def _tile_root(tile: bytes) -> bytes:
    hashes = [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
