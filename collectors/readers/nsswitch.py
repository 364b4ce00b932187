"""nsswitch.conf(5): which databases besides the local files name users and groups."""

from __future__ import annotations

from collectors.door import Host, Unseen, first
from collectors.readers import overlay

PATH = "/etc/nsswitch.conf"
PATHS = (PATH, "/usr/etc/nsswitch.conf")
USERDB = ("/etc/userdb", "/run/userdb", "/run/host/userdb", "/usr/lib/userdb")
HOMED = "/var/lib/systemd/home"
_MAX_BYTES = 32 * 1024 * 1024
_LOCAL = frozenset({"files", "compat", "db", "systemd", "altfiles", "extrausers", "myhostname", "mymachines"})


def sources(host: Host, database: str) -> list[str]:
    """The services of a database in order, actions such as [NOTFOUND=return] left out."""
    try:
        text = host.text(first(host, *PATHS))
    except Unseen as unseen:
        if unseen.reason == "not_found":  # the C library's own default
            return ["files"]
        raise
    for line in text.splitlines():
        name, colon, rest = line.split("#")[0].partition(":")
        if colon and name.strip() == database:
            plain, inside = [], False
            for word in rest.replace("[", " [ ").replace("]", " ] ").split():
                inside = (inside or word == "[") and word != "]"
                if not inside and word != "]":
                    plain.append(word)
            return plain
    return ["files"]


def directories(host: Host) -> list[str]:
    """The services that bring users or groups from elsewhere: sss, ldap, winbind, nis.

    So do records of systemd (userdb, homed), and compat, where a line of passwd asks for NIS.
    """
    named = {*sources(host, "passwd"), *sources(host, "group")}
    found = {name for name in named if name not in _LOCAL}
    if "compat" in named and any(_asks_nis(host, path) for path in ("/etc/passwd", "/etc/group")):
        found.add("nis")
    if "systemd" in named:
        if any(
            name.endswith((".user", ".group")) for folder in USERDB for name in overlay.names(host, folder)
        ):
            found.add("systemd-userdb")
        if any(name.endswith(".identity") for name in overlay.names(host, HOMED)):
            found.add("systemd-homed")
    return sorted(found)


def _asks_nis(host: Host, path: str) -> bool:
    try:
        return any(line.lstrip().startswith("+") for line in host.text(path, _MAX_BYTES).splitlines())
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return False
        raise
