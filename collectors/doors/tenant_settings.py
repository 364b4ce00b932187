"""The settings of a tenant: a table in a TOML file that only its owner reads; secrets lie in files or the environment.

Nothing of it may come from the command line, where every process of the machine could read it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SETTINGS_MAX_BYTES: Final = 64 * 1024
_EVERYWHERE: Final = frozenset({"ca_file", "proxy"})


@dataclass(frozen=True)
class Settings:
    """Texts by name, and the folder that relative paths start from."""

    values: Mapping[str, str] = field(repr=False)
    folder: Path

    def text(self, name: str, default: str | None = None) -> str:
        """One setting; ValueError where it is missing."""
        value = self.values.get(name, default)
        if not value:
            raise ValueError(f"the tenant's settings lack {name}")
        return value

    def address(self, name: str, default: str | None = None) -> str:
        """A base address without a slash at its end; ValueError unless it is https and nothing but a place."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError(f"{name} is no https address")
        return value

    def file(self, name: str) -> bytes | None:
        """What the file holds that a setting names, None where none is named; only its owner may read it."""
        return private(self.folder / self.values[name]) if name in self.values else None

    def secret(self, name: str) -> str | None:
        """A secret, from the file `<name>_file` or the environment variable `<name>_env` names; None for neither."""
        held = self.file(f"{name}_file")
        if held is not None:
            return _printable(held.decode("utf-8", "replace").strip(), f"{name}_file")
        if f"{name}_env" in self.values:
            return _printable(os.environ.get(self.values[f"{name}_env"], ""), f"{name}_env")
        return None


def read(path: str | Path, known: Collection[str]) -> Settings:
    """The settings in a file; ValueError for what is unknown, no text, or open to others."""
    try:
        values = tomllib.loads(private(Path(path)).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path} is no TOML") from None  # the parser's words may quote a secret
    for name, value in values.items():
        if name not in known and name not in _EVERYWHERE:
            raise ValueError(f"{path}: no such setting: {name}"[:200])
        if not isinstance(value, str):
            raise ValueError(f"{path}: {name} is no text")  # noqa: TRY004  one kind of error
    return Settings(values, Path(path).parent)


def private(path: Path) -> bytes:
    """A small file that nobody but its owner (or root) may read; ValueError otherwise, and on Windows always."""
    if os.name != "posix":  # modes say nothing there
        raise ValueError(f"{path}: on Windows a file of secrets is not taken; observe from Linux or macOS")
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            data = stream.read(SETTINGS_MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if status.st_mode & 0o077:
        raise ValueError(f"{path}: others may read it; chmod 600 it")
    if len(data) > SETTINGS_MAX_BYTES:
        raise ValueError(f"{path}: too large")
    return data


def _printable(text: str, name: str) -> str:
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"{name}: empty, or not one line of plain characters")
    return text
