"""File integrity monitoring: which tool, and when its database of good states was last made.

A tool without a database compares with nothing: AIDE's database counts once it was put in place, not while it
is still called aide.db.new. Wazuh and OSSEC count only where their syscheck is not switched off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Fact, Findings, Seen, rfc3339
from collectors.readers import products
from collectors.readers.products import Product

FACTS = {
    "integrity.tools": Fact("list[str]", "file integrity tools that are installed and not switched off"),
    "integrity.database_at": Fact("time", "when the newest database of known good states was made"),
}
AIDE_SETTINGS: Final = ("/etc/aide/aide.conf", "/etc/aide.conf")
OSSEC_SETTINGS: Final = "/var/ossec/etc/ossec.conf"
KNOWN: Final = (
    Product("AIDE", ("aide", "aide-*"), ("/usr/bin/aide", "/usr/sbin/aide")),
    Product("Tripwire", ("tripwire",), ("/usr/sbin/tripwire",)),
    Product("Samhain", ("samhain",), ("/usr/sbin/samhain", "/usr/local/sbin/samhain")),
    Product("Wazuh", ("wazuh-agent", "wazuh-manager")),
    Product("OSSEC", ("ossec-hids", "ossec-hids-*")),
)
DATABASES: Final = {
    "AIDE": ("/var/lib/aide/aide.db", "/var/lib/aide/aide.db.gz"),
    "Tripwire": ("/var/lib/tripwire/*.twd",),
    "Samhain": ("/var/lib/samhain/samhain_file", "/var/state/samhain/samhain_file"),
    "Wazuh": ("/var/ossec/queue/fim/db/fim.db",),
    "OSSEC": ("/var/ossec/queue/syscheck/*",),
}
_AIDE_DATABASE: Final = re.compile(r"^[ \t]*database(?:_in)?\s*=\s*file:(/\S+)", re.MULTILINE)
_OFF: Final = re.compile(r"<disabled>\s*yes\s*</disabled>")


def collect(host: Host) -> Findings:
    """Tools by package or path, the date by the database's file."""
    findings = Findings()
    findings.look("integrity.tools", _tools, host)
    findings.look("integrity.database_at", _database_at, host)
    return findings


def _present(host: Host) -> Iterator[products.Found]:
    for found in products.found(host, KNOWN):
        watches = found.product.name in ("Wazuh", "OSSEC")
        if not (watches and _is_off(host.text(OSSEC_SETTINGS))):
            yield found


def _is_off(settings: str) -> bool:
    """Whether a syscheck section switches it off; other sections have a switch of the same name."""
    sections = (piece.partition("</syscheck>")[0] for piece in settings.split("<syscheck>")[1:])
    return any(_OFF.search(section) for section in sections)


def _tools(host: Host) -> Seen:
    found = list(_present(host))
    sources = [f"{one.product.name}: {one.source}" for one in found]
    return Seen([one.product.name for one in found], *(sources or ["installed packages", "/usr/sbin"]))


def _database_at(host: Host) -> Seen:
    moments: list[tuple[datetime, str]] = []
    for found in _present(host):
        patterns = _aide(host) if found.product.name == "AIDE" else DATABASES[found.product.name]
        paths = [path for pattern in patterns for path in glob(host, pattern)]
        moments += [(host.stat(path).modified_at, path) for path in paths]
    if not moments:
        raise Unseen("not_found", ", ".join(DATABASES["AIDE"]), "no database of a known tool")
    moment, path = max(moments)
    return Seen(rfc3339(moment), path)


def _aide(host: Host) -> tuple[str, ...]:
    for path in AIDE_SETTINGS:
        if host.exists(path) and (named := _AIDE_DATABASE.findall(host.text(path))):
            return tuple(named)
    return DATABASES["AIDE"]
