"""APT's configuration (apt.conf(5)) as APT sees it: its own dump, on a root what we read of its files.

The dump ends with the command line that asked for it: one that does not is torn. Keys are case-insensitive. A later
scalar wins; list members (`Key:: "x"` or a bare string in a block) add up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once

DUMP: Final = ("apt-config", "dump")
FOLDER: Final = "/etc/apt/apt.conf.d"
FILE: Final = "/etc/apt/apt.conf"

_TOKEN: Final = re.compile(
    r"""(?://|\#(?!clear\b|include\b))[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*"|[{};]|[^\s{};"]+""", re.DOTALL
)
_DUMPED: Final = re.compile(r'^(\S+?)(::)? "(.*)";$', re.MULTILINE)
_END: Final = re.compile(r'^CommandLine::AsString "[^\n]*";\n\Z', re.MULTILINE)
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.conf)?|[A-Za-z0-9_-][A-Za-z0-9_.-]*\.conf")


@dataclass
class Settings:
    """Scalars and lists by lower-case key; `source` is the command or folder they came from."""

    source: str
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def value(self, key: str, default: str = "") -> str:
        """A scalar."""
        return self.values.get(key.lower(), default)

    def is_on(self, key: str, default: str = "false") -> bool:
        """A truth value, as APT's StringToBool reads it."""
        return self.value(key, default).lower() in ("1", "yes", "true", "with", "on", "enable")

    def items(self, key: str) -> list[str]:
        """The members of a list, named ones (`Key::name "x"`) included."""
        below = key.lower() + "::"
        named = [value for name, value in self.values.items() if name.startswith(below) and value]
        return [*self.lists.get(key.lower(), []), *named]

    def put(self, key: str, value: str, member: bool) -> None:
        """Set a scalar, or add a list's member."""
        if member:
            self.lists.setdefault(key.lower(), []).append(value)
        else:
            self.values[key.lower()] = value

    def clear(self, key: str) -> None:
        """Forget a key and everything below it (`#clear`)."""
        low = key.lower().removesuffix("::")
        for store in (self.values, self.lists):
            for name in [name for name in store if name == low or name.startswith(low + "::")]:
                del store[name]


def settings(host: Host) -> Settings:
    """The host's APT configuration."""
    return once(host, _settings)


def parse_dump(text: str) -> Settings:
    """The settings of `apt-config dump`."""
    found = Settings(" ".join(DUMP))
    for key, member, value in _DUMPED.findall(text):
        found.put(key, value, bool(member))
    return found


def read(text: str, into: Settings) -> None:
    """Lay one configuration file's settings over `into`."""
    prefix: list[str] = []
    words: list[str] = []
    for token in _TOKEN.findall(text):
        if token.startswith(("//", "/*")) or (token[0] == "#" and token not in ("#clear", "#include")):
            continue
        if token == "{":
            prefix.append(_unquoted(words[0]) if words else "")
            words = []
        elif token == "}":
            _statement(prefix, words, into)
            words = []
            if prefix:
                prefix.pop()
        elif token == ";":
            _statement(prefix, words, into)
            words = []
        else:
            words.append(token)


def _statement(prefix: list[str], words: list[str], into: Settings) -> None:
    if not words or words[0] == "#include":
        return
    above = "::".join(part.removesuffix("::") for part in prefix if part)
    if words[0] == "#clear":
        for name in words[1:]:
            into.clear(f"{above}::{name}" if above else name)
        return
    if len(words) == 1:  # a bare string inside a block is a list's member
        if words[0].startswith('"') and above:
            into.put(above, _unquoted(words[0]), member=True)
        return
    name, value = words[0], _unquoted(words[1])
    key = f"{above}::{name.removesuffix('::')}" if above else name.removesuffix("::")
    into.put(key, value, member=name.endswith("::"))


def _unquoted(word: str) -> str:
    return word[1:-1].replace('\\"', '"') if word.startswith('"') else word


def _settings(host: Host) -> Settings:
    if not host.offline:
        text = host.run(DUMP).text
        if not _END.search(text):
            raise Unseen("malformed", " ".join(DUMP), "it has no end")
        return parse_dump(text)
    if not host.exists("/etc/apt"):
        raise Unseen("not_found", "/etc/apt")
    found = Settings(FOLDER)
    for path in _files(host):
        read(host.text(path), found)
    return found


def _files(host: Host) -> list[str]:
    """The files APT reads, in its order: the folder's by name, then apt.conf."""
    names = host.list(FOLDER) if host.exists(FOLDER) else ()
    paths = [f"{FOLDER}/{name}" for name in names if _FILE_NAME.fullmatch(name)]
    return [*paths, FILE] if host.exists(FILE) else paths
