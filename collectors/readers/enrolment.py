"""Whether a user holds a second factor: by the existence of a secret or a mapping, never by what is in it."""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.passwd import Account

IN_HOME: Final = (
    ".google_authenticator",
    ".config/google-authenticator",
    ".config/Yubico/u2f_keys",
    ".yubico/authorized_yubikeys",
    ".eid/authorized_certificates",
)
CENTRAL: Final = (
    ("/etc/Yubico/u2f_keys", ":"),
    ("/etc/u2f_mappings", ":"),
    ("/etc/u2f_keys", ":"),
    ("/etc/yubikey_mappings", ":"),
    ("/etc/yubico/authorized_yubikeys", ":"),
    ("/etc/users.oath", None),
)
"""Files that name users: parted by ":", or in the second column of a line (users.oath)."""


def central(host: Host) -> set[str]:
    """The users whom a central file maps to a token. A file that may not be read raises `Unseen`."""
    found = set()
    for path, mark in CENTRAL:
        try:
            lines = host.text(path).splitlines()
        except Unseen as unseen:
            if unseen.reason == "not_found":
                continue
            raise
        for line in lines:
            words = line.split(mark) if mark else line.split()[1:]
            if words and not line.startswith("#"):
                found.add(words[0])
    return found


def second_factor(host: Host, account: Account, mapped: set[str]) -> str:
    """Either "enrolled" or "none". Raises `Unseen` when the home folder cannot be looked into."""
    if account.name in mapped:
        return "enrolled"
    home = account.home.rstrip("/")
    return "enrolled" if any(host.exists(f"{home}/{one}") for one in IN_HOME) else "none"
