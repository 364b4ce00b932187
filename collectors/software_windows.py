"""Whether Windows itself is licensed: the state that its licensing service tells, as a number."""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_windows import Windows, whole
from collectors.findings import Fact, Findings, Seen

FACTS = {
    "software.licence_state": Fact(
        "str",
        "of the system: licensed, unlicensed, grace, notification (asks to be activated) or not_genuine",
    ),
}
CLASS = "SoftwareLicensingProduct"
WINDOWS = "55c92734-d682-4d71-983e-d6ec3f16059f"
"""The application id of Windows among what is licensed."""
STATES = {
    0: "unlicensed",
    1: "licensed",
    2: "grace",
    3: "grace",
    4: "not_genuine",
    5: "notification",
    6: "grace",
}


def collect(host: Windows) -> Findings:
    """The licence of the system."""
    findings = Findings()
    findings.look("software.licence_state", _licence_state, host)
    return findings


def _licence_state(host: Windows) -> Seen:
    """Of the editions only one has a key; with none, nothing is licensed."""
    asked = ("LicenseStatus", "PartialProductKey")
    rows = host.rows(
        "root/CIMV2", CLASS, asked, f"ApplicationID='{WINDOWS}' AND PartialProductKey IS NOT NULL"
    )
    states = {whole(one, "LicenseStatus", CLASS) for one in rows}
    if not states:
        return Seen("unlicensed", CLASS)
    if not states <= STATES.keys():
        raise Unseen("malformed", CLASS, "a state that is not known")
    return Seen("licensed" if 1 in states else STATES[min(states)], CLASS)
