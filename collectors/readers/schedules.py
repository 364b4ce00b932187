"""What starts a program by itself: systemd timers that are wanted at boot, and cron."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import processes, units
from collectors.readers.once import once

TABLES: Final = ("/etc/crontab", "/etc/cron.d/*", "/etc/anacrontab")
SCRIPTS: Final = ("/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*")
OWN_TABLES: Final = ("/var/spool/cron/crontabs/*", "/var/spool/cron/*")
SCRIPT_MAX_BYTES: Final = 65536
CRON: Final = ("cron", "crond", "anacron", "fcron", "dcron")
CRON_UNITS: Final = ("cron.service", "crond.service", "cronie.service", "cron.target", "anacron.timer")

_TIMES: Final = re.compile(r"^\s*(@\w+|(?:\S+\s+){5})(.*)$")


def starting(host: Host, word: str, unless: re.Pattern[str] | None = None) -> str | None:
    """The timer, or cron's file and times, that starts a program named `word`; "" where nothing does.

    A line that `unless` matches does not count. None where some crontab may not be read: it might be there.
    """
    pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")

    def starts(text: str) -> bool:
        return any(
            pattern.search(line) and not (unless and unless.search(line)) for line in text.splitlines()
        )

    for timer, text in once(host, _timers).items():
        if starts(
            text if unless is None else text.partition("\n")[2]
        ):  # a timer's name says little of what it does
            return timer
    found, complete = once(host, _cron)
    for where, command in found:
        if starts(command if unless is None else command.removeprefix(f"{where.rpartition('/')[2]}\n")):
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
    if not _has_cron(host):
        return found, True
    complete = True
    for pattern in (*TABLES, *OWN_TABLES, *SCRIPTS):
        try:
            for path in glob(host, pattern):
                stat = host.stat(path)
                is_script = pattern in SCRIPTS
                if stat.kind == "file" and (not is_script or (stat.mode & 0o111 and _is_run(host, path))):
                    found += _commands(path, _text(host, path), is_script)
        except Unseen:
            complete = False
    return found, complete


def _has_cron(host: Host) -> bool:
    """Whether something obeys these tables: a daemon that runs (where that is hidden, or on a root: that starts)."""
    runs = None if host.offline else processes.maybe_running(host, *CRON)
    return runs or (
        (runs is None or units.unit(host, CRON_UNITS[-1]).starts) and bool(units.starting(host, *CRON_UNITS))
    )


def _is_run(host: Host, path: str) -> bool:
    """Whether run-parts takes a script: Debian's wants a name without dots (run-parts(8))."""
    name = path.rpartition("/")[2]
    if "." in name and host.exists("/etc/debian_version"):
        return False
    return not re.search(r"~$|,v$|\.(?:disabled|bak|swp|rpm\w+|dpkg-\w+|cfsaved)$", name)


def _commands(path: str, text: str, is_script: bool) -> list[tuple[str, str]]:
    plain = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if is_script:
        return [(path, "\n".join((path.rpartition("/")[2], *plain)))]
    matches = [_TIMES.match(line) for line in plain]
    return [(f"{path}: {' '.join(match[1].split())}", match[2]) for match in matches if match]


def _text(host: Host, path: str) -> str:
    return host.text(path, SCRIPT_MAX_BYTES)
