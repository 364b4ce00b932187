"""Which users of a Mac get in with fewer than two factors, and by which login.

SSH lets in whom the service's group names, everybody where there is none; a key that somebody may have there leaves it
undecided. A user without a usable password gets in nowhere with a password.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen
from collectors.readers import login_window, macos_directory, smart_cards, ssh_strength
from collectors.readers.login_window import Window
from collectors.readers.macos_directory import User
from collectors.readers.once import once
from collectors.readers.pam_factors import Strength

SSH_GROUP = "com.apple.access_ssh"
_STRONG = ("required", "phishing_resistant")


def records(host: Host, ssh: bool | None, screen: bool | None) -> Seen:
    """One record for each user who may log in; `ssh` and `screen` are whether these are open. Raises `Unseen`."""
    window = login_window.window(host)
    demanded, _ = smart_cards.is_demanded(host)
    over_ssh = _over_ssh(host) if ssh is not False else None
    allowed = macos_directory.members(host, SSH_GROUP) if over_ssh else None
    found: list[Json] = []
    for user in macos_directory.people(host):
        if not user.may_log_in:
            continue
        told = [*_at_the_window(user, window)]
        if over_ssh and (allowed is None or user.name in allowed):
            told += _by_ssh(user, *over_ssh)
        if screen is not False and user.state == "set":
            told.append(("screen-sharing: password", not demanded))
        alone, unsure = ([text for text, sure in told if sure is wanted] for wanted in (True, False))
        found.append({"name": user.name, "one_factor": [*alone], "undecided": [*unsure]})
    return Seen(found, " ".join(macos_directory.USERS), " ".join(login_window.RULE), window.source)


def _at_the_window(user: User, window: Window) -> Iterator[tuple[str, bool]]:
    """What gets the user in there with one factor, and whether that is sure."""
    word = window.strength.word
    if word is None:
        yield f"graphical: {window.source}", False
    elif user.state != "set":
        return
    elif word == "none":
        yield "graphical: password", True
    for one in window.exemptions:
        if one.names is None or user.name in one.names:
            yield f"graphical: password ({one.note})", one.sure


def _over_ssh(host: Host) -> tuple[Strength, str]:
    try:
        return once(host, ssh_strength.strength)
    except Unseen as unseen:
        return Strength(None, (), ()), f"{unseen.source}: {unseen.reason}"


def _by_ssh(user: User, strength: Strength, source: str) -> Iterator[tuple[str, bool]]:
    if strength.word is None:
        yield f"ssh: {source}", False
    elif strength.word not in _STRONG:
        if "password" in strength.factors and user.state == "set":
            yield "ssh: password", True
        others = [one for one in strength.factors if one != "password" and "+" not in one]
        if others or strength.bypasses:
            yield f"ssh: {', '.join((*others, *strength.bypasses))}", False
