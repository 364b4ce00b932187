"""What the tests of the house look at: the files of the checkout."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("agent", "collectors", "config", "server")


@cache
def files() -> tuple[str, ...]:
    """Paths, relative to the checkout, of all files that are tracked or about to be."""
    # The checkout may belong to another user than the one who tests.
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run([*git, "--exclude-standard"], check=True, capture_output=True, text=True).stdout
    return tuple(sorted(path for path in set(listed.split("\0")) if path and (ROOT / path).is_file()))


def python_files(*folders: str) -> tuple[str, ...]:
    """The Python modules under these folders, what Django wrote aside."""
    return tuple(
        path
        for path in files()
        if path.endswith(".py") and path.split("/", maxsplit=1)[0] in folders and "/migrations/" not in path
    )


def read(path: str) -> str:
    """The text of one of `files()`."""
    return (ROOT / path).read_text(encoding="utf-8")
