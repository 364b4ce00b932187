"""Whether security updates on a Debian-like host install themselves: what really stands between them.

Everything in the chain counts: unattended-upgrades installed, APT::Periodic switched on for lists and for
upgrades (apt.systemd.daily), both timers enabled, not masked and not stopped (or cron's apt-compat where no systemd
runs), and an allowed origin that matches the security archive. A configuration file that merely exists
proves nothing. Each obstacle is a word of its own; `blacklist:` names packages that are left out, which
narrows the updates but does not stop them. What stops unattended-upgrades is what its own code says: a pattern
that it cannot read ends it, an empty one matches nothing, a list of allowed packages leaves out all others.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen
from collectors.readers import (
    apt,
    apt_conf,
    apt_lists,
    os_release,
    packages,
    processes,
    timers,
    unit_settings,
    units,
)
from collectors.readers.apt_conf import Settings
from collectors.readers.apt_lists import Release

PACKAGE: Final = "unattended-upgrades"
# Each timer, and what its service must start: without a word, both halves are done.
TIMERS: Final = {
    "apt-daily.timer": r"/apt\.systemd\.daily(?: +update)? *$",
    "apt-daily-upgrade.timer": r"/apt\.systemd\.daily(?: +install)? *$",
}
CRON: Final = "/etc/cron.daily/apt-compat"
NARROWS: Final = "blacklist:"

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ANY_PACKAGE: Final = re.compile(r"\^?(?:\.[*+]?)?\$?")
_RARE_DAYS: Final = 31

_KEYS: Final = {
    "o": "origin", "origin": "origin", "l": "label", "label": "label",
    "n": "codename", "codename": "codename",
    "a": "suite", "suite": "suite", "archive": "suite",
    "c": "", "component": "", "site": "",
}  # fmt: skip


def automatic_security(host: Host) -> Seen:
    """Whether nothing stands in the way."""
    seen = automatic_blocked_by(host)
    reasons = seen.value if isinstance(seen.value, list) else []
    return Seen(all(str(reason).startswith(NARROWS) for reason in reasons), *seen.sources)


def automatic_blocked_by(host: Host) -> Seen:
    """The obstacles, in the order in which an administrator would remove them."""
    found = packages.installed(host)
    settings = apt_conf.settings(host)
    reasons = [] if PACKAGE in found.by_name else ["package_missing"]
    reasons += _periodic(settings) + _timers(host)
    if "package_missing" not in reasons:
        reasons += _origins(host, settings) + _stopped(settings)
    if not host.offline and _pinned(host):
        reasons.append("security_origin_pinned")
    excluded = settings.items("Unattended-Upgrade::Package-Blacklist")
    reasons += [NARROWS + pattern for pattern in sorted(set(excluded))]
    return Seen([*reasons], found.source, settings.source, units.FOLDERS[0])


def allows(pattern: str, release: Release, distribution: str, codename: str) -> bool:
    """Whether an Origins-Pattern lets updates of a release in; components and sites are taken to match.

    Raises ValueError for a pattern that unattended-upgrades cannot read: it ends there.
    """
    matches = bool(pattern.strip())
    for part in pattern.replace(r"\,", "%2C").split(",") if matches else ():
        key, value = (word.strip().replace("%2C", ",") for word in part.split("="))
        if key not in _KEYS:
            raise ValueError(key)
        value = value.replace("${distro_id}", distribution).replace("${distro_codename}", codename)
        field = _KEYS[key]
        matches &= not field or fnmatch(getattr(release, field), value)
    return matches


def _periodic(settings: Settings) -> list[str]:
    """As apt.systemd.daily reads them: "0" is off, "always" on, else a number of days, or of s, m or h."""
    reasons = []
    if re.fullmatch(r" *[+-]?0+ *", settings.value("APT::Periodic::Enable", "1")):
        reasons.append("periodic_disabled")
    wanted = {"Update-Package-Lists": "lists_not_refreshed", "Unattended-Upgrade": "unattended_upgrade_off"}
    for name, reason in wanted.items():
        interval = settings.value(f"APT::Periodic::{name}", "0")
        if interval in ("0", ""):
            reasons.append(reason)
        days = re.fullmatch(r"(\d{1,9})d?", interval)
        if days and int(days[1]) > _RARE_DAYS:
            reasons.append(f"every_{days[1]}_days:{name}")
    return reasons


def _timers(host: Host) -> list[str]:
    if not host.offline and not host.exists(timers.SYSTEMD_RUNS):
        cron_runs = processes.running(host, "cron", "crond", "anacron")
        return [] if cron_runs and host.exists(CRON) else ["no_scheduler_running"]
    found = {timer: unit_settings.obstacles(host, timer, runs) for timer, runs in TIMERS.items()}
    stopped = timers.stopped(host, *TIMERS) if not all(found.values()) else []
    for timer, reasons in found.items():
        if timer in stopped and not reasons:  # else they say why
            reasons.append(f"timer_stopped:{timer}")
    return [reason for reasons in found.values() for reason in reasons]


def _origins(host: Host, settings: Settings) -> list[str]:
    distribution, codename = _distribution(host)
    patterns = []
    for allowed in settings.items("Unattended-Upgrade::Allowed-Origins"):
        words = re.split(r"(?<!\\):", allowed) if re.search(r"(?<!\\):", allowed) else allowed.split()
        if len(words) != 2:
            return ["origins_unreadable"]
        origin, suite = (word.replace(r"\:", ":").replace(",", r"\,") for word in words)
        patterns.append(f"o={origin},a={suite}")
    patterns += settings.items("Unattended-Upgrade::Origins-Pattern")
    known = [one for one in _releases(host) if one.is_security] or _usual(distribution, codename)
    try:
        matches = [allows(pattern, one, distribution, codename) for pattern in patterns for one in known]
    except ValueError:
        return ["origins_unreadable"]
    return [] if any(matches) else ["security_origin_not_allowed"]


def _stopped(settings: Settings) -> list[str]:
    """Settings of unattended-upgrades that leave its daily run with nothing to do."""
    reasons = []
    if settings.is_on("Unattended-Upgrade::InstallOnShutdown"):
        reasons.append("only_at_shutdown")
    days = settings.items("Unattended-Upgrade::Update-Days")
    if days and not any(day in (*_DAYS, *(name[:3] for name in _DAYS), *"0123456") for day in days):
        reasons.append("no_update_day")
    if any(_ANY_PACKAGE.fullmatch(one) for one in settings.items("Unattended-Upgrade::Package-Blacklist")):
        reasons.append("every_package_excluded")
    listed = settings.items("Unattended-Upgrade::Package-Whitelist")
    if listed and not any(_ANY_PACKAGE.fullmatch(one) for one in listed):
        reasons.append("only_listed_packages")
    return reasons


def _pinned(host: Host) -> bool:
    try:
        return apt.security_pinned_away(host)
    except Unseen as unseen:
        if unseen.reason == "not_found":  # no lists yet: nothing to pin
            return False
        raise


def _releases(host: Host) -> list[Release]:
    try:
        return [*apt_lists.releases(host).values()]
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise


def _usual(distribution: str, codename: str) -> list[Release]:
    """The security archive as its Release file names it, for a host that never fetched it."""
    label = "Debian-Security" if distribution == "Debian" else distribution
    suite = "stable-security" if distribution == "Debian" else f"{codename}-security"
    return [
        Release(distribution, label, suite, f"{codename}-security" if label != distribution else codename)
    ]


def _distribution(host: Host) -> tuple[str, str]:
    """What unattended-upgrades puts for ${distro_id} and ${distro_codename}: lsb_release's answers."""
    fields, _ = os_release.read(host)
    return fields.get("ID", "").capitalize(), fields.get("VERSION_CODENAME", "")
