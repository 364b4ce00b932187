"""Which macOS: SystemVersion.plist, as sw_vers prints it; and since when it gets no security updates any more.

Apple announces no such day in advance, so of a release that may still get some it is not known.
"""

from __future__ import annotations

from typing import Final

from collectors import os as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_plist, support_ends

FACTS = {name: linux.FACTS[name] for name in ("os.family", "os.id", "os.version", "os.support_ends_on")}
PATH: Final = "/System/Library/CoreServices/SystemVersion.plist"


def collect(host: Host) -> Findings:
    """Family, name, version and the end of support."""
    findings = Findings()
    findings.fact("os.family", "macos", "the door")
    findings.look("os.id", _id, host)
    findings.look("os.version", _field, host, "ProductVersion")
    findings.look("os.support_ends_on", _support_ends, host)
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


def _support_ends(host: Host) -> Seen:
    version, table = _field(host, "ProductVersion"), f"shipped table of {support_ends.TABLE_DATE}"
    ended = support_ends.in_table("macos", str(version.value))
    if ended is None:
        raise Unseen("not_found", f"{PATH}, {table}", "no end of this release is known")
    return Seen(ended, PATH, table)
