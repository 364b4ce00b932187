"""Pages of a filled home, by the tests' own clock, and people who are logged in."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server import founding
from server.home import Home
from tests.server.twin import NOW, Clock, InProcess, copied
from tests.server.web import crowd
from tests.server.web.visitor import Visitor

PASSWORD = "correct horse battery staple"
SECRET = base64.b32encode(b"a second factor's own").decode().rstrip("=")[:32]


@pytest.fixture(scope="session")
def crowded(founded: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two dozen hosts that nobody changes."""
    home = copied(founded, tmp_path_factory.mktemp("crowded") / "home")
    server = InProcess(home, Clock(NOW))
    crowd.fill(server, NOW)
    server.settle()
    server.close()
    return home


@pytest.fixture
def home(crowded: Home, tmp_path: Path) -> Home:
    """A filled home of the test's own."""
    return copied(crowded, tmp_path / "home")


@pytest.fixture
def pages(home: Home, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Django serves the test's own home; no limit remembers an earlier test."""
    yield from serving(home, clock, monkeypatch)


@pytest.fixture
def empty_pages(
    founded: Home, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Home]:
    """Django serves a home without hosts."""
    yield from serving(copied(founded, tmp_path / "empty"), clock, monkeypatch)


@pytest.fixture
def pages_today(today: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Django serves a home whose hosts reported today by the real clock, as commands have it."""
    now = datetime.now(UTC).replace(microsecond=0)
    server = InProcess(today, Clock(now))
    crowd.fill(server, now, 6)
    server.settle()
    server.close()
    yield from serving(today, Clock(now), monkeypatch)


@pytest.fixture
def visit(pages: Home) -> Callable[..., Visitor]:
    """Makes people of a role who are logged in, with a second factor."""
    return enter


def enter(role: str = "administrator", has_factor: bool = True) -> Visitor:
    """A person who is logged in."""
    from allauth.mfa.totp.internal.auth import TOTP

    from server import people

    person = people.add(f"a-{role}", role, PASSWORD)
    if has_factor:
        TOTP.activate(person, SECRET)
    visitor = Visitor()
    visitor.client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return visitor


def serving(home: Home, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    founding.set_up_django(None)
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import override_settings

    monkeypatch.setenv("BOLTSEAL_HOME", str(home.folder))
    monkeypatch.setitem(connection.settings_dict, "NAME", str(home.database))
    connection.close()
    cache.clear()
    with override_settings(CLOCK=clock):
        yield home
    connection.close()
