"""The effective configuration of this host's sshd: asked of the daemon, or read from its files.

A live host is asked with `sshd -T`, with the -f and -o that a running daemon was started with, and once
more for a connection that meets each Match block. Where the daemon may not be asked (it wants root, host
keys, /run/sshd), the own reader answers, which a test holds to the real sshd; the sources then name lines
of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import passwd, sshd_config, sshd_match, sshd_text
from collectors.readers.once import once
from collectors.readers.sshd_config import Setting
from collectors.readers.sshd_text import Block, Line

PROGRAMS: Final = ("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd")
_ASKED_BLOCKS_MAX: Final = 6
_NOT_ASKABLE: Final = ("no hostkeys available", "privilege separation", "permission denied", "must be root")
_ANSWERS: Final = (0, 1, 255)
"""What sshd itself ends with; 127 is a wrapper's, and a killed sshd has refused nothing."""
_ALWAYS: Final = frozenset(
    "port permitrootlogin loglevel authenticationmethods passwordauthentication permitemptypasswords usepam"
    " kbdinteractiveauthentication ignorerhosts permituserenvironment maxauthtries logingracetime"
    " clientaliveinterval clientalivecountmax hostbasedauthentication x11forwarding".split()
)
_NO_PORT: Final = "'lport' not in connection test specification"


@dataclass(frozen=True)
class Matched:
    """The settings of the connections that meet a Match block (and the blocks around it)."""

    block: Block
    settings: Mapping[str, Setting]


@dataclass(frozen=True)
class Configuration:
    """`error` says why sshd refuses the configuration; then nothing else is known."""

    settings: Mapping[str, Setting]
    matched: tuple[Matched, ...]
    error: str
    source: str


def program(host: Host) -> str | None:
    """Where sshd is installed; None when it is not."""
    return next((path for path in PROGRAMS if host.exists(path)), None)


def configuration(host: Host) -> Configuration:
    """The configuration, read once per scan. Raises `Unseen`."""
    return once(host, _configuration)


def _configuration(host: Host) -> Configuration:
    options = () if host.offline else _started_with(host)
    path = next((after for word, after in pairwise(options) if word == "-f"), sshd_text.CONFIG)
    asked = None if host.offline else _ask(host, options, "")
    if isinstance(asked, str):
        return Configuration({}, (), asked, "sshd -T")
    lines = sshd_text.read(host, path)
    if asked is None:
        errors = sshd_config.errors(lines)
        if errors:
            return Configuration({}, (), errors[0], path)
        settings: Mapping[str, Setting] = sshd_config.effective(lines)
    else:
        settings = asked
    matched = _matched(host, lines, options, asked is not None)
    return Configuration(settings, matched, "", "sshd -T" if asked else path)


def _started_with(host: Host) -> tuple[str, ...]:
    """The -f and -o options of the running daemon; its process title holds its command line."""
    try:
        listed = host.processes()
    except Unseen:
        return ()
    for process in listed:
        words = " ".join(process.arguments).split()
        if process.name == "sshd" and not any("@" in word or word == "[priv]" for word in words):
            found: list[str] = []
            for word, after in pairwise(words):
                if word in ("-f", "-o"):
                    found += [word, after]
            return tuple(found)
    return ()


def _ask(host: Host, options: tuple[str, ...], specification: str) -> dict[str, Setting] | str | None:
    """The daemon's answer; its complaint when it refuses the configuration; None when it may not be asked."""
    argv = ["sshd", "-T", *options, *(["-C", specification] if specification else [])]
    try:
        told = host.run(argv, ok=_ANSWERS)
    except Unseen as unseen:
        if unseen.reason in ("tool_missing", "permission_denied"):
            return None
        raise
    if told.returncode == 0:
        settings = sshd_config.settings_of(told.text)
        if not settings.keys() >= _ALWAYS or not told.text.endswith("\n"):
            raise Unseen("malformed", told.source, "not all settings in its answer")
        return {name: Setting(one.value, told.source) for name, one in settings.items()}
    words = told.stderr.decode("utf-8", "replace")
    if _NO_PORT in words and not specification:  # sshd before 9.7 stumbles over Match LocalPort
        return _ask(host, options, "lport=1")
    if any(sign in words.lower() for sign in _NOT_ASKABLE):
        return None
    return re.sub(r"\s+", " ", words.strip())[:200] or f"return code {told.returncode}"


def _matched(host: Host, lines: list[Line], options: tuple[str, ...], live: bool) -> tuple[Matched, ...]:
    guards = [line.guard for line in lines if line.keyword == "match"]
    guards = [guard for guard in dict.fromkeys(guards) if not all(block.is_all for block in guard)]
    members = _members(host) if live and guards else {}
    found: list[Matched] = []
    for guard in guards:
        asked = None
        if live and len(guard) == 1 and len(found) < _ASKED_BLOCKS_MAX:
            connection = sshd_match.example(guard[0], members)
            asked = _ask(host, options, connection.specification()) if connection else None
        if not isinstance(asked, dict):
            asked = sshd_config.effective(lines, lambda block, guard=guard: block in guard)  # type: ignore[misc]
        found.append(Matched(guard[-1], asked))
    return tuple(found)


def _members(host: Host) -> dict[str, tuple[str, ...]]:
    """The members of each local group; {} where they cannot be seen."""
    try:
        people = passwd.accounts(host)
        return {group.name: tuple(passwd.members(group, people)) for group in passwd.groups(host)}
    except Unseen:
        return {}
