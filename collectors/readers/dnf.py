"""What dnf knows of newer versions (dnf(8)), from its cache alone: `-C` never goes to the network.

Security updates are told from advisories. A repository without advisories (updateinfo) answers with
silence, and silence is not "nothing pending": then nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Json, Seen, rfc3339
from collectors.readers import packages, repos, units
from collectors.readers.versions import natural_key

ADVISORIES: Final = ("dnf", "-q", "-C", "updateinfo", "list", "--security")
NEWER: Final = ("dnf", "-q", "-C", "check-update")
CACHES: Final = ("/var/cache/dnf", "/var/cache/libdnf5")
SETTINGS: Final = ("/etc/dnf/automatic.conf", "/etc/dnf/dnf5-plugins/automatic.conf")
PACKAGES: Final = ("dnf-automatic", "dnf5-plugin-automatic", "dnf5-plugins")
INSTALLING_TIMER: Final = "dnf-automatic-install.timer"
TIMERS: Final = ("dnf-automatic.timer", "dnf5-automatic.timer")
LOCKS: Final = ("/etc/dnf/plugins/versionlock.list", "/etc/yum/pluginconf.d/versionlock.list")
SECONDS: Final = 60.0

_NEVRA: Final = re.compile(r"(?P<name>\S+)-(?P<version>[^-\s]+-[^-\s]+)\.(?P<arch>[^.\s]+)")
_APPLIES: Final = re.compile(r"^[ \t]*apply_updates\s*=\s*(\w+)", re.MULTILINE)
_EXCLUDES: Final = re.compile(r"^[ \t]*exclude(?:pkgs)?\s*=\s*(.+)$", re.MULTILINE)


def parse_advisories(text: str) -> dict[str, tuple[str, set[str]]]:
    """Package name to its newest listed version and the advisories, of dnf 4's and dnf 5's tables."""
    found: dict[str, tuple[str, set[str]]] = {}
    for line in text.splitlines():
        words = line.split()
        match = next((m for m in map(_NEVRA.fullmatch, words[2:5]) if m), None)
        if len(words) < 3 or match is None:
            continue
        version, advisories = found.get(match["name"], ("", set()))
        newest = max(version, match["version"], key=natural_key)
        found[match["name"]] = (newest, advisories | {words[0]})
    return found


def pending_security(host: Host) -> Seen:
    """Packages with a security advisory that is not applied."""
    if not any(glob(host, pattern) for cache in CACHES for pattern in _carries(cache)):
        raise Unseen("not_found", ", ".join(CACHES), "no repository carries advisories")
    records: list[Json] = []
    known = packages.installed(host).by_name
    for name, (version, advisories) in sorted(parse_advisories(_ask(host, ADVISORIES)).items()):
        package = known.get(name)
        old, source = (package.version, package.source) if package else ("", None)
        told: list[Json] = [*sorted(advisories)]
        records.append(
            {
                "name": name,
                "source_package": source,
                "installed": old,
                "available": version,
                "advisories": told,
            }
        )
    return Seen(records, " ".join(ADVISORIES))


def pending_other_count(host: Host) -> Seen:
    """How many packages have a newer version and no security advisory."""
    security = parse_advisories(_ask(host, ADVISORIES))
    lines = _ask(host, NEWER, ok=(0, 100)).partition("\nObsoleting")[0].splitlines()
    names = {words[0].rpartition(".")[0] for words in map(str.split, lines) if len(words) == 3}
    return Seen(len(names - security.keys()), " ".join(NEWER))


def lists_refreshed_at(host: Host) -> Seen:
    """When the enabled repository that waited longest was last fetched or found unchanged."""
    moments = []
    for repo in repos.enabled(host):
        paths = [
            path for cache in CACHES for path in glob(host, f"{cache}/{repo.name}-*/repodata/repomd.xml")
        ]
        if not paths:
            raise Unseen("not_found", CACHES[0], f"{repo.name} was never fetched")
        moments.append((max(host.stat(path).modified_at for path in paths), paths[0]))
    if not moments:
        raise Unseen("not_found", CACHES[0], "no repository is enabled")
    return Seen(rfc3339(min(moments)[0]), min(moments)[1])


def last_installed_at(host: Host) -> Seen:
    """When the newest package was put in place: rpm installs anew to update."""
    moments = [one.installed_at for one in packages.installed(host).by_name.values() if one.installed_at]
    if not moments:
        raise Unseen("malformed", "rpm -qa", "no time of installation")
    return Seen(rfc3339(datetime.fromtimestamp(max(moments), UTC)), "rpm -qa")


def automatic_blocked_by(host: Host) -> Seen:
    """What keeps dnf-automatic from installing security updates."""
    if packages.installed(host).first(*PACKAGES) is None:
        return Seen(["package_missing"], "rpm -qa")
    if units.unit(host, INSTALLING_TIMER).starts:
        return Seen([], units.unit(host, INSTALLING_TIMER).source)
    text, source = "", SETTINGS[0]
    for path in SETTINGS:
        if host.exists(path):
            text, source = host.text(path), path
    applies = _APPLIES.search(text)
    reasons = [] if applies and applies[1].lower() in ("yes", "true", "1", "on") else ["apply_updates_off"]
    timer = units.starting(host, *TIMERS)
    if timer is None:
        masked = any(units.unit(host, name).masked for name in TIMERS)
        reasons.append(f"timer_{'masked' if masked else 'disabled'}:{TIMERS[0]}")
    return Seen([*reasons], source, timer.source if timer else units.FOLDERS[0])


def automatic_security(host: Host) -> Seen:
    """Whether nothing keeps security updates from installing themselves."""
    blocked = automatic_blocked_by(host)
    return Seen(blocked.value == [], *blocked.sources)


def held(host: Host) -> Seen:
    """Version locks, and packages excluded in dnf's main file."""
    names: set[str] = set()
    for path in filter(host.exists, LOCKS):
        lines = host.text(path).splitlines()
        names |= {line.strip() for line in lines if line.strip() and line.lstrip()[0] not in "#!"}
    for path in filter(host.exists, repos.MAIN_FILES):
        for value in _EXCLUDES.findall(host.text(path)):
            names |= set(re.split(r"[\s,]+", value.strip()))
    return Seen([*sorted(names - {""})], LOCKS[0], repos.MAIN_FILES[0])


def _carries(cache: str) -> tuple[str, str]:
    return f"{cache}/*/repodata/*updateinfo*", f"{cache}/*updateinfo.solvx"


def _ask(host: Host, argv: tuple[str, ...], ok: tuple[int, ...] = (0,)) -> str:
    return host.run(argv, ok=ok, timeout=SECONDS).text


QUESTIONS: Final[Mapping[str, Callable[[Host], Seen]]] = {
    "pending_security": pending_security,
    "pending_other_count": pending_other_count,
    "lists_refreshed_at": lists_refreshed_at,
    "last_installed_at": last_installed_at,
    "automatic_security": automatic_security,
    "automatic_blocked_by": automatic_blocked_by,
    "held": held,
}
