"""Malware protection products for Linux, and where each keeps the date of its definitions.

Mandatory access control (AppArmor, SELinux), rootkit finders that run on request and log collectors (Wazuh,
OSSEC) are no malware protection and are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen, first, glob
from collectors.readers import processes
from collectors.readers.products import Product

CLAMAV_SETTINGS: Final = ("/etc/clamav/freshclam.conf", "/etc/freshclam.conf", "/etc/clamav/clamd.conf")
CLAMD_SETTINGS: Final = ("/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/etc/clamd.conf")
CLAMAV_FOLDER: Final = "/var/lib/clamav"
CLAMAV_VERSION: Final = (("clamd", "--version"), ("clamscan", "--version"), ("freshclam", "--version"))
MDATP_HEALTH: Final = ("mdatp", "health")
MDATP_MANAGED: Final = "/etc/opt/microsoft/mdatp/managed/mdatp_managed.json"
FALCON_MODE: Final = ("/opt/CrowdStrike/falconctl", "-g", "--rfm-state")

_ANYWHERE: Final = ("/home/a/b.sh", "/usr/bin/a", "/var/b.bin", "/srv/c/d")
_PATTERN_MAX: Final = 64

KNOWN: Final = (
    Product("ClamAV", ("clamav-daemon", "clamav-server", "clamav", "clamd"),
        ("/usr/sbin/clamd", "/usr/local/sbin/clamd"), ("clamd",),
        ("clamav-daemon.service", "clamd@scan.service"), "antivirus"),
    Product("Microsoft Defender", ("mdatp",), ("/opt/microsoft/mdatp",), ("wdavdaemon",),
        ("mdatp.service",), "edr"),
    Product("CrowdStrike Falcon", ("falcon-sensor",), ("/opt/CrowdStrike/falcond",),
        ("falcon-sensor", "falcon-sensor-bpf", "falcond"), ("falcon-sensor.service",), "edr"),
    Product("SentinelOne", ("sentinelagent", "SentinelAgent"), ("/opt/sentinelone",),
        ("s1-agent", "s1-orchestrator", "sentineld"), ("sentinelone.service",), "edr"),
    Product("Sophos Protection", (), ("/opt/sophos-spl", "/opt/sophos-av"),
        ("sophos_watchdog", "sophos_threat_detector", "savd"),
        ("sophos-spl.service", "sav-protect.service"), "antivirus"),
    Product("ESET", ("efs", "eea", "esets"), ("/opt/eset/efs", "/opt/eset/eea", "/opt/eset/esets"),
        ("oaeventd", "scand", "esets_daemon"), ("efs.service", "eea.service", "esets.service"),
        "antivirus"),
    Product("Trellix", ("mcafeetp", "trellixtp", "ISecTP"),
        ("/opt/McAfee/ens/tp", "/opt/isec/ens/threatprevention"), ("mfetpd", "isectpd"),
        ("mfetpd.service",), "antivirus"),
    Product("Trellix HX", ("xagt",), ("/opt/fireeye/bin/xagt",), ("xagt",), ("xagt.service",), "edr"),
    Product("Trend Micro Deep Security", ("ds-agent", "ds_agent"), ("/opt/ds_agent",),
        ("ds_agent", "ds_am"), ("ds_agent.service",), "antivirus"),
    Product("Symantec Endpoint Protection", ("sep", "sdcss-kmod", "sav"),
        ("/opt/Symantec/symantec_antivirus", "/usr/lib/symantec"), ("rtvscand", "sisamdagent", "sepfl"),
        ("rtvscand.service", "sisamdagent.service"), "antivirus"),
    Product("Kaspersky Endpoint Security", ("kesl", "kesl-astra"), ("/opt/kaspersky/kesl",), ("kesl",),
        ("kesl.service", "kesl-supervisor.service"), "antivirus"),
    Product("Bitdefender GravityZone", ("bitdefender-security-tools",),
        ("/opt/bitdefender-security-tools",), ("bdsecd", "epagd"), ("bdsec.service",), "antivirus"),
    Product("Cortex XDR", ("cortex-agent",), ("/opt/traps",), ("pmd",), ("traps_pmd.service",),
        "edr"),
    Product("Carbon Black", ("cb-psc-sensor", "cbagent"), ("/opt/carbonblack/psc",),
        ("cbagentd", "cbdaemon"), ("cbagentd.service",), "edr"),
    Product("Cybereason", ("cybereason-sensor",), ("/opt/cybereason/sensor",), ("cybereason-sensor",),
        ("cybereason-sensor.service",), "edr"),
    Product("Elastic Defend", (), ("/opt/Elastic/Endpoint/elastic-endpoint",), ("elastic-endpoint",),
        ("ElasticEndpoint.service",), "edr"),
    Product("Cisco Secure Endpoint", ("ciscoampconnector",), ("/opt/cisco/amp/bin",), ("ampdaemon",),
        ("cisco-amp.service",), "edr"),
    Product("WithSecure", ("f-secure-linuxsecurity", "f-secure-elements-epp"),
        ("/opt/f-secure/linuxsecurity",), ("fsma2", "fsavd", "fsaccd"), ("f-secure-linuxsecurity.service",),
        "antivirus"),
    Product("Dr.Web", ("drweb-workstations", "drweb-file-servers"), ("/opt/drweb.com/bin/drweb-configd",),
        ("drweb-configd",), ("drweb-configd.service",), "antivirus"),
    Product("Cylance", ("cylance-protect",), ("/opt/cylance/desktop",), ("cylancesvc",),
        ("cylancesvc.service",), "antivirus"),
    Product("Qualys EPP", (), ("/opt/qualys/qualys-epp",), ("qualys-epp",), ("qualys-epp.service",), "edr"),
    Product("HarfangLab", ("hurukai-agent",), ("/opt/hurukai-agent",), ("hurukai-agent",),
        ("hurukai-agent.service",), "edr"),
)  # fmt: skip


def definitions_at(host: Host, name: str) -> datetime | None:
    """When the product's definitions were made; None where it has none or does not tell."""
    try:
        return _DEFINITIONS[name](host) if name in _DEFINITIONS else None
    except Unseen:
        return None


