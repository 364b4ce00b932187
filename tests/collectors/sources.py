"""Where each fact is read on each system: found by running the collectors on every fixture, not written by hand.

`./script/facts` writes docs/facts.md with it; a fact that no fixture shows would have no source there, which a test
refuses.
"""

from __future__ import annotations

import re
from collections import defaultdict

from collectors import every
from config import feeds
from tests.collectors import cases
from tests.collectors.cases import Case

LINUX = "Linux"
FILES = "--root"
# What a system's own package manager leaves in a fixture; the first that is found names the system.
_MARKS = {
    "Debian, Ubuntu": ("/var/lib/dpkg/", "/etc/apt/", "apt-", "dpkg-"),
    "SUSE": ("/etc/zypp/", "zypper "),
    "RHEL family": ("/etc/dnf/", "/etc/yum", "dnf ", "rpm "),
}
_PLATFORMS = {
    "windows": "Windows",
    "macos": "macOS",
    "ad": "Active Directory",
    "openldap": "OpenLDAP",
    "entra": "Entra ID",
    "google": "Google Workspace",
    "okta": "Okta",
    "device": "network devices",
    "network": "networks",
    "mail": "mail domains",
}
_LINE = re.compile(r"(:\d+)+(?=$|:? )")
_REMARK = re.compile(r" \(.*\)$")
# Names that are a fixture's own: files in a folder of drop-ins, versions, devices, people, package names.
_OWN = (
    (re.compile(r"(\.d/|/rules\.d/|/zones/)[^/]+$"), r"\1*"),
    (re.compile(r"^(/[^: ]+): .*"), r"\1"),
    (re.compile(r"^/boot/vmlinuz-.*"), "/boot/vmlinuz-*"),
    (re.compile(r"(/lib/modules|/var/cache/(?:lib)?dnf5?|/var/cache/zypp/raw)/[^/]+/"), r"\1/*/"),
    (re.compile(r"^(/sys/class/block|/sys/block)/[^/ :]+"), r"\1/*"),
    (re.compile(r"^/(home/[^/]+|root)/"), "~/"),
    (re.compile(r"^(shipped table of) .*"), r"\1 a date"),
)


def sources() -> dict[str, dict[str, list[str]]]:
    """By fact and system: what was read in any fixture in which the fact was found."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for subject in every():
        for case in cases.cases(subject):
            findings = cases.run(subject, cases.door(case))
            for fact in findings.facts:
                found[fact][_system(case)].update(map(_plain, findings.sources[fact]))
    for fact, one in feeds.FACTS.items():
        found[fact]["every subject"].update(one.inputs or ["the feed's own date"])
    return {fact: {name: sorted(read) for name, read in by.items()} for fact, by in found.items()}


def _system(case: Case) -> str:
    platform = every()[case.subject].platform
    if platform != "linux":
        return _PLATFORMS[platform]
    if case.data.get("offline"):
        return FILES
    names = [*case.data["files"], *case.data["commands"]]
    marked = (system for system, marks in _MARKS.items() if any(name.startswith(marks) for name in names))
    return next(marked, LINUX)


def _plain(source: str) -> str:
    plain = _LINE.sub("", _REMARK.sub("", source)).strip()
    for pattern, instead in _OWN:
        plain = pattern.sub(instead, plain)
    return plain
