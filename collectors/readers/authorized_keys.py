"""authorized_keys files where sshd would look for them: how many keys open an account, never which.

Every server counts, and every Match block that the user may meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import passwd, sshd_config, sshd_daemon, sshd_match
from collectors.readers.once import once
from collectors.readers.passwd import Account
from collectors.readers.sshd_config import Setting
from collectors.readers.sshd_match import Connection

_OTHERS: Final = ("authorizedkeyscommand", "trustedusercakeys")
_KEY: Final = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r"(?:-cert-v01@openssh\.com)?[ \t]+[A-Za-z0-9+/]{16,}={0,2}(?=[ \t]|$)"
)
_OPTIONS: Final = re.compile(r'(?:[^ \t"\\]|\\.|"(?:[^"\\]|\\.)*")+[ \t]+')


def patterns(host: Host, account: Account) -> tuple[str, ...] | None:
    """Where keys of an account are looked for.

    None where a command is asked for them, or an authority's certificates are taken, so that no file tells
    whether a key opens it. Raises `Unseen`.
    """
    found: dict[str, None] = {}
    for settings in _settings(host, account):
        if any(settings[name].value != "none" for name in _OTHERS if name in settings):
            return None
        found.update(dict.fromkeys(settings["authorizedkeysfile"].value.split()))
    return tuple(found)


def _settings(host: Host, account: Account) -> Iterator[Mapping[str, Setting]]:
    """The settings that may hold for a user."""
    try:
        told = sshd_daemon.configuration(host)
    except Unseen as unseen:
        if unseen.reason != "not_found":
            raise
        yield sshd_config.effective([])
        return
    if told.error:  # no sshd runs with it; the usual places are looked at all the same
        yield sshd_config.effective([])
    for server in (told, *told.others) if not told.error else ():
        yield server.settings
        connection = (
            Connection(account.name, groups=once(host, _groups).get(account.name, ()))
            if server.matched
            else None
        )
        for one in server.matched:
            mine = [told for block in one.blocks for told in block.criteria if told[0] in ("user", "group")]
            if connection and all(sshd_match.fits(*told, connection) for told in mine):
                yield one.settings


def _groups(host: Host) -> dict[str, tuple[str, ...]]:
    """The groups of each user."""
    found: dict[str, tuple[str, ...]] = {}
    for group, names in passwd.memberships(host).items():
        for name in names:
            found[name] = (*found.get(name, ()), group)
    return found


def count(host: Host, account: Account, patterns: tuple[str, ...]) -> int:
    """How many keys the files of an account hold. Raises `Unseen` when one of them may not be read."""
    total = 0
    for path in dict.fromkeys(_place(one, account) for one in patterns if one.lower() != "none"):
        try:
            text = host.text(path)
        except Unseen as unseen:
            if unseen.reason == "not_found":
                continue
            raise
        total += sum(1 for line in text.splitlines() if is_key(line))
    return total


def is_key(line: str) -> bool:
    """Whether a line holds a key, with or without options before it."""
    text = line.strip(" \t\r")
    if not text or text.startswith("#"):
        return False
    if _KEY.match(text):
        return True
    options = _OPTIONS.match(text)
    return options is not None and _KEY.match(text, options.end()) is not None


def _place(pattern: str, account: Account) -> str:
    """Where a pattern points: %h, %u, %U and %% stand for home, name, number and a per cent sign."""
    tokens = {"h": account.home, "u": account.name, "U": str(account.uid), "%": "%"}
    path = re.sub(r"%([huU%])", lambda token: tokens[token[1]], pattern)
    return path if path.startswith("/") else f"{account.home.rstrip('/')}/{path}"
