"""Remote Desktop: whether it is open, and whether it asks who is there before it shows a screen (NLA).

A policy wins over the machine's own setting, and both are told. Without a policy's key the own setting counts. Where
the security layer is RDP's own (0), NLA cannot happen whatever its setting says. Of several listeners the weakest is
told. NLA is no second factor.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_windows import Windows, number, subkeys
from collectors.findings import Fact, Findings, Seen

FACTS = {
    "rdp.enabled": Fact("bool", "the machine takes connections of Remote Desktop"),
    "rdp.network_level_authentication": Fact(
        "bool", "whoever connects must prove who they are first, in effect"
    ),
    "rdp.network_level_authentication_by_policy": Fact("bool", "a policy demands so"),
    "rdp.encryption_level": Fact("int", "the lowest encryption: 1 low, 2 client's choice, 3 high, 4 FIPS"),
    "rdp.allowed": Fact(
        "list[str]", "members of the group of remote desktop users; administrators may always"
    ),
}
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
STATIONS = rf"{SERVER}\WinStations"
USERS = "S-1-5-32-555"
RDP_SECURITY = 0


def collect(host: Windows) -> Findings:
    """Whether and how."""
    findings = Findings()
    findings.look("rdp.enabled", _enabled, host)
    findings.look("rdp.network_level_authentication", _nla, host)
    findings.look("rdp.network_level_authentication_by_policy", _nla_by_policy, host)
    findings.look("rdp.encryption_level", _encryption_level, host)
    findings.look("rdp.allowed", _allowed, host)
    return findings


def enabled(host: Windows) -> bool:
    """Whether connections are taken. Every Windows has a setting of its own, so none is no answer."""
    own = number(host, SERVER, "fDenyTSConnections")
    told = number(host, POLICY, "fDenyTSConnections", own)
    if told is None:
        raise Unseen("not_found", SERVER, "no fDenyTSConnections")
    return told == 0


def _enabled(host: Windows) -> Seen:
    return Seen(enabled(host), POLICY, SERVER)


def _nla(host: Windows) -> Seen:
    return Seen(
        all(
            _setting(host, one, "UserAuthentication", 0) == 1
            and _setting(host, one, "SecurityLayer", 1) != RDP_SECURITY
            for one in _listeners(host)
        ),
        POLICY,
        STATIONS,
    )


def _nla_by_policy(host: Windows) -> Seen:
    return Seen(number(host, POLICY, "UserAuthentication", 0) == 1, POLICY)


def _encryption_level(host: Windows) -> Seen:
    return Seen(
        min(_setting(host, one, "MinEncryptionLevel", 2) for one in _listeners(host)), POLICY, STATIONS
    )


def _setting(host: Windows, listener: str, name: str, default: int) -> int:
    own = number(host, listener, name, default)
    told = number(host, POLICY, name, own)
    return default if told is None else told


def _listeners(host: Windows) -> list[str]:
    """The stations that listen on a port and are not switched off."""
    keys = [rf"{STATIONS}\{name}" for name in subkeys(host, STATIONS)]
    found = [
        key
        for key in keys
        if number(host, key, "PortNumber") is not None and number(host, key, "fEnableWinStation", 1) != 0
    ]
    if not found:
        raise Unseen("not_found", STATIONS, "no listener")
    return found


def _allowed(host: Windows) -> Seen:
    found = sorted(host.members(USERS), key=lambda one: one.sid)
    return Seen([one.name or one.sid for one in found], f"NetLocalGroupGetMembers {USERS}")
