"""The subcommands: names, options, examples, which extra they need and which module does the work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent import exits, options
from config import __version__

SUMMARY: Final = "See, seal and ship this host's cybersecurity posture evidence for CBP's CTPAT criteria."


@dataclass(frozen=True)
class Command:
    """One subcommand. `module` has `main(args) -> int`; `needs` are the packages of the extra it needs."""

    name: str
    summary: str
    text: str
    examples: tuple[tuple[str, str], ...]
    module: str
    needs: tuple[str, ...]
    arguments: Callable[[argparse.ArgumentParser], None]


_AGENT: Final = ("psutil", "requests", "apscheduler")

COMMANDS: Final = (
    Command(
        "scan",
        "look at this host or another subject and show its standing; needs no server",
        "Looks at a subject, judges it by the criteria and shows the standing. Writes nothing but --html.",
        (
            ("boltseal scan", "this host, as a table"),
            ("boltseal scan --only 4.8 --all", "every check of one criterion"),
            ("boltseal scan --json > scan.json", "every fact with source, every verdict with reason"),
            ("boltseal scan --root /mnt/image --html image.html", "a root filesystem in a folder"),
            ("boltseal scan --ssh audit@web1 --ssh-sudo", "another host, over SSH and without an agent"),
            ("boltseal scan --device audit@edge1", "a router or switch, by commands that only show"),
            (
                "boltseal scan --tenant entra --tenant-credentials entra.toml",
                "a tenant of an identity provider",
            ),
            (
                "boltseal scan --network 10.0.0.0/24 --network-owner 'Example'",
                "what the company's own network exposes",
            ),
            (
                "boltseal scan --mail-domain example.com --dkim-selector s1",
                "what the DNS says of forged mail",
            ),
        ),
        "agent.scan_command",
        _AGENT[:1],
        options.scan,
    ),
    Command(
        "enroll",
        "make this host known to a server",
        "Makes a key on this host, enrols it with the server that the string names, then scans and reports.",
        (
            ("boltseal enroll boltseal1.eyJjYSI6…", "the string from the server's page or command line"),
            ("boltseal enroll - < string.txt", "keep the string out of the process list"),
            ("boltseal enroll @string.txt", "the same, where there is no shell"),
        ),
        "agent.enroll_command",
        _AGENT,
        options.enroll,
    ),
    Command(
        "run",
        "serve: scan every night and ship the reports",
        "Runs until it is stopped. Scans in the night window, catches up after sleep, and sends what waits.",
        (("boltseal run", "in the foreground, as a service manager wants it"),),
        "agent.service",
        _AGENT,
        options.state,
    ),
    Command(
        "service",
        "on Windows: install, remove, start or stop the service that does what run does",
        "Keeps `boltseal run` going as a service of Windows. Where there is systemd, a unit that starts it does.",
        (
            ("boltseal service install", "as an administrator; it starts with Windows from then on"),
            ("boltseal service status", "whether it runs"),
        ),
        "agent.windows_service",
        _AGENT,
        options.service,
    ),
    Command(
        "once",
        "scan now, seal a report and ship it",
        "One scan, sealed into a report, spooled and shipped together with what still waits.",
        (
            ("boltseal once", "now"),
            ("boltseal once --show", "now, and show the standing that was sealed"),
            ("boltseal once --trigger scheduled", "from a timer"),
            ("boltseal once --no-scan --wait 0", "only try to send what waits"),
        ),
        "agent.once_command",
        _AGENT,
        options.once,
    ),
    Command(
        "status",
        "show what this agent is, has done and will do",
        "Identity, last scan, spool, last receipt, alarms, next slot. Ends with 1 while an alarm stands.",
        (
            ("boltseal status", "at a glance"),
            ("boltseal status --acknowledge", "after somebody has looked into the alarms"),
        ),
        "agent.status",
        (),
        options.status,
    ),
    Command(
        "doctor",
        "look for what keeps this agent from working",
        "Checks the installation, the state folder, the tools, the clock and the way to the server.",
        (("boltseal doctor", "everything"), ("boltseal doctor --offline", "without the server")),
        "agent.doctor",
        (),
        options.doctor,
    ),
    Command(
        "explain",
        "explain a criterion: what it demands, what is checked, how to fix it",
        "Prints a criterion with its parts, checks, thresholds with their origin, and remedies.",
        (
            ("boltseal explain", "the list of criteria"),
            ("boltseal explain 4.8", "one criterion"),
            ("boltseal explain 4.8 --profile stig", "with other thresholds"),
        ),
        "agent.explain",
        (),
        options.explain,
    ),
    Command(
        "verify",
        "verify a bundle without any server or network",
        "Checks every signature, chain, proof and digest of a bundle and recomputes every verdict.",
        (("boltseal verify bundle.zip --server-key 3f9a…", "with the fingerprint from another source"),),
        "agent.verify",
        (),
        options.verify,
    ),
)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    raw = argparse.RawTextHelpFormatter
    main = argparse.ArgumentParser(
        prog="boltseal", description=SUMMARY, epilog=_exit_codes(), formatter_class=raw
    )
    main.add_argument("--version", action="version", version=f"boltseal {__version__}")
    sub = main.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = sub.add_parser(
            command.name,
            help=command.summary,
            description=command.text,
            epilog=_epilog(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.arguments(one)
    return main


def _epilog(command: Command) -> str:
    width = max(len(line) for line, _ in command.examples)
    lines = [f"  {line:<{width}}  {why}" for line, why in command.examples]
    return "examples:\n" + "\n".join(lines) + "\n\n" + _exit_codes()


def _exit_codes() -> str:
    return "exit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in exits.MEANINGS.items())
