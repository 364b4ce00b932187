"""An independent reader of C2SP logs, tlog-scales, finds our log as we do: its tiles, checkpoint and proofs."""

from pathlib import Path

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from config import checkpoint, keys, merkle, tiles
from config.checkpoint import Checkpoint

SIZE = 70_000
ORIGIN = "bolt.example/log"
KEY = keys.generate()
LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(SIZE)]


@pytest.fixture(scope="module")
def store() -> dict[tuple[int, int], bytes]:
    """The tiles of our log."""
    return tiles.append(0, LEAVES, lambda level, index: b"")


@pytest.fixture(scope="module")
def node(store: dict[tuple[int, int], bytes]) -> merkle.Node:
    """Our hashes of complete subtrees."""
    return tiles.node_reader(lambda level, index: store[level, index])


@pytest.fixture(scope="module")
def reader(
    store: dict[tuple[int, int], bytes], node: merkle.Node, tmp_path_factory: pytest.TempPathFactory
) -> TilesReader:
    """The other reader over our log, laid out in files as it is served."""
    folder: Path = tmp_path_factory.mktemp("log")
    for (level, index), tile in store.items():
        path = folder / tiles.tile_path(level, index, len(tile) // merkle.HASH_BYTES)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tile)
    note = checkpoint.sign(Checkpoint(ORIGIN, SIZE, merkle.root(SIZE, node)), KEY)
    (folder / "checkpoint").write_bytes(note)
    return TilesReader(LocalBackend(folder))


def test_checkpoint(reader: TilesReader) -> None:
    """It reads our checkpoint, verifies it by our verifier key, and finds the same root in our tiles."""
    vkey = Vkey.from_string(checkpoint.vkey(ORIGIN, KEY.public))

    found = reader.get_checkpoint()
    found.verify(vkey)

    assert (ORIGIN, SIZE) == (found.origin, found.size)
    assert found.root_hash == reader.calculate_root_hash()


@pytest.mark.parametrize("old", [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE - 1])
def test_proofs(reader: TilesReader, node: merkle.Node, old: int) -> None:
    """It makes the same proofs as we do, and finds ours right."""
    root = reader.get_checkpoint().root_hash

    consistency = reader.get_consistency_proof(old, SIZE)
    inclusion = reader.get_inclusion_proof(old, SIZE)

    assert consistency.node_hashes == merkle.consistency_proof(old, SIZE, node)
    assert inclusion.node_hashes == merkle.inclusion_proof(old, SIZE, node)
    inclusion.check(LEAVES[old], root)
    consistency.check(merkle.root(old, node), root)
