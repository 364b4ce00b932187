"""Users of SNMP version 3, as `show snmp user` of IOS tells them: no configuration has them. No key is among it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from collectors.door import Unseen

USERS: Final = "show snmp user"
_HEAD: Final = re.compile(r"^User name:", re.MULTILINE)
_FIELD: Final = r"^{} *: *(\S+)"
_AUTH: Final = re.compile(r"sha(-?2)?(-?(224|256|384|512))?|md5|none")
_PRIVACY: Final = re.compile(r"aes-?(128|192|256)|3des|des|none")


class User(NamedTuple):
    """One user. `auth` and `privacy` are the protocols in small letters or none; None for a word that is not known."""

    name: str
    auth: str | None
    privacy: str | None


def users(text: str) -> list[User]:
    """The users in the answer's order; `malformed` where one of them is not told whole."""
    return [_user(one) for one in _HEAD.split(text)[1:]]


def _user(text: str) -> User:
    group = re.search(_FIELD.format("Group-name"), text, re.MULTILINE)
    name, auth, privacy = (
        text.partition("\n")[0].strip(),
        _word(text, "Authentication"),
        _word(text, "Privacy"),
    )
    if not name.isprintable() or not name or not group or not auth or not privacy:
        raise Unseen("malformed", USERS, "a user that is not told whole")
    privacy = "none" if privacy == "-" else privacy
    return User(
        name,
        auth if _AUTH.fullmatch(auth) else None,
        privacy if _PRIVACY.fullmatch(privacy) else None,
    )


def _word(text: str, kind: str) -> str:
    found = re.search(_FIELD.format(f"{kind} Protocol"), text, re.MULTILINE)
    return found[1].lower() if found else ""
