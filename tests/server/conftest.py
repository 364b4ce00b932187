"""A founded home, once a run; a copy of it, and a server in it, for each test."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server import founding
from server.home import Home
from tests.server.twin import NOW, Clock, InProcess, Twin, copied, new_token


def _found(folder: Path, now: datetime) -> Home:
    founding.set_up_django(None)
    settings = founding.default_settings("Example Freight", "", "boltseal/test")
    return founding.found(folder / "home", ["localhost"], settings, now)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A complete home, made at the tests' fixed moment, that nobody changes."""
    return _found(tmp_path_factory.mktemp("founded"), NOW)


@pytest.fixture(scope="session")
def founded_today(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same, made now: a real client looks at the certificate's dates."""
    return _found(tmp_path_factory.mktemp("today"), datetime.now(UTC))


@pytest.fixture
def home(founded: Home, tmp_path: Path) -> Home:
    """A home of the test's own."""
    return copied(founded, tmp_path / "home")


@pytest.fixture
def today(founded_today: Home, tmp_path: Path) -> Home:
    """A home of the test's own, for a real server."""
    return copied(founded_today, tmp_path / "home")


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def server(home: Home, clock: Clock) -> Iterator[InProcess]:
    """A server in the test's own home, by the test's own clock."""
    running = InProcess(home, clock)
    yield running
    running.close()


@pytest.fixture
def enrolled(server: InProcess) -> Callable[..., Twin]:
    """Makes enrolled hosts."""

    def make(host_id: str = "twin-1", **options: str) -> Twin:
        twin = Twin(host_id, **options)
        answer = twin.enrol(server, new_token(server.home))
        assert answer.status == 201, answer.body
        return twin

    return make


@pytest.fixture
def twin(enrolled: Callable[..., Twin]) -> Twin:
    """An enrolled host."""
    return enrolled()
