"""Names nobody may take, and what no file may hold."""

import re
from pathlib import PurePosixPath

import pytest

from tests.house.tree import files, python_files, read

# House style, name rule 6: a thing with no better name has no home yet. `helpers.py` is for tests alone.
NAMELESS = {"base.py", "common.py", "core.py", "helpers.py", "manager.py", "models.py", "utils.py"}

# Put together from pieces, since this file is looked at too.
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:" + "work|root/\\.pyenv|tmp/" + "bash_jobs)/")
REGISTRY = re.compile(
    r"\b(?:" + r"(?:files|www|test)?\.?py" + r"pi\.org|pythonho" + r"sted\.org|deb\.deb" + r"ian\.org|"
    r"security\.deb" + r"ian\.org|registry\.np" + r"mjs\.org)\b"
)


def unnamed(path: str) -> bool:
    """Whether the file's name says nothing about what is in it."""
    name = PurePosixPath(path).name.lstrip("_")
    # Django finds an application's models in a module of this name and no other.
    excepted = {"tests": "helpers.py", "server": "models.py"}.get(path.split("/", maxsplit=1)[0])
    return name in NAMELESS and name != excepted


def leaks(text: str) -> list[str]:
    """Paths of the machine it was written on, and hosts of package registries."""
    return [match.group() for match in (MACHINE_PATH.search(text), REGISTRY.search(text)) if match]


def test_names() -> None:
    """Every module has a name that tells whether a line of code belongs there."""
    assert [] == [
        path for path in python_files("agent", "collectors", "config", "server", "tests") if unnamed(path)
    ]


def test_contents() -> None:
    """No file holds a path of the machine it was written on, nor a registry's host."""
    found = {}
    for path in files():
        try:
            found[path] = leaks(read(path))
        except UnicodeDecodeError:
            continue  # a picture or a golden file
    assert {} == {path: what for path, what in found.items() if what}


@pytest.mark.parametrize(
    "path", ["config/utils.py", "agent/_base.py", "server/log/common.py", "agent/helpers.py"]
)
def test_unnamed(path: str) -> None:
    """The check sees such a name in any folder, a leading underscore notwithstanding."""
    assert unnamed(path)


@pytest.mark.parametrize(
    "path", ["tests/helpers.py", "tests/agent/helpers.py", "server/store/models.py", "config/envelope.py"]
)
def test_named(path: str) -> None:
    """Tests may have helpers, and Django has models."""
    assert not unnamed(path)


@pytest.mark.parametrize(
    "text",
    [
        "cd /wo" + "rk/main",
        "open('/wo" + "rk/x')",
        "https://py" + "pi.org/simple",
        "http://deb.deb" + "ian.org/debian",
    ],
)
def test_leak(text: str) -> None:
    """The check sees machine paths and registry hosts inside other text."""
    assert leaks(text)


@pytest.mark.parametrize("text", ["/srv/work/", "./work/x", "/root/.ssh/authorized_keys", "www.debian.org"])
def test_no_leak(text: str) -> None:
    """Paths of an observed host and ordinary addresses are no leak."""
    assert not leaks(text)
