"""File integrity monitoring: which tool, when its database of good states was last made, and what starts it.

A tool without a database compares with nothing: AIDE's database counts once it was put in place, not while it
is still called aide.db.new, and only if it begins as AIDE begins one; of the others, zeros are none. Wazuh and
OSSEC count only where their syscheck watches a folder and is not switched off, AIDE only where its configuration
selects any file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Fact, Findings, Seen, rfc3339
from collectors.readers import aide, products, schedules, units
from collectors.readers.products import Product

FACTS = {
    "integrity.tools": Fact("list[str]", "file integrity tools that are installed and not switched off"),
    "integrity.database_at": Fact("time", "when the newest database of known good states was made"),
    "integrity.scheduled": Fact("bool", "a timer, cron or a daemon compares with that database by itself"),
}
OSSEC_SETTINGS: Final = "/var/ossec/etc/ossec.conf"
KNOWN: Final = (
    Product("AIDE", ("aide", "aide-*"), ("/usr/bin/aide", "/usr/sbin/aide")),
    Product("Tripwire", ("tripwire",), ("/usr/sbin/tripwire",)),
    Product("Samhain", ("samhain",), ("/usr/sbin/samhain", "/usr/local/sbin/samhain"), ("samhain",),
        ("samhain.service",)),
    Product("Wazuh", ("wazuh-agent", "wazuh-manager"), (), ("wazuh-syscheckd",),
        ("wazuh-agent.service", "wazuh-manager.service")),
    Product("OSSEC", ("ossec-hids", "ossec-hids-*"), (), ("ossec-syscheckd",), ("ossec.service",)),
)  # fmt: skip
DATABASES: Final = {
    "Tripwire": ("/var/lib/tripwire/*.twd",),
    "Samhain": ("/var/lib/samhain/samhain_file", "/var/state/samhain/samhain_file"),
    "Wazuh": ("/var/ossec/queue/fim/db/fim.db",),
    "OSSEC": ("/var/ossec/queue/syscheck/*",),
}
BEGINNING_BYTES: Final = 4096
_OFF: Final = re.compile(r"<disabled>\s*yes\s*</disabled>")


def collect(host: Host) -> Findings:
    """Tools by package or path, the date by the database's file."""
    findings = Findings()
    findings.look("integrity.tools", _tools, host)
    findings.look("integrity.database_at", _database_at, host)
    findings.look("integrity.scheduled", _scheduled, host)
    return findings


def _present(host: Host) -> Iterator[products.Found]:
    for found in products.found(host, KNOWN):
        name = found.product.name
        if name in ("Wazuh", "OSSEC"):
            counts = _watches(host.text(OSSEC_SETTINGS))
        else:
            counts = name != "AIDE" or aide.watches(host)
        if counts:
            yield found


def _watches(settings: str) -> bool:
    """Whether syscheck watches a folder and no section switches it off; others have a switch of that name."""
    plain = re.sub(r"<!--.*?-->", "", settings, flags=re.DOTALL)
    sections = [piece.partition("</syscheck>")[0] for piece in plain.split("<syscheck>")[1:]]
    off = any(_OFF.search(section) for section in sections)
    return not off and any(re.search(r"<directories\b", section) for section in sections)


def _tools(host: Host) -> Seen:
    found = list(_present(host))
    sources = [f"{one.product.name}: {one.source}" for one in found]
    return Seen([one.product.name for one in found], *(sources or ["installed packages", "/usr/sbin"]))


def _database_at(host: Host) -> Seen:
    moments: list[tuple[datetime, str]] = []
    for found in _present(host):
        name = found.product.name
        patterns = aide.databases(host) if name == "AIDE" else DATABASES[name]
        begins = aide.begins if name == "AIDE" else any
        paths = [path for pattern in patterns for path in glob(host, pattern)]
        made = [path for path in paths if begins(host.beginning(path, BEGINNING_BYTES))]
        moments += [(host.stat(path).modified_at, path) for path in made]
    if not moments:
        raise Unseen("not_found", ", ".join(aide.DATABASES), "no database of a known tool")
    moment, path = max(moments)
    return Seen(rfc3339(moment), path)


def _scheduled(host: Host) -> Seen:
    tried = []
    for found in _present(host):
        words = {"AIDE": aide.CHECKS, "Tripwire": ("tripwire",)}.get(found.product.name, ())
        places = [schedules.starting(host, word, aide.NO_CHECK) for word in words]
        if named := next(filter(None, places), None):
            return Seen(True, named)
        if found.running or (host.offline and products.starts(host, found.product)):
            return Seen(True, f"{found.product.name} runs by itself")
        if None in places or (not words and found.running is None and not host.offline):
            raise Unseen("permission_denied", schedules.OWN_TABLES[0], "crontabs or processes are hidden")
        tried.append(found.product.name)
    return Seen(False, *(tried or ["no tool"]), units.FOLDERS[0], *schedules.TABLES)
