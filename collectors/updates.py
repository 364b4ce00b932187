"""Updates: which security fixes wait, how old that knowledge is, whether they install themselves.

The package manager is asked from what it already fetched: nothing here goes to the network. Knowledge
that is not there (no lists, no security archive among them) is missing, never "nothing pending"; its
age is a fact of its own, so a check can refuse to believe an old list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from collectors.door import Host
from collectors.findings import Fact, Findings, Seen
from collectors.readers import apt, apt_lists, dnf, history, kernels, managers, unattended, zypper

FACTS = {
    "updates.manager": Fact("str", "the package manager whose answers these are: apt, dnf or zypper"),
    "updates.pending_security": Fact(
        "records{name: str, source_package: str?, installed: str, available: str, advisories: list[str]}",
        "packages with a security update that is not installed, held and pinned ones included; advisories are "
        "identifiers such as CVE or RHSA numbers, where the repository carries them",
    ),
    "updates.pending_other_count": Fact("int", "how many further packages have a newer version"),
    "updates.lists_refreshed_at": Fact("time", "when the package lists were last fetched from a server"),
    "updates.last_installed_at": Fact("time", "when an update was last installed"),
    "updates.automatic_security": Fact("bool", "security updates are installed without anybody's doing"),
    "updates.automatic_blocked_by": Fact("list[str]", "what keeps updates from installing themselves"),
    "updates.reboot_required": Fact("bool", "installed updates wait for a restart"),
    "updates.held": Fact("list[str]", "packages that an administrator keeps from being updated"),
}

Question = Callable[[Host], Seen]
_DEBIAN: Final[Mapping[str, Question]] = {
    "pending_security": apt.pending_security,
    "pending_other_count": apt.pending_other_count,
    "lists_refreshed_at": apt_lists.lists_refreshed_at,
    "last_installed_at": history.apt_last_installed_at,
    "automatic_security": unattended.automatic_security,
    "automatic_blocked_by": unattended.automatic_blocked_by,
    "held": apt.held,
}
_READERS: Final = {"apt": _DEBIAN, "dnf": dnf.QUESTIONS, "zypper": zypper.QUESTIONS}


def collect(host: Host) -> Findings:
    """Every fact by the host's own package manager; `unsupported` for managers without a reader."""
    findings = Findings()
    manager, source = managers.manager(host)
    findings.fact("updates.manager", manager, source)
    for name, question in _READERS[manager].items():
        findings.look(f"updates.{name}", question, host)
    findings.look("updates.reboot_required", kernels.reboot_required, host)
    return findings
