"""The command `boltseal-server`: parse, call one function, print."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from config import __version__
from config.errors import InputError

EXIT_OK, EXIT_DIFFERS, EXIT_INPUT, EXIT_MISSING, EXIT_STATE, EXIT_INTERRUPTED = 0, 1, 2, 3, 5, 130
_STATE_CODES = (
    "disk_full",
    "busy",
    "home_missing",
    "home_incomplete",
    "key_readable_by_others",
    "port_taken",
)
_SYSTEM_HOME = Path("/var/lib/boltseal-server")

Add = Callable[..., argparse.ArgumentParser]


def entry() -> None:
    """Run the command and end the process with its exit code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
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
    except PermissionError as error:
        print(f"boltseal-server: {error.filename}: not permitted.", file=sys.stderr)
        return EXIT_STATE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="boltseal-server", description="Boltseal's collector server.")
    parser.add_argument("--version", action="version", version=f"boltseal-server {__version__}")
    parser.add_argument("--home", type=Path, default=_default_home(), help="home folder (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    _add_running(add)
    _add_deciding(add)
    _add_evidence(add)
    return parser


def _default_home() -> Path:
    """The system's place where it is there already, or where only root could have asked for it; else a local one."""
    named = os.environ.get("BOLTSEAL_HOME")
    if named:
        return Path(named)
    return _SYSTEM_HOME if _SYSTEM_HOME.is_dir() else Path("boltseal-server")


def _add_running(add: Add) -> None:
    init = add("init", "make the home folder: keys, certificates, database, log")
    init.add_argument(
        "--host", action="append", default=[], metavar="NAME", help="name or address of the server"
    )
    init.add_argument(
        "--public-url", default="", help="address that agents use, where it is not the server's own"
    )
    init.add_argument("--company", default="", help="the company's name, as bundles show it")
    init.add_argument(
        "--adopt", action="store_true", help="in an existing home: adopt what the package brings"
    )
    run = add("run", "serve until stopped")
    run.add_argument("--listen", metavar="HOST:PORT", help="where to listen; port 0 takes any free one")
    run.add_argument(
        "--port-auto", action="store_true", help="take another port where the wanted one is taken"
    )
    run.add_argument(
        "--adopt", action="store_true", help="first adopt the catalogue and profile of the package"
    )


def _add_deciding(add: Add) -> None:
    token = add("token", "make, list or revoke enrolment tokens").add_subparsers(dest="action", required=True)
    new = token.add_parser("new", help="print an enrolment string, once")
    new.add_argument("--hosts", type=int, default=1, help="how many hosts it may enrol (%(default)s)")
    new.add_argument("--expires", default="24h", help="how long it lives: 90m, 24h, 7d (%(default)s)")
    new.add_argument("--tag", action="append", default=[], help="tag that its hosts get")
    new.add_argument("--serial", action="append", default=[], help="serial number it is bound to")
    new.add_argument("--note", default="", help="what it is for")
    new.add_argument("--url", default="", help="address to enrol at, where it is not the server's own")
    token.add_parser("list", help="list the tokens")
    token.add_parser("revoke", help="end a token").add_argument("token_id")
    host = add("host", "list, show, revoke or release hosts").add_subparsers(dest="action", required=True)
    host.add_parser("list", help="list the hosts")
    host.add_parser("show", help="show a host").add_argument("name")
    for action, text in (("revoke", "stop trusting a host for good"), ("release", "end a host's quarantine")):
        decision = host.add_parser(action, help=text)
        decision.add_argument("name")
        decision.add_argument("--reason", required=True, help="stands in the log")
    user = add("user", "add, list, remove people or reset their logins").add_subparsers(
        dest="action", required=True
    )
    added = user.add_parser("add", help="add a person")
    added.add_argument("--role", default="auditor", help="administrator, operator, compliance or auditor")
    reset = user.add_parser("reset", help="new password, and the second factor is asked for again")
    for each in (added, reset):
        each.add_argument("name")
        each.add_argument("--print-password", action="store_true", help="make a password and print it")
    user.add_parser("list", help="list the people")
    user.add_parser("remove", help="remove a person").add_argument("name")


def _add_evidence(add: Add) -> None:
    export = add("export", "write a bundle for an auditor")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument(
        "--at", metavar="MOMENT", help="as of this time, like 2026-11-24T12:00:00Z; default: now"
    )
    export.add_argument(
        "--latest-only", action="store_true", help="leave out all but each host's latest report"
    )
    add("check", "check every tile, signature, chain and digest that is kept")
    add("rebuild-verdicts", "judge every host anew")
    backup = add("backup", "copy the home folder, consistently, while the server runs")
    backup.add_argument("--out", type=Path, required=True, metavar="DIR")


if __name__ == "__main__":
    entry()
