"""Which Windows: build, revision and edition from the registry, as winver shows them; no translated name is compared.

Until when it gets updates depends on the edition as much as on the build (`readers.support_ends_windows`).
"""

from __future__ import annotations

from collectors import os as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, number, value
from collectors.findings import Fact, Findings, Seen
from collectors.readers import support_ends_windows

FACTS = {name: linux.FACTS[name] for name in ("os.family", "os.id", "os.version", "os.support_ends_on")} | {
    "os.build": Fact("str", "the build with its update revision: 22631.4460"),
}
VERSION_KEY = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
PRODUCT_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions"


def collect(host: Windows) -> Findings:
    """Family, kind, build and end of support."""
    findings = Findings()
    findings.fact("os.family", "windows", VERSION_KEY)
    findings.look("os.id", _id, host)
    findings.look("os.version", _version, host)
    findings.look("os.build", _build, host)
    findings.look("os.support_ends_on", _support_ends, host)
    return findings


def _id(host: Windows) -> Seen:
    kind = value(host, PRODUCT_KEY, "ProductType")
    if kind not in ("WinNT", "ServerNT", "LanmanNT"):
        raise Unseen("malformed", PRODUCT_KEY, "no known ProductType")
    return Seen("windows" if kind == "WinNT" else "windows-server", PRODUCT_KEY)


def _version(host: Windows) -> Seen:
    major = number(host, VERSION_KEY, "CurrentMajorVersionNumber")
    minor = number(host, VERSION_KEY, "CurrentMinorVersionNumber")
    if major is None or minor is None:
        raise Unseen("unsupported", VERSION_KEY, "older than Windows 10")
    return Seen(f"{major}.{minor}.{_number_of_build(host)}", VERSION_KEY)


def _build(host: Windows) -> Seen:
    revision = number(host, VERSION_KEY, "UBR")
    if revision is None:
        raise Unseen("not_found", VERSION_KEY, "no UBR")
    return Seen(f"{_number_of_build(host)}.{revision}", VERSION_KEY)


def _number_of_build(host: Windows) -> str:
    build = value(host, VERSION_KEY, "CurrentBuildNumber")
    if not isinstance(build, str) or not build.isdecimal():
        raise Unseen("malformed", VERSION_KEY, "no CurrentBuildNumber")
    return build


def _support_ends(host: Windows) -> Seen:
    table = f"shipped table of {support_ends_windows.TABLE_DATE}"
    edition, build = value(host, VERSION_KEY, "EditionID"), _number_of_build(host)
    if not isinstance(edition, str):
        raise Unseen("malformed", VERSION_KEY, "no EditionID")
    found = support_ends_windows.end(build, edition)
    if found is None:
        raise Unseen("not_found", f"{VERSION_KEY}, {table}", f"build {build}, edition {edition[:40]}")
    return Seen(found, VERSION_KEY, table)
