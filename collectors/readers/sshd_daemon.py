"""The effective configuration of this host's sshd: asked of the daemon, or read from its files.

A live host is asked with `sshd -T`, with the -f, -o and -p of each server that runs or is started, and once
more for connections that meet its Match blocks. Where the daemon may not be asked (it wants root, host keys,
/run/sshd), the own reader answers, which a test holds to the real sshd; the sources then name lines of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import passwd, sshd_config, sshd_regions, sshd_started, sshd_text
from collectors.readers.once import once
from collectors.readers.sshd_config import NEWEST, Setting, Version
from collectors.readers.sshd_match import Connection
from collectors.readers.sshd_started import Server
from collectors.readers.sshd_text import Block, Line

PROGRAMS: Final = ("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd")
_ASKED_MAX: Final = 6
_NOT_ASKABLE: Final = ("no hostkeys available", "privilege separation", "permission denied", "must be root")
_ANSWERS: Final = (0, 1, 255)
"""What sshd itself ends with; 127 is a wrapper's, and a killed sshd has refused nothing."""
_ALWAYS: Final = frozenset(
    "port permitrootlogin loglevel authenticationmethods passwordauthentication permitemptypasswords usepam"
    " kbdinteractiveauthentication ignorerhosts permituserenvironment maxauthtries logingracetime"
    " clientaliveinterval clientalivecountmax hostbasedauthentication x11forwarding".split()
)
_SERVERS_MAX: Final = 8
_VERSION: Final = re.compile(rb"OpenSSH_(\d+)\.(\d+)")
_PROGRAM_MAX_BYTES: Final = 8 * 1024 * 1024
_NO_PORT: Final = "'lport' not in connection test specification"


@dataclass(frozen=True)
class Matched:
    """The settings of the connections that meet exactly these Match blocks, and one of them."""

    blocks: frozenset[Block]
    settings: Mapping[str, Setting]
    connection: Connection


@dataclass(frozen=True)
class Configuration:
    """One server's. `error` says why sshd refuses the configuration; then nothing else is known.

    `guards` are its Match blocks in their order, each with those around it; `others`: further servers.
    """

    settings: Mapping[str, Setting]
    matched: tuple[Matched, ...]
    error: str
    source: str
    guards: tuple[tuple[Block, ...], ...] = ()
    others: tuple[Configuration, ...] = ()
    lines: tuple[Line, ...] = ()


def program(host: Host) -> str | None:
    """Where sshd is installed; None when it is not."""
    return next((path for path in PROGRAMS if host.exists(path)), None)


def version(host: Host) -> Version | None:
    """The version that the program tells of itself; None where it tells none. Raises `Unseen`."""
    return once(host, _version)


def _version(host: Host) -> Version | None:
    path = program(host)
    told = _VERSION.search(host.read(path, _PROGRAM_MAX_BYTES)) if path else None
    return (int(told[1]), int(told[2])) if told else None


def configuration(host: Host) -> Configuration:
    """The configuration of every server, read once per scan; the first is the main one. Raises `Unseen`."""
    return once(host, _configuration)


def _configuration(host: Host) -> Configuration:
    first, *others = [of_server(host, one) for one in sshd_started.servers(host)[:_SERVERS_MAX]]
    refused = next((one for one in (first, *others) if one.error), None)
    return refused or replace(first, others=tuple(others))


def of_server(host: Host, server: Server) -> Configuration:
    """The configuration of one server. Raises `Unseen`."""
    path = (server.values("f") or [sshd_text.CONFIG])[-1]
    asked = None if host.offline else _ask(host, server.options, "")
    source = " ".join(("sshd -T", *server.options))
    if isinstance(asked, str):
        return Configuration({}, (), asked, source)
    given = [sshd_text.given(one, f"sshd -o {one}") for one in server.values("o")]
    lines = [*given, *sshd_text.read(host, path)]
    if server.values("p"):
        ports = Line("port", tuple(server.values("p")), (), "sshd -p")
        lines = [ports, *(one for one in lines if one.keyword != "port")]
    if asked is None:
        errors = sshd_config.errors(lines, version(host) or NEWEST)
        if errors:
            return Configuration({}, (), errors[0], path)
        settings: Mapping[str, Setting] = sshd_config.effective(lines, version=version(host) or NEWEST)
    else:
        settings = asked
    guards = [line.guard for line in lines if line.keyword == "match"]
    guards = [guard for guard in dict.fromkeys(guards) if not all(block.is_all for block in guard)]
    matched = _matched(host, lines, guards, server.options, asked)
    return Configuration(settings, matched, "", source if asked else path, tuple(guards), lines=tuple(lines))


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


def _matched(
    host: Host,
    lines: list[Line],
    guards: list[tuple[Block, ...]],
    options: tuple[str, ...],
    asked: Mapping[str, Setting] | None,
) -> tuple[Matched, ...]:
    """What each kind of connection gets, as far as it can be told apart by the blocks that it meets."""
    if not guards:
        return ()
    blocks = [block for guard in guards for block in guard]
    found: list[Matched] = []
    left = 0 if asked is None else _ASKED_MAX
    for met, connection in sshd_regions.regions(blocks, _members(host)).items():
        if met:
            read = sshd_config.effective(lines, met.__contains__, version(host) or NEWEST)
            if asked is not None:  # what no block sets is as the daemon has told it
                read = {**asked, **{name: one for name, one in read.items() if one.guard}}
            if left and connection.can_be_asked:
                left -= 1
                read = _confirmed(host, options, connection, read)
            found.append(Matched(met, read, connection))
    return tuple(found)


def _confirmed(
    host: Host, options: tuple[str, ...], connection: Connection, read: dict[str, Setting]
) -> dict[str, Setting]:
    """What was read, where the daemon says the same of a connection; else what the daemon says."""
    told = _ask(host, options, connection.specification())
    if not isinstance(told, dict):
        return read
    return {
        name: read[name] if name in read and read[name].value == one.value else one
        for name, one in told.items()
    }


def _members(host: Host) -> dict[str, tuple[str, ...]]:
    """The members of each local group; {} where they cannot be seen."""
    try:
        return passwd.memberships(host)
    except Unseen:
        return {}
