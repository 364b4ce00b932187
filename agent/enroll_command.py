"""`boltseal enroll`: make this host known to a server, then report at once."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from agent import enrol, exits, state
from agent.identity import Identity
from agent.once_command import work
from agent.transport import Https, fetch_ca
from config.errors import InputError


def main(arguments: argparse.Namespace) -> int:
    """Enrol, say who knows whom now, and scan unless told not to."""
    invitation = enrol.parse(read_string(arguments.string))
    opened = state.create(state.folder_of(arguments.state))
    with state.locked(opened):
        identity = enrol.enrol(opened, invitation, fetch_ca, Https, lambda: datetime.now(UTC))
    if not arguments.json:
        sys.stdout.write(_told(identity))
        sys.stdout.flush()
    if arguments.no_scan:
        if arguments.json:
            import json

            json.dump(identity.to_dict(), sys.stdout, indent=2)
            sys.stdout.write("\n")
        return exits.OK
    return work(opened, "enrolment", True, None, arguments.json)


def read_string(given: str) -> str:
    """The string itself, or what stdin (`-`) or a file (`@FILE`) holds. InputError `enrolment_file_unreadable`."""
    if given == "-":
        return sys.stdin.read(enrol.STRING_MAX_CHARACTERS + 1)
    if not given.startswith("@"):
        return given
    try:
        # Windows' own editors and shells begin a text with a byte order mark, or write UTF-16.
        with open(given[1:], "rb") as file:
            data = file.read(2 * enrol.STRING_MAX_CHARACTERS + 4)
    except OSError as error:
        raise InputError("enrolment_file_unreadable", f"{given[1:]}: {error.strerror}") from None
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")


def _told(identity: Identity) -> str:
    return (
        f"Enrolled as {identity.host_id} at {identity.url}.\n"
        f"This host's key  {identity.key_id}\n"
        f"Server's key     {identity.server_key.key_id}\n"
    )
