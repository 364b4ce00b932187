"""Who can get in somewhere with one factor: users of the identity providers, and the hosts' accounts of their names.

Demanded is what the provider asks for, registered is what the user has, and reachable without it is what the hosts'
own logins open. A host's account is a user's by its name alone (`RULE`): what several users may mean is in doubt. And
where a host's accounts are not known, or come from a directory, nobody can say that a user gets in nowhere.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from server import latest, ordered
from server.latest import Source

RULE = (
    "Without regard to case, the account maria, or CORP\\maria, belongs to maria@example.com; maria@example.com to"
    " nobody else. An account that fits several users is in doubt."
)
ONE_FACTOR, UNREGISTERED, UNKNOWN, TWO_FACTORS = "one_factor", "unregistered", "unknown", "two_factors"
ANSWERS: Mapping[str, str] = {
    ONE_FACTOR: "fail",
    UNREGISTERED: "partly",
    UNKNOWN: "unknown",
    TWO_FACTORS: "pass",
}
"""What may be said of a user, the worst first, and the status whose shape it has."""
SHOWN_LOGINS = 5
_USERS, _GAPS, _FOR_ALL = "tenant.users", "tenant.demand_gaps", "tenant.mfa_demanded_for_all"
_LOGINS, _DOMAIN = "login_paths.users", "host.domain_joined"


@dataclass(frozen=True)
class Gap:
    """What leaves people or sign-ins without the demand, and the policy at fault, empty where there is none."""

    kind: str
    name: str
    policy: str


@dataclass(frozen=True)
class Tenant:
    """A tenant of an identity provider."""

    host_id: str
    name: str
    platform: str
    observed_at: str
    problem: str
    """Empty, or why its users are not known."""
    users: int
    demanded_for_all: bool | None
    gaps: tuple[Gap, ...] | None
    """None where they are not known."""


@dataclass(frozen=True)
class Login:
    """A host's account of a user's name, and the logins that one factor opens."""

    host_id: str
    hostname: str
    account: str
    one_factor: tuple[str, ...]
    undecided: tuple[str, ...]
    """Logins of which nobody can tell."""
    in_doubt: bool
    """Several users have this name."""
    observed_at: str


@dataclass(frozen=True)
class User:
    """A user of a tenant, and where one factor is enough."""

    name: str
    tenant_id: str
    tenant: str
    administrator: bool | None
    demanded: bool | None
    registered: bool | None
    gaps: tuple[Gap, ...]
    """Those that name the user."""
    logins: tuple[Login, ...]
    answer: str
    why: str

    @property
    def key(self) -> str:
        """Its place in the list: the answers in their order, administrators before others, then by name."""
        place = f"{[*ANSWERS].index(self.answer)}{0 if self.administrator else 1}"
        return ordered.key(place, self.name, self.tenant_id)

    @property
    def more(self) -> int:
        """How many accounts there are beyond those that a page shows."""
        return max(len(self.logins) - SHOWN_LOGINS, 0)


@dataclass(frozen=True)
class Unseen:
    """A host of whose accounts nobody can tell all, and why."""

    host_id: str
    hostname: str
    why: str


@dataclass(frozen=True)
class Accounts:
    """The tenants, their users in the order of their keys, and the hosts that leave the answers open."""

    tenants: tuple[Tenant, ...]
    users: tuple[User, ...]
    hosts: int
    unseen: tuple[Unseen, ...]
    rule: str = RULE

    @property
    def counts(self) -> dict[str, int]:
        """How many users have which answer."""
        counted = Counter(each.answer for each in self.users)
        return {answer: counted[answer] for answer in ANSWERS}


class _Account(NamedTuple):
    source: Source
    fields: Mapping[str, Any]


def joined(connection: sqlite3.Connection, moment: datetime) -> Accounts:
    """Return every user of every tenant with what the hosts open to the name."""
    tenants, people = [], []
    for source in latest.sources(connection, "tenant", moment):
        told = latest.told(connection, source, [_USERS, _GAPS, _FOR_ALL])
        tenant = _tenant(source, told)
        tenants.append(tenant)
        people += [(tenant, fields) for fields in told.values.get(_USERS, ()) if not tenant.problem]
    hosts = latest.sources(connection, "host", moment) if people else []
    by_name, unseen = _accounts(connection, hosts)
    names = {fields["name"].lower() for _, fields in people}
    shared = Counter(_local(name) for name in names)
    users = [_user(tenant, fields, by_name, shared, len(unseen)) for tenant, fields in people]
    users.sort(key=lambda each: each.key)
    return Accounts(tuple(tenants), tuple(users), len(hosts), tuple(unseen))


def _tenant(source: Source, told: latest.Told) -> Tenant:
    problem = source.doubt or told.missing.get(_USERS, "")
    for_all = None if source.doubt else told.values.get(_FOR_ALL)
    gaps = None
    if _GAPS in told.values and not source.doubt:
        gaps = tuple(Gap(each["kind"], each["name"], each.get("policy") or "") for each in told.values[_GAPS])
    count = len(told.values.get(_USERS, ()))
    about = (source.host_id, source.name, source.platform, source.observed_at)
    return Tenant(*about, problem, count, for_all, gaps)


def _accounts(
    connection: sqlite3.Connection, hosts: list[Source]
) -> tuple[dict[str, list[_Account]], list[Unseen]]:
    """The hosts' accounts by their names in lower case, without a domain before them; and the hosts that hide some."""
    found: dict[str, list[_Account]] = {}
    unseen = []
    for source in hosts:
        told = latest.told(connection, source, [_LOGINS, _DOMAIN])
        why = source.doubt or told.missing.get(_LOGINS, "")
        if not why:
            for fields in told.values[_LOGINS]:
                name = fields["name"].lower().rpartition("\\")[2]
                found.setdefault(name, []).append(_Account(source, fields))
            if told.values.get(_DOMAIN) is not False:
                why = "directory_users"  # who of them may log in here stands in no local file
        if why:
            unseen.append(Unseen(source.host_id, source.name, why))
    return found, unseen


