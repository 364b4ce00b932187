"""What zypper knows of newer versions (zypper(8)), from its cache alone (`--no-refresh`).

A patch is an advisory for several packages, so its name stands where a package's would. The XML form lists
every category whatever `--category` asked for: the category is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen, rfc3339
from collectors.readers import dnf, packages, repos, units

UPDATES: Final = (
    "zypper", "--non-interactive", "--no-refresh", "--xmlout", "list-updates", "-t", "patch", "-t", "package",
)  # fmt: skip
CACHE: Final = "/var/cache/zypp/raw"
LOCKS: Final = "/etc/zypp/locks"
ONLINE_UPDATE: Final = "/etc/sysconfig/automatic_online_update"
TIMERS: Final = ("os-update.timer", "transactional-update.timer")
SECONDS: Final = 60.0

_LOCKED: Final = re.compile(r"^solvable_name:\s*(\S+)", re.MULTILINE)
_ONLINE: Final = re.compile(r'^AOU_ENABLE_CRONJOB="?true"?', re.MULTILINE)


def parse(text: str) -> list[ET.Element]:
    """The `<update>` elements of zypper's XML; a document without an update list is `malformed`."""
    source = " ".join(UPDATES)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # zypper writes none; entities could grow without bound
        raise Unseen("malformed", source, "a document type")
    try:
        tree = ET.fromstring(text)  # noqa: S314  entities were refused above
    except ET.ParseError as error:
        raise Unseen("malformed", source, str(error)) from None
    if tree.find(".//update-list") is None:
        raise Unseen("malformed", source, "no list of updates")
    return list(tree.iter("update"))


def pending_security(host: Host) -> Seen:
    """The needed security patches, each with its advisories."""
    records: list[Json] = []
    for one in _updates(host):
        if one.get("kind") == "patch" and one.get("category") == "security":
            issues = sorted({issue.get("id", "") for issue in one.iter("issue")} - {""})
            name = one.get("name", "")
            record: dict[str, Json] = {"name": name, "source_package": None, "installed": ""}
            record |= {"available": one.get("edition", ""), "advisories": [name, *issues]}
            records.append(record)
    return Seen(sorted(records, key=str), " ".join(UPDATES))


def pending_other_count(host: Host) -> Seen:
    """How many patches of other kinds are needed."""
    others = [
        one for one in _updates(host) if one.get("kind") == "patch" and one.get("category") != "security"
    ]
    return Seen(len(others), " ".join(UPDATES))


def lists_refreshed_at(host: Host) -> Seen:
    """When the enabled repository that waited longest was last fetched or found unchanged."""
    moments = []
    for repo in repos.enabled(host):
        path = f"{CACHE}/{repo.name}/repodata/repomd.xml"
        moments.append((host.stat(path).modified_at, path))
    if not moments:
        raise Unseen("not_found", CACHE, "no repository is enabled")
    return Seen(rfc3339(min(moments)[0]), min(moments)[1])


def automatic_blocked_by(host: Host) -> Seen:
    """What keeps updates from installing themselves: no timer and no online update is switched on."""
    timer = units.starting(host, *TIMERS)
    if timer:
        return Seen([], timer.source)
    if host.exists(ONLINE_UPDATE) and _ONLINE.search(host.text(ONLINE_UPDATE)):
        return Seen([], ONLINE_UPDATE)
    masked = [f"timer_masked:{name}" for name in TIMERS if units.unit(host, name).masked]
    return Seen([*masked] or ["online_update_off"], ONLINE_UPDATE, units.FOLDERS[0])


def automatic_security(host: Host) -> Seen:
    """Whether nothing keeps security updates from installing themselves."""
    blocked = automatic_blocked_by(host)
    return Seen(blocked.value == [], *blocked.sources)


def held(host: Host) -> Seen:
    """Package locks."""
    if not host.exists(LOCKS):
        return Seen([], LOCKS, packages.RPM_DATABASES[0])
    return Seen(sorted(set(_LOCKED.findall(host.text(LOCKS)))), LOCKS)


def _updates(host: Host) -> list[ET.Element]:
    return parse(host.run(UPDATES, ok=(0, 100, 101, 102, 103), timeout=SECONDS).text)


QUESTIONS: Final[Mapping[str, Callable[[Host], Seen]]] = {
    "pending_security": pending_security,
    "pending_other_count": pending_other_count,
    "lists_refreshed_at": lists_refreshed_at,
    "last_installed_at": dnf.last_installed_at,
    "automatic_security": automatic_security,
    "automatic_blocked_by": automatic_blocked_by,
    "held": held,
}
