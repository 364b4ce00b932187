"""Local users and enable secrets of IOS: how each secret is kept, never the secret.

The types: 0 is clear text, 7 and 6 can be turned back, 4 is an unsalted hash that was withdrawn, 5 is MD5, 8 is
PBKDF2-SHA-256, 9 is scrypt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from collectors.readers.cli_text import Line, starting

STRONG: Final = (8, 9)
USER_LEVEL: Final = 1
HIGHEST: Final = 15


@dataclass(frozen=True)
class Secret:
    """Of a user, or of enable. `kind` is secret, password, nopassword or none; `type` is None without a secret."""

    name: str
    level: int
    kind: str
    type: int | None
    line: Line


def users(config: Iterable[Line]) -> list[Secret]:
    """The local users; several commands about one name are one user, the weakest secret of it counts."""
    found: dict[str, Secret] = {}
    for line, rest in starting(config, "username"):
        name, *words = rest.split() or [""]
        before = found.get(name) or Secret(name, USER_LEVEL, "none", None, line)
        found[name] = _one(before, words, line)
    return list(found.values())


def enable(config: Iterable[Line]) -> list[Secret]:
    """What `enable` asks for."""
    found = []
    for kind in ("secret", "password"):
        for line, rest in starting(config, f"enable {kind}"):
            words, level = rest.split(), HIGHEST
            if words[:1] == ["level"] and len(words) > 2 and words[1].isdecimal():
                words, level = words[2:], int(words[1])
            found.append(Secret("enable", level, kind, _type(words), line))
    return found


def _one(user: Secret, words: list[str], line: Line) -> Secret:
    """What this command adds. The words behind `secret` are the secret itself and say nothing."""
    for at, word in enumerate(words):
        after = words[at + 1 :]
        if word == "privilege" and after and after[0].isdecimal():
            user = replace(user, level=int(after[0]), line=line)
        elif word == "nopassword":
            return replace(user, kind="nopassword", type=None, line=line)
        elif word in ("secret", "password") and after:
            return replace(user, kind=word, type=_type(after), line=line)
    return user


def _type(words: list[str]) -> int:
    """The number before the secret; without one it is clear text."""
    return int(words[0]) if len(words) > 1 and words[0].isdecimal() and len(words[0]) < 3 else 0
