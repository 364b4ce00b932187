"""Time daemons: their configuration's servers, and what each says of its own synchronisation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import chrony, container, drop_ins

CHRONY_TRACKING: Final = ("chronyc", "-c", "tracking")
NTP_VARIABLES: Final = ("ntpq", "-c", "rv")
OPENNTPD_STATUS: Final = ("ntpctl", "-s", "status")
TIMESYNC_MARK: Final = "/run/systemd/timesync/synchronized"
LATEST: Final = timedelta(days=1)
NTP_FILES: Final = ("/etc/ntpsec/ntp.conf", "/etc/ntp.conf")
OPENNTPD_FILES: Final = ("/etc/openntpd/ntpd.conf", "/etc/ntpd.conf")

_SERVER: Final = re.compile(r"^[ \t]*(?:server|servers|pool|peer|refclock)[ \t]+(\S+)", re.MULTILINE)
_SHIPPED_FALLBACK: Final = re.compile(r"^#FallbackNTP=(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Clock:
    """One time daemon: the programs it runs as, its unit, how it tells its state and its sources."""

    name: str
    programs: tuple[str, ...]
    unit: str
    synchronised: Callable[[Host], tuple[bool, str]]
    servers: Callable[[Host], tuple[list[str], list[str]]]


def chrony_state(text: str, now: datetime) -> bool:
    """Whether `chronyc -c tracking` tells of a real reference that was heard of lately.

    127.127.1.1 is chronyd's own local clock. chronyd goes on saying Normal when its servers have been away for
    weeks, so the time of the last update (the fourth field, seconds since 1970) counts too.
    """
    fields = text.strip().split(",")
    if len(fields) != 14 or not re.fullmatch(r"\d{1,12}(\.\d+)?", fields[3]):
        raise Unseen("malformed", " ".join(CHRONY_TRACKING))
    is_real = fields[13] in ("Normal", "Insert second", "Delete second") and not fields[0].startswith("7F7F")
    return is_real and now.timestamp() - float(fields[3]) < LATEST.total_seconds()


def ntp_state(text: str) -> bool:
    """Whether `ntpq -c rv` tells of a source: `leap_none, sync_ntp`."""
    if "leap_" not in text:
        raise Unseen("malformed", " ".join(NTP_VARIABLES))
    return "leap_alarm" not in text and bool(re.search(r"\bsync_(?!unspec|local)\w+", text))


def _chrony(host: Host) -> tuple[bool, str]:
    if _only_watches(host):
        if container.kind(host):
            raise Unseen("unsupported", "chronyd -x", "a container's clock is its host's")
        return False, "chronyd -x: it does not set the clock"
    return chrony_state(host.run(CHRONY_TRACKING).text, host.now), " ".join(CHRONY_TRACKING)


def _only_watches(host: Host) -> bool:
    """Whether chronyd was told to leave the clock alone (chronyd(8), -x)."""
    told = [process.arguments[1:] for process in host.processes() if process.name == "chronyd"]
    return any("-x" in arguments for arguments in told)


def _ntp(host: Host) -> tuple[bool, str]:
    return ntp_state(host.run(NTP_VARIABLES).text), " ".join(NTP_VARIABLES)


def _openntpd(host: Host) -> tuple[bool, str]:
    told = host.run(OPENNTPD_STATUS).text
    if "clock " not in told:
        raise Unseen("malformed", " ".join(OPENNTPD_STATUS))
    return "clock synced" in told, " ".join(OPENNTPD_STATUS)


def _timesyncd(host: Host) -> tuple[bool, str]:
    """The daemon touches a file at each success, at least every 34 minutes (systemd-timesyncd.service(8))."""
    if not host.exists(TIMESYNC_MARK):
        return False, TIMESYNC_MARK
    return host.now - host.stat(TIMESYNC_MARK).modified_at < LATEST, TIMESYNC_MARK


def _ntp_servers(host: Host) -> tuple[list[str], list[str]]:
    return _plain_servers(host, NTP_FILES)


def _openntpd_servers(host: Host) -> tuple[list[str], list[str]]:
    return _plain_servers(host, OPENNTPD_FILES)


def _plain_servers(host: Host, paths: tuple[str, ...]) -> tuple[list[str], list[str]]:
    files = [path for path in paths if host.exists(path)][:1]
    return [server for path in files for server in _SERVER.findall(host.text(path))], files


def _timesyncd_servers(host: Host) -> tuple[list[str], list[str]]:
    """NTP=, else FallbackNTP=, else the built-in list that the shipped file shows as a comment."""
    values, sources = drop_ins.settings(host, "timesyncd.conf", "Time")
    named = _grown(values.get("NTP", ()))
    if not named and "FallbackNTP" in values:
        named = _grown(values["FallbackNTP"])
    elif not named:
        shipped = _SHIPPED_FALLBACK.search(host.text(sources[0])) if sources else None
        if shipped is None:
            raise Unseen(
                "unsupported", "timesyncd.conf", "the servers built into the daemon stand in no file"
            )
        named = shipped[1].split()
    return named, list(sources) or [drop_ins.FOLDERS[0]]


def _grown(values: tuple[str, ...]) -> list[str]:
    """What lists come to: each adds to those before it, an empty one takes them away."""
    found: list[str] = []
    for value in values:
        found = [*found, *value.split()] if value else []
    return found


CLOCKS: Final = (
    Clock("chrony", ("chronyd",), "chrony.service", _chrony, chrony.servers),
    Clock("chrony", ("chronyd",), "chronyd.service", _chrony, chrony.servers),
    Clock("ntpsec", ("ntpd",), "ntpsec.service", _ntp, _ntp_servers),
    Clock("ntpd", ("ntpd",), "ntp.service", _ntp, _ntp_servers),
    Clock("ntpd", ("ntpd",), "ntpd.service", _ntp, _ntp_servers),
    Clock("openntpd", ("ntpd",), "openntpd.service", _openntpd, _openntpd_servers),
    Clock(
        "systemd-timesyncd",
        ("systemd-timesyncd",),
        "systemd-timesyncd.service",
        _timesyncd,
        _timesyncd_servers,
    ),
)
