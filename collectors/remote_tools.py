"""Remote-desktop tools and tunnels: programs that let somebody in past the firewall.

They are recognised by package, path or running program (`readers.remote_products`), so one that was unpacked
by hand or runs from a download folder counts as well. Whether somebody can come in with nobody at the
screen agreeing is read where the tool says so in a file or by its unit; else it is null.
"""

from __future__ import annotations

from collectors.door import Host
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import processes, products, remote_products, units

FACTS = {
    "remote_tools.tools": Fact(
        "records{name: str, installed: bool, running: bool?, unattended_access: bool?}",
        "remote-access programs; unattended_access: somebody gets in with nobody present agreeing",
    ),
}
LOOKED_AT = ("installed packages", "/usr/bin, /usr/local/bin, /opt", "processes")


def collect(host: Host) -> Findings:
    """Every known tool that is installed or runs."""
    findings = Findings()
    findings.look("remote_tools.tools", _tools, host)
    return findings


def _tools(host: Host) -> Seen:
    if not host.offline:
        processes.names(host)  # what runs without being installed must be seen, or "none" would be a guess
    records: list[Json] = []
    sources = []
    for found in products.found(host, remote_products.KNOWN):
        if found.product.name == "Tailscale SSH" and remote_products.tailscale_ssh(host) is False:
            continue
        records.append(
            {
                "name": found.product.name,
                "installed": found.installed,
                "running": found.running,
                "unattended_access": _unattended(host, found),
            }
        )
        sources.append(f"{found.product.name}: {found.source}")
    return Seen(records, *(sources or LOOKED_AT))


def _unattended(host: Host, found: products.Found) -> bool | None:
    told = remote_products.unattended(host, found.product.name)
    if told is not None:
        return told
    if found.product.kind != "service":
        return None
    return True if found.running or units.starting(host, *found.product.units) else None
