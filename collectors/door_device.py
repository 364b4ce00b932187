"""The door to a network device: a few commands that only show, and nothing else.

COMMANDS is the whole of what may ever be sent to a device of a vendor; a test holds the real door to it. What a
device answers is its text without echo, prompt and paging. Whatever it refuses is an `Unseen`.
"""

from __future__ import annotations

from typing import Final, Protocol

from collectors.door import Door

COMMANDS: Final = {
    "ios": (
        "show version",
        "show privilege",
        "show running-config",
        "show ip ssh",
        "show ip http server status",
        "show ntp status",
        "show snmp user",
    ),
}
"""By vendor's system: all that is asked. Each shows, none changes anything."""
SESSION: Final = {"ios": ("terminal length 0", "terminal width 511")}
"""By vendor's system: what is sent first. Both are about this session alone and end with it.

A device that goes on paging is sent a space at each `--More--`, and nothing else."""
ENABLE: Final = {"ios": "enable"}
"""By vendor's system: what asks for the rights to read the configuration, sent only where a secret is set up."""


class Device(Door, Protocol):
    """A device behind a command line."""

    vendor: str
    """Whose command line it is, a key of COMMANDS."""

    def show(self, command: str) -> str:
        """What one of the vendor's COMMANDS prints; each is sent once a scan.

        `ValueError` for any other command. `Unseen`: `unsupported` where the device does not know it,
        `permission_denied` where it refuses it, `timeout`, `too_large`, `malformed` where the answer was cut off.
        """
        ...


def allowed(vendor: str, command: str) -> str:
    """The command, where it is one of the vendor's; `ValueError` otherwise."""
    if command not in COMMANDS[vendor]:
        raise ValueError(f"not a command that is asked of {vendor}: {command!r}")
    return command
