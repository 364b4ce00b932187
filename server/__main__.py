"""The command `boltseal-server`: parse, call one function, print."""

import sqlite3
import sys
from collections.abc import Sequence

from config.errors import InputError
from server.options import parser

EXIT_OK, EXIT_DIFFERS, EXIT_INPUT, EXIT_MISSING, EXIT_STATE, EXIT_INTERRUPTED = 0, 1, 2, 3, 5, 130
_STATE_CODES = (
    "disk_full",
    "busy",
    "home_missing",
    "home_incomplete",
    "key_readable_by_others",
    "port_taken",
)


def entry() -> None:
    """Run the command and end the process with its exit code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    try:
        from server import commands
    except ModuleNotFoundError as error:
        print(f"{error.name} is missing: install boltseal[server].", file=sys.stderr)
        return EXIT_MISSING
    try:
        return commands.COMMANDS[options.command](options)
    except InputError as error:
        print(f"boltseal-server: {error.message}", *filter(None, [error.hint]), file=sys.stderr)
        return EXIT_STATE if error.code in _STATE_CODES else EXIT_INPUT
    except OSError as error:  # not permitted, no space, not there
        print(f"boltseal-server: {error.filename or 'the system'}: {error.strerror}.", file=sys.stderr)
        return EXIT_STATE
    except sqlite3.DatabaseError as error:
        hint = "See what is wrong with: boltseal-server check. A backup is restored by putting it in the home's place."
        print(f"boltseal-server: the database cannot be used: {error}. {hint}", file=sys.stderr)
        return EXIT_STATE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    entry()
