"""Tiles of the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import merkle, tiles
from tests.config.test_merkle import tree

SIZE = 70_000
LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(SIZE)]


def grown(steps: list[int]) -> dict[tuple[int, int], bytes]:
    """A store after appends of these sizes."""
    store: dict[tuple[int, int], bytes] = {}
    size = 0
    for step in steps:
        store.update(tiles.append(size, LEAVES[size : size + step], lambda level, index: store[level, index]))
        size += step
    return store


@pytest.fixture(scope="module")
def store() -> dict[tuple[int, int], bytes]:
    """The specification's example log of 70,000 leaves."""
    return grown([SIZE])


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 1234067, 5, "tile/0/x001/x234/067.p/5"),
        (0, 0, 256, "tile/0/000"),
        (3, 5, 255, "tile/3/005.p/255"),
        (0, 999, 256, "tile/0/999"),
        (0, 1000, 256, "tile/0/x001/000"),
        (63, 1000000, 1, "tile/63/x001/x000/000.p/1"),
    ],
)
def test_tile_path(level: int, index: int, width: int, path: str) -> None:
    """Paths are the specification's."""
    assert path == tiles.tile_path(level, index, width)


def test_specification_example(store: dict[tuple[int, int], bytes]) -> None:
    """70,000 leaves are 273 full tiles and one of 112, one full and one of 17, and one of 1."""
    widths = {place: len(tile) // merkle.HASH_BYTES for place, tile in store.items()}

    expected = {(0, index): 256 for index in range(273)} | {(0, 273): 112, (1, 0): 256, (1, 1): 17, (2, 0): 1}
    assert expected == widths


def test_256_leaves() -> None:
    """A full tile gives the level above its first hash."""
    got = grown([256])

    assert {(0, 0), (1, 0)} == got.keys()
    assert merkle.root(256, tree(LEAVES)) == got[1, 0]


@given(st.lists(st.integers(1, 600), max_size=8))
def test_append_in_any_steps(steps: list[int]) -> None:
    """The same leaves give the same tiles, however they came."""
    assert grown([sum(steps)]) == grown(steps)


def test_append_reads_only_what_it_must() -> None:
    """An append at a tile's edge reads nothing, and in a tile only that one."""
    asked: list[tuple[int, int]] = []
    held = grown([300])

    def read(level: int, index: int) -> bytes:
        asked.append((level, index))
        return held[level, index]

    assert {(0, 1)} == tiles.append(300, LEAVES[300:301], read).keys()
    assert {} == tiles.append(300, [], read)
    assert [(0, 1)] == asked


def test_node_reader(store: dict[tuple[int, int], bytes]) -> None:
    """Roots and proofs read from tiles are those of the leaves."""
    node, plain = tiles.node_reader(lambda level, index: store[level, index]), tree(LEAVES)

    for size in (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE):
        assert merkle.root(size, plain) == merkle.root(size, node)
        assert merkle.inclusion_proof(size // 2, size, plain) == merkle.inclusion_proof(size // 2, size, node)
    assert merkle.consistency_proof(300, SIZE, plain) == merkle.consistency_proof(300, SIZE, node)


def test_node_reader_with_a_cache(store: dict[tuple[int, int], bytes]) -> None:
    """What has been computed once is not read again."""
    cache: dict[tuple[int, int], bytes] = {}
    root = merkle.root(SIZE, tiles.node_reader(lambda level, index: store[level, index], cache))

    assert cache
    assert root == merkle.root(SIZE, tiles.node_reader(lambda level, index: b"", cache))


def test_tile_that_grew_since() -> None:
    """A tile that holds more than the log's size says is cut, as after a crash between two writes."""
    held = grown([300])

    assert (
        grown([260, 3])[0, 1]
        == tiles.append(260, LEAVES[260:263], lambda level, index: held[level, index])[0, 1]
    )


def test_store_that_lost_hashes() -> None:
    """A store that lost hashes is found out, not papered over."""
    held = grown([300])
    short = {place: tile[:-1] for place, tile in held.items()}

    with pytest.raises(ValueError, match="tile/0/001 holds fewer than 44 hashes"):
        tiles.append(300, LEAVES[:1], lambda level, index: short[level, index])
    with pytest.raises(ValueError, match="holds fewer"):
        tiles.node_reader(lambda level, index: b"")(0, 0)
