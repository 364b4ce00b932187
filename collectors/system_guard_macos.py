"""What macOS guards itself with: Gatekeeper looks at programs before their first start, SIP keeps the system whole.

A custom configuration of SIP is not on: some of its protections are off. Programs' words are not translated; others
than those known here are malformed.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen

FACTS = {
    "system_guard.gatekeeper": Fact("bool", "programs from elsewhere are checked before they first start"),
    "system_guard.integrity_protection": Fact("bool", "System Integrity Protection is on as a whole"),
}
GATEKEEPER: Final = ("spctl", "--status")
INTEGRITY: Final = ("csrutil", "status")
_SIP: Final = "System Integrity Protection status: "


def collect(host: Host) -> Findings:
    """Both by their own tools."""
    findings = Findings()
    findings.look("system_guard.gatekeeper", _gatekeeper, host)
    findings.look("system_guard.integrity_protection", _integrity, host)
    return findings


def _gatekeeper(host: Host) -> Seen:
    told = host.run(GATEKEEPER, ok=(0, 1))
    word = (told.text + told.stderr.decode("utf-8", "replace")).strip()
    if (word, told.returncode) == ("assessments enabled", 0):
        return Seen(True, told.source)
    if word == "assessments disabled":
        return Seen(False, told.source)
    raise Unseen("malformed", told.source, "not the words of spctl")


def _integrity(host: Host) -> Seen:
    told = host.run(INTEGRITY)
    first = next(iter(told.text.splitlines()), "").strip()
    if first == _SIP + "enabled.":
        return Seen(True, told.source)
    if first == _SIP + "disabled." or (first.startswith(_SIP) and "(Custom Configuration)" in first):
        return Seen(False, told.source)
    raise Unseen("malformed", told.source, "not the words of csrutil")
