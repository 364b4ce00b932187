"""Remote-desktop tools and tunnels of a Mac, by where they are installed and by what runs.

macOS' own screen sharing is told by `sharing_macos`. Whether somebody gets in with nobody present agreeing is told of
tools that are made for it and run; what the others' settings allow is not read.
"""

from __future__ import annotations

from collectors import remote_tools as linux
from collectors.door import Host
from collectors.findings import Findings, Json, Seen
from collectors.readers import processes, products, remote_products_macos

FACTS = dict(linux.FACTS)


def collect(host: Host) -> Findings:
    """Every known tool that is installed or runs."""
    findings = Findings()
    findings.look("remote_tools.tools", _tools, host)
    return findings


def _tools(host: Host) -> Seen:
    processes.names(host)  # what runs without being installed must be seen, or "none" would be a guess
    found = list(products.found(host, remote_products_macos.KNOWN))
    records: list[Json] = [
        {
            "name": one.product.name,
            "installed": one.installed,
            "running": one.running,
            "unattended_access": True if one.running and one.product.kind == "service" else None,
        }
        for one in found
    ]
    sources = [f"{one.product.name}: {one.source}" for one in found]
    return Seen(records, *(sources or ("/Applications", "processes")))
