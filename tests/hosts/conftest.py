"""Booted hosts, shared where tests only look."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.hosts.booted import Booted, root_of

RELEASES = ("bullseye", "bookworm", "trixie")
_numbers = count(1)


def _each_release() -> list[object]:
    """Tests of one release stay in one process, so that they share its hosts."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(f"hosts-{name}")) for name in RELEASES]


@pytest.fixture(scope="session", params=_each_release())
def release(request: pytest.FixtureRequest) -> str:
    """Each Debian release whose root is there."""
    name = str(request.param)
    if not root_of(name).is_dir():
        if os.path.exists("/etc/debian_version") or os.environ.get("BOLTSEAL_DEBIAN_MIRROR"):
            pytest.fail("its root is not there; run script/setup --for test", pytrace=False)
        pytest.skip("its root cannot be made here; see script/roots --help")
    return name


@pytest.fixture(scope="session")
def prepared(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Booted]]:
    """Makes hosts that are not booted yet; all are gone at the end."""
    made: list[Booted] = []

    def prepare() -> Booted:
        number = next(_numbers)
        made.append(Booted(release, tmp_path_factory.mktemp(f"host{number}"), number))
        return made[-1]

    yield prepare
    for each in made:
        each.end()


@pytest.fixture(scope="session")
def shipped(prepared: Callable[[], Booted]) -> Booted:
    """The host as Debian ships it, running. For looking only."""
    host = prepared()
    host.boot()
    return host
