"""authorized_keys files where sshd would look for them: how many keys open an account, never which."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import sshd_config, sshd_text
from collectors.readers.passwd import Account

DEFAULT: Final = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_KEY: Final = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r"(?:-cert-v01@openssh\.com)?[ \t]+[A-Za-z0-9+/]{16,}={0,2}(?=[ \t]|$)"
)
_OPTIONS: Final = re.compile(r'(?:[^ \t"\\]|\\.|"(?:[^"\\]|\\.)*")+[ \t]+')


def patterns(host: Host) -> tuple[str, ...] | None:
    """Where keys are looked for.

    None where a command is asked for them, so that no file tells their number.
    """
    try:
        found = sshd_config.effective(sshd_text.read(host))
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return DEFAULT
        raise
    if found["authorizedkeyscommand"].value != "none":
        return None
    return tuple(found["authorizedkeysfile"].value.split())


def count(host: Host, account: Account, patterns: tuple[str, ...] = DEFAULT) -> int:
    """How many keys the files of an account hold. Raises `Unseen` when one of them may not be read."""
    total = 0
    for pattern in patterns:
        if pattern.lower() == "none":
            continue
        path = _place(pattern, account)
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
