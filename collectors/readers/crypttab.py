"""Key files that open encrypted devices by themselves: /etc/crypttab (crypttab(5)), and where systemd looks unasked."""

from __future__ import annotations

from typing import Final

from collectors.door import Host
from collectors.readers.once import once

CRYPTTAB: Final = "/etc/crypttab"
UNASKED: Final = "/etc/cryptsetup-keys.d"


def key_file(host: Host, name: str) -> str:
    """The key file of a mapping; "" where it has none, or none that is there now. A device is no file."""
    given = once(host, _keys).get(name)
    if given is None:  # opened by something else
        return ""
    path = given if given.startswith("/") else f"{UNASKED}/{name}.key"
    return path if host.exists(path) and host.stat(path).kind != "device" else ""


def _keys(host: Host) -> dict[str, str]:
    lines = host.text(CRYPTTAB).splitlines() if host.exists(CRYPTTAB) else []
    words = [line.split() for line in lines if not line.lstrip().startswith("#")]
    return {line[0]: line[2] if len(line) > 2 else "" for line in words if len(line) > 1}
