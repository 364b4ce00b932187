"""Accounts with their ageing: passwd(5) and shadow(5) joined as the login tools join them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import login_defs, passwd
from collectors.readers.once import once
from collectors.readers.passwd import Account, Ageing

USERADD: Final = "/etc/default/useradd"
_NO_AGEING: Final = Ageing("", "none", None, None, None, None, None, None)


@dataclass(frozen=True)
class Person:
    """An account. Days are None where nothing is set; `changed` is None also where a change is demanded."""

    account: Account
    state: str
    scheme: str | None
    changed: int | None
    maximum: int
    inactive: int
    expires: int | None


def people(host: Host) -> list[Person]:
    """Every local account, read once per scan. Raises `Unseen` when passwd or shadow cannot be read."""
    return once(host, _people)


def _people(host: Host) -> list[Person]:
    shadow = passwd.ageing(host)
    return [_person(one, shadow.get(one.name, _NO_AGEING)) for one in passwd.accounts(host)]


def _person(account: Account, ageing: Ageing) -> Person:
    state = ageing.state if account.state is None else account.state
    scheme = ageing.scheme if account.state is None else account.scheme
    maximum = passwd.NEVER_DAYS if ageing.maximum is None or ageing.maximum >= 10_000 else ageing.maximum
    inactive = -1 if ageing.inactive is None else ageing.inactive
    return Person(account, state, scheme, ageing.changed or None, maximum, inactive, ageing.expires)


def first_ordinary_uid(host: Host) -> int:
    """login.defs' UID_MIN: user numbers below it are the system's. 1000 where nothing is set."""
    try:
        return login_defs.number(login_defs.read(host), "UID_MIN", 1000)[0]
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return 1000
        raise


def default_inactive(host: Host) -> tuple[int, str]:
    """What useradd gives a new account, -1 being never, and where that stands."""
    try:
        lines = host.text(USERADD).splitlines()
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return -1, "useradd default"
        raise
    for number, line in reversed(list(enumerate(lines, start=1))):
        name, _, value = line.strip().partition("=")
        if name == "INACTIVE" and value.strip('"').lstrip("-").isdecimal():
            return max(int(value.strip('"')), -1), f"{USERADD}:{number}"
    return -1, "useradd default"
