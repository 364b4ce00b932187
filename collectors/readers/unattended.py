"""Whether security updates on a Debian-like host install themselves: what really stands between them.

Everything in the chain counts: unattended-upgrades installed, APT::Periodic switched on for lists and for
upgrades (apt.systemd.daily), both timers enabled and not masked (or cron's apt-compat where systemd does not
run), and an allowed origin that matches the security archive. A configuration file that merely exists
proves nothing. Each obstacle is a word of its own; `blacklist:` names packages that are left out, which
narrows the updates but does not stop them.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen
from collectors.readers import apt, apt_conf, os_release, packages, processes, units
from collectors.readers.apt import Release
from collectors.readers.apt_conf import Settings

PACKAGE: Final = "unattended-upgrades"
TIMERS: Final = ("apt-daily.timer", "apt-daily-upgrade.timer")
CRON: Final = "/etc/cron.daily/apt-compat"
SYSTEMD_RUNS: Final = "/run/systemd/system"
NARROWS: Final = "blacklist:"

_KEYS: Final = {
    "o": "origin", "origin": "origin", "l": "label", "label": "label",
    "n": "codename", "codename": "codename",
    "a": "suite", "suite": "suite", "archive": "suite",
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
    if "package_missing" not in reasons and not _security_allowed(host, settings):
        reasons.append("security_origin_not_allowed")
    excluded = settings.items("Unattended-Upgrade::Package-Blacklist")
    reasons += [NARROWS + pattern for pattern in sorted(set(excluded))]
    return Seen([*reasons], found.source, settings.source, units.FOLDERS[0])


def allows(pattern: str, release: Release, distribution: str, codename: str) -> bool:
    """Whether an Origins-Pattern lets updates of a release in; components and sites are taken to match."""
    text = pattern.replace("${distro_id}", distribution).replace("${distro_codename}", codename)
    named = [part.partition("=") for part in text.split(",") if "=" in part]
    fields = {_KEYS[key.strip()]: value.strip() for key, _, value in named if key.strip() in _KEYS}
    if not fields and text.strip() != "*":
        return any(key.strip() in ("c", "component", "site") for key, _, _ in named)
    return all(fnmatch(getattr(release, field), value) for field, value in fields.items())


def _periodic(settings: Settings) -> list[str]:
    reasons = []
    if settings.value("APT::Periodic::Enable", "1") == "0":
        reasons.append("periodic_disabled")
    if settings.value("APT::Periodic::Update-Package-Lists", "0") in ("0", ""):
        reasons.append("lists_not_refreshed")
    if settings.value("APT::Periodic::Unattended-Upgrade", "0") in ("0", ""):
        reasons.append("unattended_upgrade_off")
    return reasons


def _timers(host: Host) -> list[str]:
    if not host.offline and not host.exists(SYSTEMD_RUNS):
        cron_runs = processes.running(host, "cron", "crond", "anacron")
        return [] if cron_runs and host.exists(CRON) else ["no_scheduler_running"]
    reasons = []
    for name in TIMERS:
        timer, service = units.unit(host, name), units.unit(host, name.replace(".timer", ".service"))
        if not timer.present or not service.present:
            reasons.append(f"timer_missing:{name}")
        elif timer.masked or service.masked:
            reasons.append(f"timer_masked:{name}")
        elif not timer.enabled:
            reasons.append(f"timer_disabled:{name}")
    return reasons


def _security_allowed(host: Host, settings: Settings) -> bool:
    distribution, codename = _distribution(host)
    patterns = settings.items("Unattended-Upgrade::Origins-Pattern")
    for allowed in settings.items("Unattended-Upgrade::Allowed-Origins"):
        origin, _, suite = allowed.replace(r"\:", "%3a").partition(":")
        patterns.append(f"o={origin.replace('%3a', ':')},a={suite.replace('%3a', ':')}")
    known = [one for one in _releases(host) if one.is_security] or _usual(distribution, codename)
    return any(allows(pattern, one, distribution, codename) for pattern in patterns for one in known)


def _releases(host: Host) -> list[Release]:
    try:
        return [*apt.releases(host).values()]
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
