"""USBGuard: whether it would let a USB storage device in that nobody named (usbguard-daemon.conf(5)).

The first rule that matches decides, else ImplicitPolicyTarget. A rule that names a device by id, serial number or
hash lets that device in, not any; a port, a hub or a name that a device gives itself name none.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, glob
from collectors.readers import conf, processes, units

SETTINGS: Final = "/etc/usbguard/usbguard-daemon.conf"
RULES: Final = "/etc/usbguard/rules.conf"
FOLDER: Final = "/etc/usbguard/rules.d"
_REFUSING: Final = ("block", "reject")
_ONE_DEVICE: Final = re.compile(r"\bid [0-9a-fA-F]{4}:[0-9a-fA-F]{4}\b|\bserial \"[^\"]|(?<![\w-])hash \"")
_CONDITION: Final = re.compile(r"\bif\b")


def is_at_work(host: Host) -> bool:
    """Whether the daemon runs; on a root, whether it starts."""
    if host.offline:
        return units.unit(host, "usbguard.service").starts
    return processes.running(host, "usbguard-daemon")


def refuses_storage(host: Host) -> bool:
    """Whether a stick that no rule names is refused, plugged in now or before the daemon starts."""
    named = {name.lower(): value.lower() for name, (value, _) in conf.read(host, SETTINGS).items()}
    if named.get("presentdevicepolicy", "apply-policy") in ("allow", "keep"):
        return False
    inserted = named.get("inserteddevicepolicy", "apply-policy")
    if inserted in _REFUSING and named.get("presentdevicepolicy") in _REFUSING:
        return True
    paths = [named.get("rulefile") or RULES, *glob(host, f"{named.get('rulefolder') or FOLDER}/*.conf")]
    lines = [line for path in paths if host.exists(path) for line in host.text(path).splitlines()]
    return decision(lines, named.get("implicitpolicytarget", "block"))


def decision(rules: list[str], otherwise: str) -> bool:
    """Whether these rules refuse a storage device (interface class 08) that none of them names."""
    for rule in rules:
        words = rule.split()
        if words[:1] == ["allow"] and not _ONE_DEVICE.search(rule) and _may_be_storage(rule):
            return False
        if words[:1] and words[0] in _REFUSING and _is_every_storage(rule):
            return True
    return otherwise in _REFUSING


def _interfaces(rule: str) -> str | None:
    match = re.search(r"\bwith-interface\s+(.*)", rule)
    return match[1] if match else None


def _may_be_storage(rule: str) -> bool:
    interfaces = _interfaces(rule)
    if interfaces is None or interfaces.startswith("none-of"):
        return interfaces is None or "08:" not in interfaces
    return bool(re.search(r"\b08:|(?<![\w:])\*:\*:\*", interfaces))


def _is_every_storage(rule: str) -> bool:
    """A refusal of everything, or of whatever has any storage interface among others."""
    if _CONDITION.search(rule) or re.search(
        r"\b(?:id (?!\*:\*)|serial|hash|name|via-port|parent-hash|with-connect-type|label)\b", rule
    ):
        return False
    interfaces = _interfaces(rule)
    return interfaces is None or bool(
        re.match(r"(?:one-of\s*)?\{[^}]*\b08:\*:\*", interfaces) and "one-of" in interfaces
    )
