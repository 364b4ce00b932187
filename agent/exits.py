"""The exit codes of `boltseal`, and which error ends with which."""

from __future__ import annotations

from typing import Final

from config.errors import InputError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
EXTRA_MISSING: Final = 3
UNREACHABLE: Final = 4
STATE: Final = 5
INTERRUPTED: Final = 130

MEANINGS: Final = {
    OK: "done; for scan: every must that applies to this host passes",
    FAILED: "something failed, differs or could not be seen; the server refused; an alarm stands",
    USAGE: "wrong usage or bad input",
    EXTRA_MISSING: "an extra is not installed",
    UNREACHABLE: "the server or host cannot be reached, is not the known one, or does not let us in",
    STATE: "trouble with the state folder: missing, locked, full, read-only, or not permitted",
    INTERRUPTED: "interrupted",
}
"""What `--help` and docs/commands.md say about each."""

_STATE_PREFIXES: Final = ("state_", "key_", "not_enrolled", "disk_full")
_UNREACHABLE_PREFIXES: Final = (
    "server_unreachable",
    "tls_",
    "ssh_unreachable",
    "ssh_host",
    "ssh_login",
    "target_",
)


class ServerRefusedError(InputError):
    """The server answered with an error of its own; `code` is the server's word for it.

    A class of its own, since a refusal is no fault of what the user typed: it ends with FAILED, not USAGE.
    """


class AlarmError(InputError):
    """Something that must be looked at by a person before the server is trusted again."""


def exit_code(error: InputError) -> int:
    """The exit code that an error ends the command with."""
    if isinstance(error, ServerRefusedError | AlarmError):
        return FAILED
    if error.code.startswith("service_"):
        return FAILED
    if error.code == "extra_missing":
        return EXTRA_MISSING
    if error.code.startswith(_STATE_PREFIXES):
        return STATE
    if error.code.startswith(_UNREACHABLE_PREFIXES):
        return UNREACHABLE
    return USAGE
