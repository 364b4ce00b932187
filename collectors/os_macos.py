"""Which macOS: SystemVersion.plist, as sw_vers prints it."""

from __future__ import annotations

from typing import Final

from collectors import os as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_plist

FACTS = {name: linux.FACTS[name] for name in ("os.family", "os.id", "os.version")}
PATH: Final = "/System/Library/CoreServices/SystemVersion.plist"


def collect(host: Host) -> Findings:
    """Family, name and version."""
    findings = Findings()
    findings.fact("os.family", "macos", "the door")
    findings.look("os.id", _id, host)
    findings.look("os.version", _field, host, "ProductVersion")
    return findings


def _id(host: Host) -> Seen:
    name = _field(host, "ProductName")
    if name.value not in ("macOS", "Mac OS X"):
        raise Unseen("malformed", PATH, "another product")
    return Seen("macos", PATH)


def _field(host: Host, key: str) -> Seen:
    value = macos_plist.read(host, PATH).get(key)
    if not isinstance(value, str) or not value:
        raise Unseen("malformed", PATH, f"no {key}")
    return Seen(value, PATH)
