"""A bundle of 10,000 reports verified, against its signature checks, hashes and decoding alone."""

import hashlib
import resource
import time
from datetime import timedelta

from measure import figure, reading

from config import bundle_check, canonical, envelope, merkle
from config.bundle import OpenBundle
from tests.helpers import MOMENT, World, fixed_key

HOSTS, NIGHTS = 1_000, 10


class Fleet(World):
    """The tests' small world grown to a fleet; complete subtrees are hashed once."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree of the log."""
        if level == 0:
            return self.leaves[index]
        if (level, index) not in self._nodes:
            left, right = self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1)
            self._nodes[level, index] = merkle.node_hash(left, right)
        return self._nodes[level, index]


def main() -> None:
    """Print CPU against the limit, and the peak of this process."""
    data, server_key_id = _bundle()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    checked = bundle_check.check(data, server_key_id)
    spent = time.process_time() - began
    assert checked.ok
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limit = _limit(data)
    print(f"{checked.counts['reports']} reports, {len(data) / 1e6:.1f} MB, {len(checked.proven)} steps")
    figure("verify a bundle, CPU", spent, limit, "s", "<= 3 x")
    reading("verify a bundle, peak beyond building it", (peak - before) / 1024, "MiB", "<= 300")


def _bundle() -> tuple[bytes, str]:
    world = Fleet()
    world.adopt()
    for host in range(HOSTS):
        world.enrol(f"host-{host:04d}")
    for night in range(NIGHTS):
        for host in range(HOSTS):
            world.now = MOMENT - timedelta(days=1, minutes=NIGHTS - night)
            world.report(f"host-{host:04d}", key=fixed_key(f"host-{host:04d}"))
    return world.bundle(), world.server_key_id


def _limit(data: bytes) -> float:
    """Return the CPU seconds of one signature check, hash and decoding for each statement, and no more."""
    opened = OpenBundle(data)
    names = opened.names("statements")
    keys = {
        fixed_key(f"host-{host:04d}").public.key_id: fixed_key(f"host-{host:04d}").public
        for host in range(HOSTS)
    }
    began = time.process_time()
    for name in names:
        content = opened.read(name)
        hashlib.sha256(content).digest()
        signed = envelope.decode(content)
        key = keys.get(signed.signatures[0].keyid)
        if key is not None:
            key.verify(signed.signatures[0].sig, envelope.pae(signed.payload_type, signed.payload))
        hashlib.sha256(signed.payload).digest()
        canonical.decode(signed.payload)
    return time.process_time() - began


if __name__ == "__main__":
    main()
