"""Who asks to be let in, and by which PAM service: what conditions in a stack are decided by."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.door import Host
from collectors.readers import passwd
from collectors.readers.once import once
from collectors.readers.passwd import Account
from collectors.readers.people import people


@dataclass(frozen=True)
class Applicant:
    """A local account, the groups it is in, and its password: set, empty, locked or none."""

    account: Account
    groups: frozenset[str]
    password: str


@dataclass(frozen=True)
class Asked:
    """A login at a service.

    Without `who` anybody may be asking. `empty` tells whether an empty password may be used there.
    """

    service: str
    who: Applicant | None = None
    empty: bool = True


def applicants(host: Host) -> list[Applicant]:
    """Everybody with a login shell, looked up once per scan. Raises `Unseen`."""
    return once(host, _applicants)


def _applicants(host: Host) -> list[Applicant]:
    everyone = [one for one in people(host) if one.account.interactive]
    groups: dict[str, set[str]] = {one.account.name: set() for one in everyone}
    numbers: dict[int, set[str]] = {}
    for group in passwd.groups(host):
        numbers.setdefault(group.gid, set()).add(group.name)
        for name in group.members:
            groups.get(name, set()).add(group.name)
    return [
        Applicant(
            one.account,
            frozenset(groups[one.account.name] | numbers.get(one.account.gid, set())),
            one.state,
        )
        for one in everyone
    ]
