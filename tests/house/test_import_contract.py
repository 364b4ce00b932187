"""Design, part 2: the arrows between the rooms."""

import pytest

from tests.house.contract import CONTRACT, violations
from tests.house.tree import ROOMS, python_files, read


@pytest.mark.parametrize("room", ROOMS)
def test_room(room: str) -> None:
    """Every module of the room keeps the contract."""
    modules = python_files(room)
    assert modules
    assert [] == [found for path in modules for found in violations(read(path), path)]


def test_rooms() -> None:
    """No room is without a contract."""
    assert set(ROOMS) == set(CONTRACT)


@pytest.mark.parametrize(
    ("path", "source", "named"),
    [
        ("config/x.py", "import agent", "agent"),
        ("config/x.py", "from server.log import append", "server.log.append"),
        ("config/x.py", "import requests", "requests"),
        ("config/x.py", "import socket", "socket"),
        ("config/x.py", "from urllib import request", "urllib.request"),
        ("config/x.py", "import urllib.request", "urllib.request"),
        ("config/x.py", "def f():\n    import time", "time"),
        ("config/x.py", "from datetime import datetime\nx = datetime.now()", "datetime.now"),
        ("config/x.py", "import datetime\nx = datetime.datetime.now(tz)", "datetime.datetime.now"),
        ("config/x.py", "x = open('f')", "open"),
        ("collectors/x.py", "import config", "config"),
        ("collectors/x.py", "from agent import run", "agent.run"),
        ("collectors/x.py", "import paramiko", "inside the function"),
        ("collectors/x.py", "if True:\n    import nmap", "inside the function"),
        ("collectors/x.py", "import django", "django"),
        ("agent/x.py", "import server.settings", "server.settings"),
        ("agent/x.py", "from importlib import import_module\nimport_module('server')", "server"),
        ("agent/x.py", "__import__('server')", "server"),
        ("agent/x.py", "from tests.helpers import x", "tests.helpers.x"),
        ("server/x.py", "from agent.spool import Spool", "agent.spool.Spool"),
        ("server/x.py", "from collectors import sshd", "collectors.sshd"),
        ("server/x.py", "import requests", "requests"),
    ],
)
def test_refused(path: str, source: str, named: str) -> None:
    """The checker sees each kind of breach, once, and names it with its line."""
    (found,) = violations(source, path)
    assert found.startswith(f"{path}:")
    assert named in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "config/x.py",
            "import json\nfrom cryptography.hazmat.primitives import hashes\nfrom config import keys",
        ),
        ("config/x.py", "from urllib.parse import urlsplit\nfrom datetime import UTC, datetime"),
        ("config/x.py", "from . import envelope\nfrom .keys import verify"),
        ("config/x.py", "stream.reopen()\nself.open()"),
        ("collectors/x.py", "import subprocess, psutil\ndef f():\n    import paramiko"),
        ("collectors/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import paramiko"),
        (
            "agent/x.py",
            "import requests\nfrom collectors import sshd\nfrom config.envelope import sign\nimport time",
        ),
        ("server/x.py", "import sqlite3\nfrom django.http import HttpRequest\nfrom config import merkle"),
    ],
)
def test_allowed(path: str, source: str) -> None:
    """What design part 2 allows passes."""
    assert [] == violations(source, path)
