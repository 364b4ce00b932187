"""Whether a Mac is enrolled in device management: profiles(1), in words that are not translated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once

STATUS: Final = ("profiles", "status", "-type", "enrollment")
_AUTOMATED: Final = "Enrolled via DEP: "
_ENROLLED: Final = "MDM enrollment: "


@dataclass(frozen=True)
class Enrolment:
    """How it is enrolled. `approved`: a person, or the company's purchase, let it manage everything."""

    enrolled: bool
    approved: bool
    source: str


def enrolment(host: Host) -> Enrolment:
    """The answer; read once per scan. Raises `Unseen`."""
    return once(host, _enrolment)


def _enrolment(host: Host) -> Enrolment:
    told = host.run(STATUS)
    lines = [line.strip() for line in told.text.splitlines()]
    automated = [line.removeprefix(_AUTOMATED) for line in lines if line.startswith(_AUTOMATED)]
    enrolled = [line.removeprefix(_ENROLLED) for line in lines if line.startswith(_ENROLLED)]
    if automated not in (["Yes"], ["No"]) or len(enrolled) != 1:
        raise Unseen("malformed", told.source, "not the words of profiles")
    if enrolled[0] not in ("No", "Yes", "Yes (User Approved)"):
        raise Unseen("malformed", told.source, "another kind of enrolment")
    on = enrolled[0] != "No"
    return Enrolment(on, on and (enrolled[0] != "Yes" or automated == ["Yes"]), told.source)
