"""The ways into this host: does every login prove two factors, and what lets somebody past.

A path counts by what PAM (and sshd) would really accept, not by which modules are installed: a second
factor that is sufficient, optional, jumped over or ignored for users without one is told as such, with the
line that does it. A path whose program is not installed has no record.
"""

from __future__ import annotations

from dataclasses import dataclass

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import desktop, login_strength, ssh_strength, sshd_daemon
from collectors.readers.pam_factors import Strength

FACTS = {
    "login_paths.paths": Fact(
        "records{path: str, remote: bool, open: bool?, strength: str?, factors: list[str], bypasses: list[str],"
        " source: str}",
        "console, graphical, ssh, sudo, su, polkit, cockpit, xrdp: strength is none, optional, bypassable, required"
        " or phishing_resistant; factors are the sets that are enough",
    )
}


@dataclass(frozen=True)
class Path:
    """A way in: its PAM services, what is installed where it exists, what runs or starts where it is open."""

    name: str
    services: tuple[str, ...]
    programs: tuple[str, ...]
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    remote: bool = False


PATHS = (
    Path(
        "console",
        ("login",),
        ("/bin/login", "/usr/bin/login"),
        ("agetty", "getty", "mingetty", "login"),
        ("getty@tty1.service", "console-getty.service", "serial-getty@ttyS0.service"),
    ),
    Path(
        "graphical",
        ("gdm-password", "gdm-fingerprint", "gdm-smartcard", "gdm", "sddm", "lightdm", "lxdm", "greetd"),
        desktop.PROGRAMS,
        ("gdm3", "gdm", "sddm", "lightdm", "lxdm-binary", "greetd"),
        ("display-manager.service", "gdm.service", "sddm.service", "lightdm.service", "greetd.service"),
    ),
    Path("sudo", ("sudo",), ("/usr/bin/sudo",)),
    Path("su", ("su",), ("/bin/su", "/usr/bin/su")),
    Path("polkit", ("polkit-1",), ("/usr/bin/pkexec", "/usr/lib/polkit-1/polkitd")),
    Path(
        "cockpit",
        ("cockpit",),
        ("/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws"),
        ("cockpit-ws", "cockpit-tls"),
        ("cockpit.socket",),
        remote=True,
    ),
    Path("xrdp", ("xrdp-sesman",), ("/usr/sbin/xrdp",), ("xrdp",), ("xrdp.service",), remote=True),
)
SSH = Path(
    "ssh", (), sshd_daemon.PROGRAMS, ("sshd",), ("ssh.service", "sshd.service", "ssh.socket"), remote=True
)


def collect(host: Host) -> Findings:
    """One record for each path whose program is installed."""
    findings = Findings()
    findings.look("login_paths.paths", _paths, host)
    return findings


def _paths(host: Host) -> Seen:
    there = [path for path in (*PATHS, SSH) if any(host.exists(one) for one in path.programs)]
    records: list[Json] = [_record(host, path) for path in there]
    return Seen(records, "/etc/pam.d", *(one for path in there for one in path.programs if host.exists(one)))


def _record(host: Host, path: Path) -> dict[str, Json]:
    try:
        if path is SSH:
            found, source = ssh_strength.strength(host)
        else:
            found, source = login_strength.strength(host, path.name, path.services)
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
