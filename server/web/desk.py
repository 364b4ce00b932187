"""What every page works with: the home, the time, a connection, the person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from server import database, people
from server.database import Connection
from server.home import Home
from server.store.models import Person


def home() -> Home:
    """Return the home that this process serves."""
    return Home(Path(os.environ["BOLTSEAL_HOME"]))


def moment() -> datetime:
    """Return the time."""
    return settings.CLOCK()


@contextmanager
def opened() -> Iterator[Connection]:
    """A connection for the time of one page."""
    connection = database.connect(home().database)
    try:
        yield connection
    finally:
        connection.close()


def person(request: HttpRequest) -> Person:
    """Return who asks; the gate lets nobody else through."""
    assert isinstance(request.user, Person)
    return request.user


def for_templates(request: HttpRequest) -> dict[str, Any]:
    """Return what the layout shows on every page."""
    user = getattr(request, "user", None)
    if not isinstance(user, Person):
        return {"moment": moment(), "rights": frozenset()}
    return {
        "moment": moment(),
        "rights": people.RIGHTS.get(user.role, frozenset()),
        "company": home().settings().company,
        "has_factor": lambda: people.has_second_factor(user),  # asked by the few pages that show it
    }
