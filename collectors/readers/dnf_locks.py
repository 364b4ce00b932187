"""What an administrator keeps dnf from updating: excludes and version locks (dnf.conf(5), dnf-versionlock(8))."""

from __future__ import annotations

import re
import tomllib
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen
from collectors.readers import repos

PLUGINS: Final = ("/etc/dnf/plugins/versionlock.conf", "/etc/yum/pluginconf.d/versionlock.conf")
LIST: Final = "/etc/dnf/plugins/versionlock.list"
LISTS: Final = (LIST, "/etc/yum/pluginconf.d/versionlock.list")
TOML: Final = "/etc/dnf/versionlock.toml"


def held(host: Host) -> Seen:
    """Locked packages, and those excluded in dnf's main file or in an enabled repository."""
    names = set(locked(host))
    fields = [main for _, main in repos.main_sections(host)]
    fields += [repo.fields for repo in repos.enabled(host, repos.DNF_FOLDERS)] if _has_folder(host) else []
    for one in fields:
        for key in ("exclude", "excludepkgs"):
            names |= set(re.split(r"[\s,]+", one.get(key, "").strip()))
    return Seen([*sorted(names - {""})], LIST, repos.MAIN_FILES[0])


def locked(host: Host) -> list[str]:
    """The entries of the lists that the plugin reads; one that begins with "!" keeps a version out."""
    paths = [*LISTS]
    for path in filter(host.exists, PLUGINS):
        told = repos.sections(host.text(path), path).get("main", {})
        if not repos.is_on(told.get("enabled", ""), True):
            return _locked_by_dnf5(host)
        paths = [told["locklist"], *paths] if told.get("locklist", "").startswith("/") else paths
    lines = [
        line.strip()
        for path in dict.fromkeys(paths)
        if host.exists(path)
        for line in host.text(path).splitlines()
    ]
    return [*(line for line in lines if line and line[0] != "#"), *_locked_by_dnf5(host)]


def _locked_by_dnf5(host: Host) -> list[str]:
    if not host.exists(TOML):
        return []
    try:
        entries = tomllib.loads(host.text(TOML)).get("packages", [])
        return [str(entry["name"]) for entry in entries]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Unseen("malformed", TOML, str(error)) from None


def _has_folder(host: Host) -> bool:
    return any(host.exists(folder) for folder in repos.DNF_FOLDERS)
