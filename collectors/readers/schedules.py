"""What starts a program by itself: systemd timers that are wanted at boot, and cron."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import units
from collectors.readers.once import once

TABLES: Final = ("/etc/crontab", "/etc/cron.d/*", "/etc/anacrontab")
SCRIPTS: Final = ("/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*")
OWN_TABLES: Final = ("/var/spool/cron/crontabs/*", "/var/spool/cron/*")
SCRIPT_MAX_BYTES: Final = 65536

_TIMES: Final = re.compile(r"^\s*(@\w+|(?:\S+\s+){5})(.*)$")


def starting(host: Host, word: str) -> str | None:
    """The timer, or cron's file and times, that starts a program named `word`; "" where nothing does.

    None where some crontab may not be read: it might be there.
    """
    pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")
    for timer, text in once(host, _timers).items():
        if pattern.search(text):
            return timer
    found, complete = once(host, _cron)
    for where, command in found:
        if pattern.search(command):
            return where
    return "" if complete else None


def _timers(host: Host) -> dict[str, str]:
    """Each timer that starts at boot, with its stem and what its service executes."""
    found = {}
    for name in units.matching(host, r".+\.timer"):
        if units.unit(host, name).starts:
            service = units.file(host, name.removesuffix(".timer") + ".service")
            lines = _text(host, service).splitlines() if service else []
            executed = [line for line in lines if line.startswith("Exec")]
            found[name] = "\n".join((name.removesuffix(".timer"), *executed))
    return found


def _cron(host: Host) -> tuple[list[tuple[str, str]], bool]:
    """Commands that cron starts, each with its place; and whether every table could be read."""
    found: list[tuple[str, str]] = []
    complete = True
    for pattern in (*TABLES, *OWN_TABLES, *SCRIPTS):
        try:
            for path in glob(host, pattern):
                if host.stat(path).kind == "file":
                    found += _commands(path, _text(host, path), pattern in SCRIPTS)
        except Unseen:
            complete = False
    return found, complete


def _commands(path: str, text: str, is_script: bool) -> list[tuple[str, str]]:
    plain = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if is_script:
        return [(path, "\n".join((path.rpartition("/")[2], *plain)))]
    matches = [_TIMES.match(line) for line in plain]
    return [(f"{path}: {' '.join(match[1].split())}", match[2]) for match in matches if match]


def _text(host: Host, path: str) -> str:
    return host.text(path, SCRIPT_MAX_BYTES)
