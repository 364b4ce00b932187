"""Which users get in with fewer than two factors, and by which login."""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen
from collectors.readers import login_programs, login_strength, pam, pam_factors, passwd, ssh_user
from collectors.readers.applicant import Applicant, Asked, applicants
from collectors.readers.login_programs import Path
from collectors.readers.pam import Way

USERS_MAX = 1_000
"""Above it a scan would spend its budget on walking stacks."""


def records(host: Host) -> Seen:
    """One record for each user with a login shell. Raises `Unseen`."""
    everyone = applicants(host)
    if len(everyone) > USERS_MAX:
        raise Unseen("too_large", passwd.PASSWD, f"{len(everyone)} accounts with a login shell")
    paths = [one for one in login_programs.there(host) if one.name in login_programs.LOGINS]
    open_ones = [one for one in paths if login_strength.is_open(host, one.names, one.units) is not False]
    found: list[Json] = [_record(host, who, open_ones) for who in everyone]
    return Seen(found, passwd.PASSWD, passwd.SHADOW, "/etc/pam.d")


def _record(host: Host, who: Applicant, paths: list[Path]) -> dict[str, Json]:
    alone: list[Json] = []
    undecided: list[Json] = []
    for path in paths:
        try:
            ways = {pam_factors.proven(way) for way in _ways(host, who, path)}
        except Unseen as unseen:
            undecided.append(f"{path.name}: {unseen.reason} ({unseen.source})")
            continue
        weak = [way for way in ways if len(way.factors) < 2]
        known = [way for way in weak if not _unsure(way)]
        alone += sorted(
            f"{path.name}: {'+'.join(way.factors) or 'nothing'}{_why(way)}" for way in _least(known)
        )
        if len(known) < len(weak) and not known:
            undecided.append(
                f"{path.name}: {', '.join(sorted({one for way in weak for one in way.factors}))}"
            )
    return {"name": who.account.name, "one_factor": alone, "undecided": undecided}


def _ways(host: Host, who: Applicant, path: Path) -> set[Way]:
    if path is login_programs.SSH:
        return ssh_user.ways(host, who)
    services = login_programs.services(host, path)
    named = [one for one in services if pam.path_of(host, one)] or services[:1]
    return {
        way
        for service in named
        for way in pam_factors.ways(host, pam.stack(host, service, "auth"), Asked(service, who))
    }


def _least(ways: list[Way]) -> list[Way]:
    """One way for each set of factors, that with the fewest reasons; none that a smaller set makes needless."""
    found: dict[frozenset[str], Way] = {}
    for way in sorted(ways, key=lambda one: (len(one.notes), sorted(one.notes))):
        found.setdefault(way.factors, way)
    return [way for factors, way in found.items() if not any(other < factors for other in found)]


def _why(way: Way) -> str:
    return f" ({'; '.join(sorted(way.notes))})" if way.notes else ""


def _unsure(way: Way) -> bool:
    return any(factor.endswith("?") for factor in way.factors)