def real_time(host: Host, name: str) -> bool | None:
    """Whether the product looks at files as they are used; None where it does not tell."""
    try:
        return _REAL_TIME[name](host) if name in _REAL_TIME else None
    except Unseen:
        return None


def clamav_date(version: str) -> datetime | None:
    """The database's date out of `ClamAV 1.4.6/27450/Mon Nov 23 14:24:00 2026`, which is UTC at our door."""
    parts = version.strip().split("/")
    if len(parts) != 3:
        return None  # no database
    try:
        return datetime.strptime(parts[2], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def mdatp_field(health: str, name: str) -> str:
    """One field of `mdatp health`, quotes and remarks taken off; "" where it is not told."""
    match = re.search(rf"^{name}\s*:\s*\"?([^\"\[\n]*)", health, re.MULTILINE)
    return match[1].strip() if match else ""


def _clamav_definitions(host: Host) -> datetime | None:
    if not host.offline:
        for argv in CLAMAV_VERSION:
            try:
                return clamav_date(host.run(argv).text)
            except Unseen as unseen:
                if unseen.reason != "tool_missing":
                    raise
    folder = CLAMAV_FOLDER
    for path in (path for path in CLAMAV_SETTINGS if host.exists(path)):
        named = re.search(r"^DatabaseDirectory\s+(/\S+)", host.text(path), re.MULTILINE)
        folder = named[1] if named else folder
        break
    # freshclam writes a file only when a newer one was published; the signed header is beyond the size limit.
    databases = [*glob(host, f"{folder}/daily.c[lv]d"), *glob(host, f"{folder}/daily.cud")]
    return max((host.stat(path).modified_at for path in databases), default=None)


def _mdatp_definitions(host: Host) -> datetime | None:
    told = mdatp_field(host.run(MDATP_HEALTH).text, "definitions_updated")
    try:
        return datetime.strptime(told, "%b %d, %Y at %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return None


def _mdatp_real_time(host: Host) -> bool | None:
    """Passive mode watches and does nothing, and without a licence the engine stands still."""
    health = host.run(MDATP_HEALTH).text
    told = mdatp_field(health, "real_time_protection_enabled").lower()
    passive = mdatp_field(health, "passive_mode_enabled").lower() == "true"
    if passive or mdatp_field(health, "licensed").lower() == "false" or _mdatp_excludes_all(host):
        return False
    return told == "true" if told in ("true", "false") else None


def _mdatp_excludes_all(host: Host) -> bool:
    """Whether the settings that an administrator hands out exclude the whole tree."""
    if not host.exists(MDATP_MANAGED):
        return False
    path = re.compile(r"\"path\"\s*:\s*\"(?:/|/\*+)\"")
    return bool(path.search(host.text(MDATP_MANAGED)))


def _falcon_real_time(host: Host) -> bool | None:
    """A sensor in reduced functionality mode watches nothing."""
    told = re.search(r"rfm-state\s*=\s*(true|false)", host.run(FALCON_MODE).text)
    return told[1] == "false" if told else None


def _clamav_real_time(host: Host) -> bool | None:
    """On-access scanning (clamonacc): True where it watches people's files, None where it is narrowed to less."""
    if not processes.running(host, "clamonacc"):
        return False
    text = host.text(first(host, *CLAMD_SETTINGS))
    given = re.findall(r"^(\w+)[ \t]+(\S.*?)[ \t]*$", text, re.MULTILINE)
    included = [value for name, value in given if name in ("OnAccessIncludePath", "OnAccessMountPath")]
    excluded = [value for name, value in given if name == "OnAccessExcludePath"]
    patterns = [value for name, value in given if name == "ExcludePath"]
    watched = [path for path in included if not any(_holds(other, path) for other in excluded)]
    if any(all(_matches(pattern, path) for path in _ANYWHERE) for pattern in patterns) or (
        included and not watched
    ):
        return False
    return True if any(_holds(path, "/home") for path in watched) else None


def _holds(folder: str, path: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _matches(pattern: str, path: str) -> bool:
    """A pattern that Python does not understand, or that is too long to try, is one for some files only."""
    try:
        return len(pattern) <= _PATTERN_MAX and bool(re.search(pattern, path))
    except re.error:
        return False


_DEFINITIONS: Final[dict[str, Callable[[Host], datetime | None]]] = {
    "ClamAV": _clamav_definitions,
    "Microsoft Defender": _mdatp_definitions,
}
_REAL_TIME: Final[dict[str, Callable[[Host], bool | None]]] = {
    "ClamAV": _clamav_real_time,
    "Microsoft Defender": _mdatp_real_time,
    "CrowdStrike Falcon": _falcon_real_time,
}
