"""Whether security updates install themselves on the Red Hat family: dnf-automatic(8), of dnf 4 and dnf 5.

The timers of dnf 4 that are named for what they do overrule `apply_updates`; the plain timer does as the file
says. `upgrade_type = security` installs what advisories name: without advisories, nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Seen
from collectors.readers import packages, repos, timers, unit_settings, units

# dnf 5 lays the host's file over the distribution's; both say apply_updates = no where they are silent.
FILES: Final = ("/usr/share/dnf5/dnf5-plugins/automatic.conf", "/etc/dnf/automatic.conf")
PACKAGES: Final = ("dnf-automatic", "dnf5-plugin-automatic", "dnf5-plugins")
INSTALLING: Final = "dnf-automatic-install.timer"
TIMERS: Final = ("dnf-automatic.timer", "dnf5-automatic.timer")
RUNS: Final = r"\bdnf5?[- ]automatic\b"
REPOMD: Final = ("/var/cache/dnf/*/repodata/repomd.xml", "/var/cache/libdnf5/*/repodata/repomd.xml")

_KEEPS: Final = re.compile(r"--no-?(?:installupdates|downloadupdates)\b")
_INSTALLS: Final = re.compile(r"--installupdates\b")


def automatic_security(host: Host) -> Seen:
    """Whether nothing keeps security updates from installing themselves."""
    blocked = automatic_blocked_by(host)
    return Seen(blocked.value == [], *blocked.sources)


def automatic_blocked_by(host: Host) -> Seen:
    """What keeps dnf-automatic from installing security updates: nothing, if one timer gets through."""
    if packages.installed(host).first(*PACKAGES) is None:
        return Seen(["package_missing"], "rpm -qa")
    told, source = _settings(host)
    enabled = [name for name in (INSTALLING, *TIMERS) if units.unit(host, name).enabled]
    tried = {name: _obstacles(host, name, told) for name in enabled or [_present(host)]}
    name = min(tried, key=lambda one: len(tried[one]))
    reasons = [*tried[name], *_narrowed(host, told)]
    return Seen([*reasons], source, units.file(host, name) or units.FOLDERS[0])


def _present(host: Host) -> str:
    return next((name for name in TIMERS if units.unit(host, name).present), TIMERS[0])


def _obstacles(host: Host, timer: str, told: Mapping[str, str]) -> list[str]:
    service = timer.replace(".timer", ".service")
    commands = " ".join(unit_settings.settings(host, service).get("Service.ExecStart", ()))
    applies = repos.is_on(told.get("apply_updates", ""), False) or bool(_INSTALLS.search(commands))
    off = not applies or bool(_KEEPS.search(commands))
    reasons = unit_settings.obstacles(host, timer, RUNS)
    if not reasons:
        reasons = [f"timer_stopped:{one}" for one in timers.stopped(host, timer)]
    return (["apply_updates_off"] if off else []) + reasons


def _narrowed(host: Host, told: Mapping[str, str]) -> list[str]:
    """Whether only advisories are followed, and no fetched repository carries any."""
    if told.get("upgrade_type", "default") != "security":
        return []
    paths = [path for pattern in REPOMD for path in glob(host, pattern)]
    carried = not paths or any('type="updateinfo"' in host.text(path) for path in paths)
    return [] if carried else ["no_advisories"]


def _settings(host: Host) -> tuple[Mapping[str, str], str]:
    told: dict[str, str] = {}
    source = FILES[1]
    for path in filter(host.exists, FILES):
        try:
            told |= repos.sections(host.text(path), path).get("commands", {})
        except Unseen as unseen:
            if unseen.reason != "malformed":
                raise
            return {}, path  # dnf-automatic gives up too
        source = path
    return told, source
