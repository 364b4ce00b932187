"""Which package manager rules a host: the owner of its database, and the tool that is there for it."""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import packages

TOOLS: Final = (("zypper", ("zypper",)), ("dnf", ("dnf", "dnf5", "dnf-3", "yum")))


def manager(host: Host) -> tuple[str, str]:
    """Its name (apt, dnf or zypper) and the path that tells; `unsupported` where no reader knows it."""
    database = "dpkg" if host.exists(packages.DPKG_STATUS) else "rpm"
    if not host.offline:
        database = packages.installed(host).manager
    if database == "dpkg":
        return "apt", packages.DPKG_STATUS
    if host.exists("/run/ostree-booted") or host.exists("/ostree/repo"):
        raise Unseen("unsupported", "/ostree", "an image that rpm-ostree or bootc replaces as a whole")
    for name, tools in TOOLS:
        for tool in tools:
            if host.exists(f"/usr/bin/{tool}"):
                return name, f"/usr/bin/{tool}"
    raise Unseen("unsupported", database, "no reader for this system's package manager")
