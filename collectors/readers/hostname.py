"""The host's name, for files that speak of several hosts."""

from __future__ import annotations

from collectors.door import Host, Unseen


def short(host: Host) -> str | None:
    """The name up to its first dot; None where it cannot be seen."""
    for path in ("/proc/sys/kernel/hostname", "/etc/hostname")[host.offline :]:
        try:
            name = host.text(path, 4096).strip()
        except Unseen:
            continue
        if name:
            return name.split(".")[0]
    return None
