"""sudoers(5): aliases, rules and defaults, as sudo itself would read them; what they come to: sudo_grants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collectors.door import Host, Unseen, first
from collectors.readers.sudoers_text import Scanner, Text, read

PATHS: Final = ("/etc/sudoers", "/usr/etc/sudoers")
_ALIAS: Final = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias(?=\s)")
_DEFAULTS: Final = re.compile(r"Defaults(?=[\s@:!>])")
_TAG: Final = re.compile(
    r"(NOPASSWD|PASSWD|(?:NO)?(?:EXEC|FOLLOW|LOG_INPUT|LOG_OUTPUT|MAIL|INTERCEPT|SETENV))\s*:"
)
_OPTION: Final = re.compile(
    r'(?:ROLE|TYPE|PRIVS|LIMITPRIVS|CWD|CHROOT|TIMEOUT|NOTBEFORE|NOTAFTER|APPARMOR_PROFILE)\s*=\s*("[^"]*"|\S+)'
)
_DIGEST: Final = re.compile(r"sha(?:224|256|384|512)\s*:\s*\S+(?:\s*,\s*sha\d+\s*:\s*\S+)*\s+")
_DIGESTED: Final = re.compile(r"[\s!]*sha(?:224|256|384|512)\s*:")
_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_DEPTH_MAX: Final = 100
_WORDS_MAX: Final = 20_000


@dataclass(frozen=True)
class Rule:
    """One command of one rule. `runas` is None where no one is named: then it is root.

    `nopasswd` is None where no tag tells; `digest`: only a file with a certain digest is meant.
    """

    users: tuple[str, ...]
    hosts: tuple[str, ...]
    runas: tuple[str, ...] | None
    nopasswd: bool | None
    command: str
    source: str
    digest: bool = False


@dataclass(frozen=True)
class Default:
    """One setting. `scope` is "" for all, else ":user", "@host", "!command" or ">runas" with its list."""

    scope: str
    name: str
    value: str
    source: str


@dataclass
class Sudoers:
    """Everything that the files say."""

    rules: list[Rule] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def expand(self, kind: str, items: Iterable[str]) -> tuple[str, ...]:
        """Items with the aliases of a kind (User, Runas, Host, Cmnd) replaced by what they stand for.

        An alias that stands for itself stands for nothing else. Raises `Unseen` (too_large).
        """
        found: list[str] = []
        self._expand(kind, items, False, (), found)
        return tuple(found)

    def _expand(
        self, kind: str, items: Iterable[str], off: bool, inside: tuple[str, ...], found: list[str]
    ) -> None:
        for item in items:
            name = item.removeprefix("!")
            negated = off != item.startswith("!")
            inner = None if name in inside else self.aliases.get((kind, name))
            if inner is None:
                found.append(f"!{name}" if negated else name)
            else:
                self._expand(kind, inner, negated, (*inside, name), found)
            if len(found) > _WORDS_MAX or len(inside) > _DEPTH_MAX:
                raise Unseen("too_large", PATHS[0], f"{kind}_Alias {name}")


def parse(host: Host) -> Sudoers:
    """All rules of the host. Raises `Unseen`: what one line means is not known, is `malformed`."""
    found = Sudoers()
    for line in read(host, first(host, *PATHS)):
        add(found, line)
    return found


def add(found: Sudoers, line: Text) -> None:
    """Read one logical line into `found`. Raises `Unseen` (malformed)."""
    scanner = Scanner(line.text, line.source)
    alias = scanner.match(_ALIAS)
    if alias:
        kind = "Cmnd" if alias[1] == "Cmd" else alias[1]
        while True:
            name = scanner.match(_NAME)
            if name is None or not scanner.take("="):
                raise scanner.wrong()
            items = tuple(_commands(scanner) if kind == "Cmnd" else scanner.items())
            found.aliases.setdefault((kind, name[0]), items)  # of two, sudo refuses the second
            if not scanner.take(":"):
                return _ended(scanner)
    if scanner.match(_DEFAULTS):
        return _defaults(found, scanner)
    return _rule(found, scanner)


def _defaults(found: Sudoers, scanner: Scanner) -> None:
    scope = ""
    if scanner.text[scanner.at] in "@:!>":
        scope = scanner.text[scanner.at]
        scanner.at += 1
        scope += ",".join(scanner.items(" \t,="))
    while True:
        off = scanner.take("!")
        scanner.blanks()
        name = scanner.word(" \t,=+-")
        if not name:
            raise scanner.wrong()
        value = "false" if off else "true"
        if scanner.match(re.compile(r"[+-]?=")):
            scanner.blanks()
            value = scanner.word(" \t,")
        found.defaults.append(Default(scope, name, value, scanner.source))
        if not scanner.take(","):
            return _ended(scanner)


def _rule(found: Sudoers, scanner: Scanner) -> None:
    users = tuple(scanner.items(" \t,="))
    while True:
        hosts = tuple(scanner.items())
        if not scanner.take("="):
            raise scanner.wrong()
        runas: tuple[str, ...] | None = None
        nopasswd: bool | None = None
        while True:
            if scanner.take("("):
                runas = _runas(scanner)
            while scanner.match(_OPTION):
                pass
            while tag := scanner.match(_TAG):
                nopasswd = {"NOPASSWD": True, "PASSWD": False}.get(tag[1], nopasswd)
            digest = _DIGESTED.match(scanner.text, scanner.at) is not None
            command = _command(scanner)
            found.rules.append(Rule(users, hosts, runas, nopasswd, command, scanner.source, digest))
            if not scanner.take(","):
                break
        if not scanner.take(":"):
            return _ended(scanner)


def _runas(scanner: Scanner) -> tuple[str, ...]:
    """What stands in parentheses: users, then perhaps ":" and groups. Only groups means: as oneself."""
    users: list[str] = []
    if not scanner.take(":"):
        if scanner.take(")"):
            return ()
        users = scanner.items()
        if scanner.take(")"):
            return tuple(users)
        if not scanner.take(":"):
            raise scanner.wrong()
    if not scanner.take(")"):
        scanner.items()
        if not scanner.take(")"):
            raise scanner.wrong()
    return tuple(users)


def _command(scanner: Scanner) -> str:
    negations = 0
    while scanner.take("!"):
        negations += 1
    scanner.match(_DIGEST)
    scanner.blanks()
    start = scanner.at
    word = " ".join(scanner.word(",:=").split())
    if not word:
        raise scanner.wrong()
    if scanner.text[start : scanner.at].rstrip().endswith(' ""'):  # no argument at all
        word += ' ""'
    return "!" * (negations % 2) + word


def _commands(scanner: Scanner) -> list[str]:
    found = [_command(scanner)]
    while scanner.take(","):
        found.append(_command(scanner))
    return found


def _ended(scanner: Scanner) -> None:
    scanner.blanks()
    if scanner.at < len(scanner.text):
        raise scanner.wrong()
