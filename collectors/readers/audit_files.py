"""What auditd and augenrules are set up with: the rules that the next start loads, and whether records are kept."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, glob
from collectors.readers import audit_rules, conf, units, versions

FOLDER: Final = "/etc/audit/rules.d"
FILE: Final = "/etc/audit/audit.rules"
UNITS: Final = ("auditd.service", "audit-rules.service")
DAEMON: Final = "/etc/audit/auditd.conf"
PLUGINS: Final = ("/etc/audit/plugins.d/*.conf", "/etc/audisp/plugins.d/*.conf")


def persisted(host: Host) -> tuple[str, tuple[str, ...]]:
    """The rules files' text that the next start loads, "" where nothing loads them or they switch it off."""
    unit = units.starting(host, *UNITS)
    if unit is None:
        return "", (units.FOLDERS[0],)
    text, paths = joined(host)
    return "" if audit_rules.enabled(text) == "0" else text, (*(paths or [FOLDER]), unit.source)


def joined(host: Host) -> tuple[str, list[str]]:
    """The text that the next start gives to auditctl, and the files that it comes from."""
    # augenrules takes the files as `ls -v` lists them.
    paths = sorted(glob(host, f"{FOLDER}/*.rules"), key=versions.file_key)
    text = "\n".join(host.text(path) for path in paths)
    if not paths and host.exists(FILE):
        # auditctl -R obeys a -D where it stands; augenrules, which joins the folder's files, moves it up.
        paths = [FILE]
        text = re.split(r"^[ \t]*-D\b.*$", host.text(FILE), flags=re.MULTILINE)[-1]
    return text, paths


def keeps(host: Host) -> bool:
    """Whether auditd writes its log (auditd.conf(5)), or a plugin takes the records."""
    if not host.exists(DAEMON):
        return True
    named = {name.lower(): value.lower() for name, (value, _) in conf.read(host, DAEMON).items()}
    if named.get("write_logs") != "no" and named.get("log_format") != "nolog":
        return True
    plugins = [path for pattern in PLUGINS for path in glob(host, pattern)]
    return any(re.search(r"^\s*active\s*=\s*yes", host.text(path), re.MULTILINE) for path in plugins)
