"""The ways to log in to Windows, and whether a second factor guards each.

With "require Windows Hello for Business or a smart card" (scforceoption) a password is never enough at the screen, and
neither of the two can be told to a false page: phishing-resistant. Hello that is merely set up proves nothing, as the
password goes on working. Duo's provider asks for a second factor, unless it lets people in when its service cannot be
reached, or guards Remote Desktop only. With any other provider that is not Windows' own the strength is null: what it
asks for is in its own settings. Remote management (WinRM) asks no provider at all.
"""

from __future__ import annotations

from typing import Final

from collectors import login_paths as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, number, service, subkeys, value
from collectors.findings import Findings, Json, Seen
from collectors.rdp_windows import POLICY, SERVER, enabled
from collectors.readers.credential_providers import DUO, is_windows_own

FACTS = {"login_paths.paths": linux.FACTS["login_paths.paths"]}
SYSTEM: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
AUTHENTICATION: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Authentication"
KINDS: Final = (
    rf"{AUTHENTICATION}\Credential Providers",
    rf"{AUTHENTICATION}\Credential Provider Filters",
)
DUO_KEYS: Final = (
    r"HKLM\SOFTWARE\Policies\Duo Security\DuoCredProv",
    r"HKLM\SOFTWARE\Duo Security\DuoCredProv",
)
SOURCES: Final = (SYSTEM, AUTHENTICATION)
WINRM: Final = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"
WSMAN: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN"


def collect(host: Windows) -> Findings:
    """Console, Remote Desktop, remote management and OpenSSH."""
    findings = Findings()
    findings.look("login_paths.paths", _paths, host)
    return findings


def _paths(host: Windows) -> Seen:
    records = [
        _record("console", False, True, *_strength(host, remote=False)),
        _record("rdp", True, enabled(host), *_strength(host, remote=True)),
    ]
    if (managed := _winrm(host)) is not None:
        records.append(managed)
    sshd = service(host, "sshd")
    if sshd is not None:  # it has its own settings, which are not read here
        records.append(_record("ssh", True, sshd.running, None, [], []))
    return Seen(records, *SOURCES, POLICY, SERVER, WSMAN, "service sshd")


def _winrm(host: Windows) -> Json | None:
    """Remote management: no provider is asked there, and Negotiate takes a name and a password from anybody."""
    found = service(host, "WinRM")
    if found is None:
        return None
    listens = bool(subkeys(host, rf"{WSMAN}\Listener")) or number(host, WINRM, "AllowAutoConfig", 0) == 1
    ways = {"AllowKerberos": 1, "AllowNegotiate": 1, "AllowBasic": 0, "AllowCredSSP": 0}
    basic = number(host, rf"{WSMAN}\Service", "auth_basic", 0)
    taken = [number(host, WINRM, way, basic if way == "AllowBasic" else usual) for way, usual in ways.items()]
    strength: tuple[str | None, list[Json]] = ("none", ["password"]) if any(taken) else (None, [])
    return _record("winrm", True, found.running and listens, *strength, [])


def _strength(host: Windows, remote: bool) -> tuple[str | None, list[Json], list[Json]]:
    """Strength, the sets of factors that are enough, and what leads past them."""
    host.values(SYSTEM)
    if number(host, SYSTEM, "scforceoption", 0) == 1:
        return "phishing_resistant", ["smart card or Windows Hello"], []
    providers, filters = ({guid.lower() for guid in subkeys(host, key)} for key in KINDS)
    if not providers:
        raise Unseen("malformed", KINDS[0], "no provider at all")
    foreign = {guid for guid in providers | filters if not is_windows_own(guid)}
    if not foreign:
        return "none", ["password"], []
    if foreign <= DUO <= filters:  # the filter is what hides Windows' own
        return _duo(host, remote)
    return None, [], []


def _duo(host: Windows, remote: bool) -> tuple[str | None, list[Json], list[Json]]:
    if value(host, DUO_KEYS[1], "Host") is None or value(host, DUO_KEYS[1], "ProvidersWhitelist"):
        return None, [], []  # not set up, or others stay beside it
    if not remote and _duo_setting(host, "RdpOnly", 0) == 1:
        return "none", ["password"], []
    if _duo_setting(host, "FailOpen", 1) != 0:
        return "bypassable", ["password + Duo"], ["FailOpen"]
    return "required", ["password + Duo"], []


def _duo_setting(host: Windows, name: str, default: int) -> int | None:
    """A setting of Duo's, a policy's before its own; without one it fails open and guards every login."""
    policy, own = DUO_KEYS
    return number(host, policy, name, number(host, own, name, default))


def _record(
    path: str, remote: bool, is_open: bool, strength: str | None, factors: list[Json], bypasses: list[Json]
) -> Json:
    return {
        "path": path,
        "remote": remote,
        "open": is_open,
        "strength": strength,
        "factors": factors,
        "bypasses": bypasses,
        "source": AUTHENTICATION,
    }
