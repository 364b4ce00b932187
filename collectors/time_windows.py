"""The clock of Windows: its time service, what that says of itself, and the servers it is set up with.

What is set up proves nothing: the service is asked when it last set the clock. A service that is started from time to
time says nothing while it does not run, nor is anything said where a hypervisor or another program keeps the clock.
"""

from __future__ import annotations

from typing import Final

from collectors import time as linux
from collectors.door import Unseen
from collectors.door_windows import Service, Windows, number, service, value
from collectors.findings import Findings, Json, Seen
from collectors.readers import w32tm

FACTS = dict(linux.FACTS)
NAME: Final = "W32Time"
OWN: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time"
POLICY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\W32Time"
STATUS: Final = "w32tm /query /status /verbose"
BY_OTHERS: Final = ("NTP",)
DAY: Final = 86_400
FROM_LIST: Final = ("ntp", "allsync")
"""Kinds of synchronisation that use the list of servers; NT5DS follows the domain, NoSync nobody."""


def collect(host: Windows) -> Findings:
    """The service, its state, its servers."""
    findings = Findings()
    findings.look("time.service", _service, host)
    findings.look("time.synchronised", _synchronised, host)
    findings.look("time.sources", _sources, host)
    return findings


def _service(host: Windows) -> Seen:
    return Seen("w32time" if _own(host).running else "none", f"service {NAME}")


def _own(host: Windows) -> Service:
    """Windows' time service, which every Windows has."""
    found = service(host, NAME)
    if found is None:
        raise Unseen("malformed", f"service {NAME}", "every Windows has it")
    return found


def _runs(host: Windows, name: str) -> bool:
    found = service(host, name)
    return found is not None and found.running


def _synchronised(host: Windows) -> Seen:
    source, own = f"service {NAME}", _own(host)
    if not own.running:
        if any(_runs(host, name) for name in BY_OTHERS):
            raise Unseen("unsupported", source, "another program keeps the clock")
        if own.start == "disabled":
            return Seen(False, source)
        raise Unseen("unsupported", source, "it does not run now, and is started from time to time")
    told = w32tm.read(host.clock_status(), STATUS)
    if told.source == w32tm.HYPERVISOR:
        raise Unseen("unsupported", STATUS, "a clock kept by the hypervisor is not judged")
    keeps = told.leap < w32tm.NOT_SYNCHRONISED and 1 <= told.stratum <= 15 and told.source not in w32tm.LOCAL
    return Seen(keeps and told.seconds <= _longest(host), STATUS, OWN)


def _longest(host: Windows) -> int:
    """How long ago it may have been set: a day, or half as long again as it is told to wait between two questions."""
    client = r"TimeProviders\NtpClient"
    own = number(host, rf"{OWN}\{client}", "SpecialPollInterval", 0)
    told = number(host, rf"{POLICY}\{client}", "SpecialPollInterval", own) or 0
    return max(DAY, min(told, 7 * DAY) * 3 // 2)


def _sources(host: Windows) -> Seen:
    kind, servers = (_parameter(host, name) for name in ("Type", "NtpServer"))
    if kind.lower() not in FROM_LIST:
        return Seen([], POLICY, OWN)
    names: list[Json] = [*dict.fromkeys(one.partition(",")[0] for one in servers.split())]
    return Seen(names, POLICY, OWN)


def _parameter(host: Windows, name: str) -> str:
    """A setting, a policy's before the own one; every Windows has its own."""
    host.values(rf"{OWN}\Parameters")
    told = value(host, rf"{POLICY}\Parameters", name)
    if told is None:
        told = value(host, rf"{OWN}\Parameters", name)
    return told if isinstance(told, str) else ""
