"""The options of each subcommand."""

from __future__ import annotations

import argparse

from agent import target_options


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def state(parser: argparse.ArgumentParser) -> None:
    """The option of every command that uses a state folder."""
    parser.add_argument(
        "--state",
        metavar="DIR",
        help="the agent's state folder (default: $BOLTSEAL_STATE, else /var/lib/boltseal, or on Windows "
        r"Boltseal in its folder for programs' data)",
    )


def _judging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", metavar="NAME", help="thresholds: nist, cis or stig (default: nist)")
    parser.add_argument(
        "--mfa-reading",
        choices=("text", "conference"),
        help="read MFA as the criteria's text has it, or as CBP presented it (default: text)",
    )


def scan(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal scan`."""
    _json(parser)
    parser.add_argument("--html", metavar="FILE", help="also write one self-contained page (mode 0600)")
    parser.add_argument("--all", action="store_true", help="show every check, not only what needs attention")
    parser.add_argument(
        "--only", metavar="ID", action="append", default=[], help="only this criterion; may be repeated"
    )
    _judging(parser)
    state(parser)
    target_options.add_options(parser)


def enroll(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal enroll`."""
    parser.add_argument(
        "string", metavar="STRING", help="the enrolment string, - to read it from stdin, or @FILE from a file"
    )
    parser.add_argument("--no-scan", action="store_true", help="do not scan and report at once")
    _json(parser)
    state(parser)


def once(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal once`."""
    looking = parser.add_mutually_exclusive_group()
    looking.add_argument("--no-scan", action="store_true", help="only send what waits in the spool")
    looking.add_argument("--show", action="store_true", help="then show what was sealed, as scan does")
    parser.add_argument(
        "--trigger",
        choices=("manual", "scheduled", "catch_up", "enrolment"),
        default="manual",
        help="why this scan runs, as the report says it (default: manual)",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=_seconds,
        help="how long to wait for a server that does not answer (default: 60)",
    )
    _json(parser)
    state(parser)


def status(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal status`."""
    parser.add_argument(
        "--acknowledge", action="store_true", help="acknowledge the standing alarms; they are kept"
    )
    _json(parser)
    state(parser)


def doctor(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal doctor`."""
    parser.add_argument("--offline", action="store_true", help="do not ask the server")
    _json(parser)
    state(parser)


def service(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal service`."""
    parser.add_argument(
        "action",
        metavar="ACTION",
        choices=("install", "remove", "start", "stop", "status", "run"),
        help="install, remove, start, stop or status; run is what Windows itself starts",
    )
    state(parser)


def explain(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal explain`."""
    parser.add_argument("id", metavar="ID", nargs="?", help="a criterion, such as 4.8; without one, the list")
    _judging(parser)
    _json(parser)


def verify(parser: argparse.ArgumentParser) -> None:
    """Options of `boltseal verify`."""
    parser.add_argument("file", metavar="FILE", help="a bundle")
    parser.add_argument(
        "--server-key",
        metavar="FINGERPRINT",
        required=True,
        help="SHA-256 of the server's key, learned on another way than the bundle",
    )
    _json(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError("a number of seconds from 0 to 86400")
    return seconds
