"""What `boltseal-server` can be told on its command line."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from config import __version__

_SYSTEM_HOME = Path("/var/lib/boltseal-server")

_EPILOG = """\
examples:
  boltseal-server init --name boltseal.example.com   make the home folder
  boltseal-server run --listen 0.0.0.0:8443          serve agents and people
  boltseal-server token new --hosts 50 --expires 7d  print an enrolment string
  boltseal-server user add maria --role compliance   let somebody log in
  boltseal-server host list --json                   the fleet, for a script
  boltseal-server feed import kev known_exploited_vulnerabilities.json
                                                     judge by what is exploited now
  boltseal-server export --out bundle.zip            hand over the evidence

exit codes:
    0  done
    1  check found a difference
    2  wrong usage or bad input
    3  the server extra is not installed
    5  trouble with the home folder, the database, the disk or the port
  130  interrupted
"""

_FEED_EPILOG = """\
the feeds, and where to download them (the server itself asks nobody):
  kev  holes that are exploited: https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json
  osv  which version closes which hole: https://osv-vulnerabilities.storage.googleapis.com/Debian/all.zip (or Ubuntu)
  eol  ends of support: https://endoflife.date/api/v1/products/full/

examples:
  boltseal-server feed import kev known_exploited_vulnerabilities.json
  boltseal-server feed import osv all.zip --ecosystem Debian:12 --ecosystem Debian:13
  boltseal-server feed import osv all.zip DSA-6001-1.json     the zip, and what is newer than it
  boltseal-server feed import eol full.json
  boltseal-server feed import eol debian.json ubuntu.json --published 2026-11-20
  boltseal-server feed list --json

exit codes:
    0  adopted; or nothing new, since the same is in force
    2  the file is not what it should be, or older than what is in force; nothing was changed
    5  trouble with the home folder, the database or the disk
  130  interrupted; nothing was changed
"""

Add: TypeAlias = Callable[[str, str], argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    made = argparse.ArgumentParser(
        prog="boltseal-server",
        description="Boltseal's collector server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"boltseal-server {__version__}")
    made.add_argument("--home", type=Path, default=_default_home(), help="home folder (%(default)s)")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    _add_running(add)
    _add_deciding(add)
    _add_joined(add)
    _add_feeds(add)
    _add_evidence(add)
    return made


def _default_home() -> Path:
    """The folder named by the environment, or the system's place where it is there, or else one here."""
    named = os.environ.get("BOLTSEAL_HOME")
    if named:
        return Path(named)
    return _SYSTEM_HOME if _SYSTEM_HOME.is_dir() else Path("boltseal-server")


def _add_running(add: Add) -> None:
    init = add("init", "make the home folder: keys, certificates, database, log")
    init.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="name or address of the server"
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
        "--adopt", action="store_true", help="first adopt the catalogue, profile and feeds of the package"
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
    _listing(token, "the tokens")
    token.add_parser("revoke", help="end a token").add_argument("token_id")
    host = add("host", "list, show, revoke or release hosts").add_subparsers(dest="action", required=True)
    _listing(host, "the hosts")
    show = host.add_parser("show", help="show a host")
    show.add_argument("name")
    show.add_argument("--json", action="store_true", help="facts, verdicts and standing, for a script")
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
    _listing(user, "the people")
    user.add_parser("remove", help="remove a person").add_argument("name")


def _add_joined(add: Add) -> None:
    for name, text in (
        ("coverage", "the computers that directories expect, and whether an agent covers them"),
        (
            "accounts",
            "the users of the tenants, and the hosts' accounts of their names that one factor opens",
        ),
        ("networks", "the devices on the observed networks, who knows them, and what changed"),
    ):
        add(name, text).add_argument("--json", action="store_true", help="as JSON, for a script")
    known = add("known-devices", "write the list of known devices that boltseal scan --network-known takes")
    known.add_argument("--out", type=Path, required=True, metavar="FILE")


def _add_feeds(add: Add) -> None:
    made = add("feed", "import or list what vendors publish about holes and support ends")
    made.epilog, made.formatter_class = _FEED_EPILOG, argparse.RawDescriptionHelpFormatter
    feed = made.add_subparsers(dest="action", required=True)
    bring = feed.add_parser(
        "import",
        help="adopt a downloaded feed",
        description="Read downloaded files strictly, keep what judging needs, and judge by it from now on. Works "
        "while the server runs.",
        epilog=_FEED_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bring.add_argument("name", choices=("kev", "osv", "eol"), metavar="NAME", help="kev, osv or eol")
    bring.add_argument("files", nargs="+", type=Path, metavar="FILE", help="as the vendor publishes it")
    bring.add_argument(
        "--ecosystem",
        action="append",
        default=[],
        metavar="RELEASE",
        help="osv: only this, like Debian:12; default: every release of Debian and Ubuntu in the file",
    )
    bring.add_argument(
        "--whole",
        action="store_true",
        help="osv: the files are no zip, but all that there is of their releases",
    )
    bring.add_argument(
        "--product", default="", metavar="NAME", help="eol: whose releases an old-form file lists"
    )
    bring.add_argument(
        "--published", default="", metavar="DATE", help="eol: the day an old-form file was downloaded"
    )
    bring.add_argument("--older", action="store_true", help="adopt it although a newer one is in force")
    _listing(feed, "the feeds in force")


def _listing(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", what: str) -> None:
    listing = commands.add_parser("list", help=f"list {what}")
    listing.add_argument("--json", action="store_true", help="as JSON, for a script")


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
