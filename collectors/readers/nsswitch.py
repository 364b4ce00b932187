"""nsswitch.conf(5): which databases besides the local files name users and groups."""

from __future__ import annotations

from collectors.door import Host, Unseen

PATH = "/etc/nsswitch.conf"
_LOCAL = frozenset({"files", "compat", "db", "systemd", "altfiles", "extrausers", "myhostname", "mymachines"})


def sources(host: Host, database: str) -> list[str]:
    """The services of a database in order, actions such as [NOTFOUND=return] left out."""
    try:
        text = host.text(PATH)
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
    """The services that bring users or groups from elsewhere: sss, ldap, winbind, nis."""
    named = [*sources(host, "passwd"), *sources(host, "group")]
    return sorted({name for name in named if name not in _LOCAL})
