"""The accounts that let somebody in, one record each: what shadow, home folder and logs say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen, day
from collectors.readers import administrators, authorized_keys, enrolment, last_logins, passwd
from collectors.readers.passwd import Account
from collectors.readers.people import Person, people

T = TypeVar("T")
PEOPLE_MAX = 4_000
"""Above it the records would not fit a section, and nobody looks into so many homes for nothing."""


def records(host: Host) -> Seen:
    """A record of each account with a login shell. Raises `Unseen`."""
    everyone = [one for one in people(host) if one.account.interactive]
    if len(everyone) > PEOPLE_MAX:
        raise Unseen("too_large", passwd.PASSWD, f"{len(everyone)} accounts with a login shell")
    admins, admin_sources = administrators.names(host)
    logins, login_sources = last_logins.last_logins(host, [one.account for one in everyone])
    mapped = _or_none(enrolment.central, host)
    found: list[Json] = []
    for one in everyone:
        account = one.account
        counted = _or_none(_keys, host, account)
        second = None if mapped is None else _or_none(enrolment.second_factor, host, account, mapped)
        record = _ageing(one)
        administrator = account.name in admins or administrators.EVERYBODY in admins
        record |= {"administrator": administrator, "last_login_at": logins.get(account.name)}
        found.append({**record, "ssh_keys": counted, "second_factor": second})
    return Seen(found, passwd.PASSWD, passwd.SHADOW, *admin_sources, *login_sources)


def _keys(host: Host, account: Account) -> int | None:
    keys = authorized_keys.patterns(host, account)
    return None if keys is None else authorized_keys.count(host, account, keys)


def _ageing(one: Person) -> dict[str, Json]:
    return {
        "name": one.account.name,
        "id": one.account.uid,
        "password_state": one.state,
        "hash_scheme": one.scheme,
        "password_changed_on": None if one.changed is None else day(one.changed),
        "max_age_days": one.maximum,
        "expires_on": None if one.expires is None else day(one.expires),
    }


def _or_none(function: Callable[..., T], *arguments: object) -> T | None:
    """A field that could not be seen is null."""
    try:
        return function(*arguments)
    except Unseen:
        return None
