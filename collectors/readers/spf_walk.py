"""What a domain's SPF says of a server that it does not name, walked as check_host() would (RFC 7208, section 4).

Nobody's address is looked up: every mechanism that names servers is taken not to match, unless it names all of
them. As a record may tell a stranger of IPv6 something else, it is walked for both and the worse is told.
Lookups are counted as a receiver counts them, since one too many makes the whole record worthless.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Final

from collectors.door import Unseen
from collectors.door_mail import Answer, Mail
from collectors.readers import spf
from collectors.readers.spf import PermError, Term

LOOKUPS_MAX: Final = 10
VOID_MAX: Final = 2
WIDE: Final = 8
"""A shorter prefix takes in so many servers that one outside of it is no typical stranger."""
HOSTS_MAX: Final = 10
"""Of one mx mechanism; more is a permanent error (section 4.6.4)."""
_COSTS: Final = frozenset({"include", "a", "mx", "ptr", "exists"})


_WORSE: Final = ("none", "permerror", "pass", "neutral", "softfail", "fail")
"""The worse first."""


@dataclass
class Walk:
    """What was found on the way through a record and all that it includes.

    `result`: pass, fail, softfail, neutral, permerror, or none where there is no record.
    """

    version: int = 4
    """Of the stranger's address."""
    result: str = "none"
    why: str = ""
    lookups: int = 0
    void: int = 0
    names_servers: bool = False
    """It names servers that may send, or may do so."""
    undecided: str = ""
    """The first term that depends on the message, or takes in so much that there is no typical stranger."""
    networks: list[ipaddress.IPv4Network] = field(default_factory=list)

    @property
    def ipv4_addresses(self) -> int:
        """How many IPv4 addresses it lets send by ip4, a and mx terms."""
        return sum(one.num_addresses for one in ipaddress.collapse_addresses(self.networks))


def walk(door: Mail, domain: str) -> Walk:
    """The walk from a domain's record. What the DNS does not tell raises `Unseen`, as a temporary error would."""
    ways = [_walk(door, domain, version) for version in (4, 6)]
    worse = min(ways, key=lambda one: _WORSE.index(one.result))
    undecided = ways[0].undecided or ways[1].undecided
    return replace(ways[0], result=worse.result, why=worse.why, undecided=undecided)


def _walk(door: Mail, domain: str, version: int) -> Walk:
    found = Walk(version)
    try:
        found.result = _check(door, domain, found, True)
    except PermError as error:
        found.result, found.why = "permerror", str(error)
    return found


def _check(door: Mail, domain: str, found: Walk, passes: bool) -> str:
    """check_host() of one domain; `passes` is whether a match here lets a server send in the end."""
    texts = spf.records(door.txt(domain).records)
    if not texts:
        return "none"
    if len(texts) > 1:
        raise PermError(f"{domain} has {len(texts)} SPF records")
    record = spf.parse(texts[0])
    for term in record.terms:
        if term.kind == "all":
            return term.result
        if _matches_all(door, domain, term, found, passes and term.result == "pass"):
            return term.result
    if not record.redirect:
        return "neutral"
    _count(found, f"redirect={record.redirect}")
    if spf.has_macro(record.redirect):
        raise Unseen("unsupported", f"redirect={record.redirect}", "depends on the message")
    result = _check(door, record.redirect, found, passes)
    if result == "none":
        raise PermError(f"{record.redirect} has no SPF record to redirect to")
    return result


def _matches_all(door: Mail, domain: str, term: Term, found: Walk, passes: bool) -> bool:
    """Whether a term takes in every server there is."""
    if term.kind in _COSTS:
        _count(found, f"{term.kind}:{term.domain or domain}")
    target = term.domain or domain
    if term.network is not None:
        return _network(term.network, found, passes)
    if spf.has_macro(target):
        found.names_servers |= passes
        if term.result != "fail" and term.kind in ("include", "exists"):
            found.undecided = found.undecided or f"{term.kind}:{target}"
        return False
    if term.kind == "include":
        result = _check(door, target, found, passes)
        if result == "none":
            raise PermError(f"{target} is included and has no SPF record")
        return result == "pass"
    found.names_servers |= passes
    if term.kind == "exists":
        return bool(_asked(door.addresses(target), found).records)
    return term.kind != "ptr" and _hosts(door, target, term, found, passes)


def _hosts(door: Mail, target: str, term: Term, found: Walk, passes: bool) -> bool:
    """The addresses of `a` and `mx`, widened by their prefix."""
    hosts: tuple[str, ...] = (target,)
    if term.prefix6 == 0:
        found.undecided = found.undecided or f"{term.kind}:{target}//0"
    if term.kind == "mx":
        hosts = _asked(door.mx(target), found).records
        if len(hosts) > HOSTS_MAX:
            raise PermError(f"{target} has more than {HOSTS_MAX} mail exchangers")
    for host in hosts:
        for address in () if host == "." else _asked(door.addresses(host), found).records:
            if _network(ipaddress.IPv4Network(f"{address}/{term.prefix}", strict=False), found, passes):
                return True
    return False


def _network(network: ipaddress.IPv4Network | ipaddress.IPv6Network, found: Walk, passes: bool) -> bool:
    """Whether it takes in every stranger of the walk's family."""
    found.names_servers |= passes
    if network.version != found.version:
        return False
    if 0 < network.prefixlen < WIDE:
        found.undecided = found.undecided or f"ip{network.version}:{network}"
    if passes and isinstance(network, ipaddress.IPv4Network):
        found.networks.append(network)
        # Two halves are as good as the whole.
        return any(one.prefixlen == 0 for one in ipaddress.collapse_addresses(found.networks))
    return network.prefixlen == 0


def _count(found: Walk, what: str) -> None:
    found.lookups += 1
    if found.lookups > LOOKUPS_MAX:
        raise PermError(f"more than {LOOKUPS_MAX} lookups at {what}")


def _asked(answer: Answer, found: Walk) -> Answer:
    # Most names have no IPv6 address; a receiver that counts that would refuse half the world's records.
    if not answer.records and found.version == 4:
        found.void += 1
        if found.void > VOID_MAX:
            raise PermError(f"more than {VOID_MAX} lookups that find nothing")
    return answer
