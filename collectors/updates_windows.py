"""Updates on Windows: what the update agent found at its last search, whether they install themselves, restarts.

The agent is asked for what it knows; it asks no server now, so the date of its last search is told beside it. Lists
of installed hotfixes are incomplete and not used. Definitions of Microsoft Defender are no update here: they come
several times a day. Whether an update is about security is told by its category's identifier or by its CVE numbers.
"""

from __future__ import annotations

from collectors import host_windows
from collectors import updates as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, number, service, value
from collectors.findings import Findings, Json, Seen
from collectors.os_windows import PRODUCT_KEY
from collectors.readers import update_agent

FACTS = {
    name: linux.FACTS[name]
    for name in (
        "updates.manager",
        "updates.pending_security",
        "updates.pending_other_count",
        "updates.lists_refreshed_at",
        "updates.last_installed_at",
        "updates.automatic_security",
        "updates.automatic_blocked_by",
        "updates.reboot_required",
        "updates.held",
    )
}
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
AUTOMATIC = rf"{POLICY}\AU"
PAUSE = r"HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings"
INSTALLS_BY_ITSELF = 4
SERVICES = ("wuauserv", "UsoSvc")


def collect(host: Windows) -> Findings:
    """What waits, what installs it, and whether a restart is due."""
    findings = Findings()
    findings.fact("updates.manager", "windows_update", update_agent.AGENT)
    findings.look("updates.pending_security", _pending_security, host)
    findings.look("updates.pending_other_count", _pending_other_count, host)
    findings.look("updates.held", _held, host)
    findings.look("updates.lists_refreshed_at", update_agent.searched_at, host)
    findings.look("updates.last_installed_at", update_agent.installed_at, host)
    findings.look("updates.automatic_security", _automatic, host)
    findings.look("updates.automatic_blocked_by", _blocked_by, host)
    findings.look("updates.reboot_required", update_agent.reboot_required, host)
    return findings


def _pending_security(host: Windows) -> Seen:
    """The waiting ones, hidden ones included. What version is replaced nobody tells."""
    records: list[Json] = [
        {
            "name": one.kb,
            "source_package": None,
            "installed": "",
            "available": one.kb,
            "advisories": list(one.cves),
        }
        for one in update_agent.waiting(host)
        if update_agent.is_security(one)
    ]
    return Seen(records, update_agent.AGENT)


def _pending_other_count(host: Windows) -> Seen:
    return Seen(
        sum(not update_agent.is_security(one) for one in update_agent.waiting(host)), update_agent.AGENT
    )


def _held(host: Windows) -> Seen:
    return Seen([one.kb for one in update_agent.waiting(host) if one.hidden], update_agent.AGENT)


def _automatic(host: Windows) -> Seen:
    """By policy; without one a client installs by itself, and what a server does is not told here."""
    if number(host, AUTOMATIC, "NoAutoUpdate", 0) == 1:
        return Seen(False, AUTOMATIC)
    option = number(host, AUTOMATIC, "AUOptions")
    if option is not None:
        return Seen(option == INSTALLS_BY_ITSELF, AUTOMATIC)
    if host_windows.role(host) != "workstation":
        raise Unseen("unsupported", AUTOMATIC, "a server without a policy")
    return Seen(True, AUTOMATIC, PRODUCT_KEY)


def _blocked_by(host: Windows) -> Seen:
    blocks: list[Json] = []
    for name in SERVICES:
        found = service(host, name)
        if found is None or found.start == "disabled":
            blocks.append(f"service {name}")
    if number(host, POLICY, "DisableWindowsUpdateAccess", 0) == 1:
        blocks.append("DisableWindowsUpdateAccess")
    until = value(host, PAUSE, "PauseQualityUpdatesEndTime")
    if isinstance(until, str) and until > host.now.strftime("%Y-%m-%dT%H:%M:%SZ"):
        blocks.append(f"paused until {until}")
    return Seen(blocks, *(f"service {name}" for name in SERVICES), POLICY, PAUSE)
