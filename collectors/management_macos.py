"""Whether a Mac is managed by the company: enrolment in device management, and whether it may manage everything.

Without approval a management server may not set what concerns security. Which profiles there are is told by what each
collector reads of them; their contents belong to people too and are not taken.
"""

from __future__ import annotations

from collectors.door import Host
from collectors.findings import Fact, Findings, Seen
from collectors.readers import macos_enrolment

FACTS = {
    "management.enrolled": Fact("bool", "a device management server manages this Mac"),
    "management.approved": Fact("bool", "it may manage everything: its enrolment is approved, or automated"),
}


def collect(host: Host) -> Findings:
    """Both by profiles."""
    findings = Findings()
    findings.look("management.enrolled", _enrolled, host)
    findings.look("management.approved", _approved, host)
    return findings


def _enrolled(host: Host) -> Seen:
    told = macos_enrolment.enrolment(host)
    return Seen(told.enrolled, told.source)


def _approved(host: Host) -> Seen:
    told = macos_enrolment.enrolment(host)
    return Seen(told.approved, told.source)