def _user(
    tenant: Tenant,
    fields: Mapping[str, Any],
    by_name: Mapping[str, list[_Account]],
    shared: Mapping[str, int],
    unseen: int,
) -> User:
    name = fields["name"].lower()
    local = _local(name)
    fitting = [(each, False) for each in by_name.get(name, ())]
    if local != name:
        fitting += [(each, shared[local] > 1) for each in by_name.get(local, ())]
    logins = tuple(_login(each, in_doubt) for each, in_doubt in fitting)
    logins = tuple(sorted(logins, key=lambda each: (not each.one_factor, each.in_doubt, not each.undecided)))
    answer, why = _answer(fields, logins, unseen)
    told = (fields.get("administrator"), fields.get("demanded"), fields.get("registered"))
    gaps = tuple(each for each in tenant.gaps or () if each.name.lower() == name)
    return User(fields["name"], tenant.host_id, tenant.name, *told, gaps, logins, answer, why)


def _local(name: str) -> str:
    return name.partition("@")[0]


def _login(each: _Account, in_doubt: bool) -> Login:
    source, fields = each
    one_factor, undecided = tuple(fields["one_factor"]), tuple(fields["undecided"])
    return Login(
        source.host_id, source.name, fields["name"], one_factor, undecided, in_doubt, source.observed_at
    )


def _answer(fields: Mapping[str, Any], logins: tuple[Login, ...], unseen: int) -> tuple[str, str]:
    """What is said of a user, and why in a few words; what nobody could see leaves it unknown."""
    demanded, registered = fields.get("demanded"), fields.get("registered")
    hosts = {each.host_id for each in logins if each.one_factor and not each.in_doubt}
    ways = ["the provider asks for no second factor at some sign-ins"] if demanded is False else []
    ways += [f"one factor opens logins on {len(hosts)} host{'s' * (len(hosts) > 1)}"] if hosts else []
    if ways:
        return ONE_FACTOR, "; ".join(ways)
    if registered is False:
        return UNREGISTERED, "no second factor is registered"
    open_still = {
        "what the provider demands": demanded is None,
        "what is registered": registered is None,
        "whose account it is": any(each.in_doubt and each.one_factor for each in logins),
        "some logins of the own accounts": any(each.undecided for each in logins),
        f"all accounts on {unseen} host{'s' * (unseen != 1)}": unseen > 0,
    }
    unknown = [what for what, is_open in open_still.items() if is_open]
    return (UNKNOWN, f"not known: {', '.join(unknown)}") if unknown else (TWO_FACTORS, "")
