"""The ways into this host: does every login prove two factors, and what lets somebody past one.

A path counts by what PAM (and sshd) would really accept, not by which modules are installed: a second
factor that is sufficient, optional, jumped over or ignored for users without one is told as such, with the
line that does it. A path whose program is not installed has no record. For every user with a login shell it
is told by which open login fewer than two factors are enough: there a policy that exempts nobody on paper
still shows whom it does not reach.
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import login_programs, login_strength, login_users, ssh_strength
from collectors.readers.login_programs import Path
from collectors.readers.pam_factors import Strength

FACTS = {
    "login_paths.paths": Fact(
        "records{path: str, remote: bool, open: bool?, strength: str?, factors: list[str], bypasses: list[str],"
        " source: str}",
        "console, graphical, ssh, sudo, su, polkit, cockpit, xrdp, ftp, screen-sharing: strength is none, optional,"
        " bypassable, required or phishing_resistant; factors are the sets that are enough",
    ),
    "login_paths.users": Fact(
        "records{name: str, one_factor: list[str], undecided: list[str]}",
        "each user with a login shell: the open logins on which fewer than two factors are enough, which they"
        " are and why; and the logins of which that cannot be told",
    ),
}


def collect(host: Host) -> Findings:
    """One record for each path whose program is installed, and for each user."""
    findings = Findings()
    findings.look("login_paths.paths", _paths, host)
    findings.look("login_paths.users", login_users.records, host)
    return findings


def _paths(host: Host) -> Seen:
    there = login_programs.there(host)
    records: list[Json] = [_record(host, path) for path in there]
    return Seen(records, "/etc/pam.d", *(one for path in there for one in path.programs if host.exists(one)))


def _record(host: Host, path: Path) -> dict[str, Json]:
    try:
        if path is login_programs.SSH:
            found, source = ssh_strength.strength(host)
        else:
            found, source = login_strength.strength(host, path.name, login_programs.services(host, path))
    except Unseen as unseen:
        found, source = Strength(None, (), ()), f"{unseen.source}: {unseen.reason}"
    return {
        "path": path.name,
        "remote": path.remote,
        "open": login_strength.is_open(host, path.names, path.units),
        "strength": found.word,
        "factors": [*found.factors],
        "bypasses": [*found.bypasses],
        "source": source,
    }
