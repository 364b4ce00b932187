"""Remote-access programs on Windows: by service, by running program, and by what is listed as installed.

A program that was only unpacked somewhere is seen while it runs. Remote Desktop and WinRM have collectors of their own.
"""

from __future__ import annotations

from typing import Final

from collectors import remote_tools as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, subkeys, value
from collectors.findings import Findings, Json, Seen
from collectors.readers.remote_products_windows import KNOWN, Product

FACTS = dict(linux.FACTS)
SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
INSTALLED: Final = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)


def collect(host: Windows) -> Findings:
    """Every known program that is there."""
    findings = Findings()
    findings.look("remote_tools.tools", _tools, host)
    return findings


def _tools(host: Windows) -> Seen:
    services = host.subkeys(SERVICES)
    if not services:
        raise Unseen("malformed", SERVICES, "no service at all")
    programs = {one.name.lower().removesuffix(".exe") for one in host.processes()}
    entries = _entries(host)
    records: list[Json] = []
    for product in KNOWN:
        own = [name for name in services if name.lower().startswith(product.services or ("\0",))]
        listed = any(entry.startswith(product.entries or ("\0",)) for entry in entries)
        running = not programs.isdisjoint(product.programs) or any(host.service(name).running for name in own)
        if own or listed or running:
            records.append(_record(product, bool(own or listed), running))
    return Seen(records, SERVICES, *INSTALLED, "processes")


def _entries(host: Windows) -> list[str]:
    """The names of what is listed as installed, in small letters."""
    keys = [rf"{above}\{name}" for above in INSTALLED for name in subkeys(host, above)]
    return [str(value(host, key, "DisplayName") or "").lower() for key in keys]


def _record(product: Product, installed: bool, running: bool) -> Json:
    """What its own settings let in is not read: null, unless it is made for nothing else."""
    unattended = True if product.unattended and running else None
    return {"name": product.name, "installed": installed, "running": running, "unattended_access": unattended}
