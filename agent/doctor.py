"""`boltseal doctor`: what keeps this agent from working, or from seeing."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from agent import exits, health, state
from agent.console import Progress, Style, style_of
from agent.health import Finding
from agent.identity import Identity, read_identity
from agent.settings import read_settings
from agent.state import State
from config.errors import InputError


def main(arguments: argparse.Namespace) -> int:
    """Look and tell; FAILED when something is bad."""
    folder = state.folder_of(arguments.state)
    progress = Progress()
    found = list(examine(folder, arguments.offline, lambda: datetime.now(UTC), progress.say))
    progress.end()
    if arguments.json:
        json.dump([asdict(finding) for finding in found], sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_table(found, style_of(sys.stdout)))
    return exits.FAILED if any(finding.level == "bad" for finding in found) else exits.OK


def examine(
    folder: Path, offline: bool, clock: Callable[[], datetime], progress: Callable[[str], None]
) -> Iterator[Finding]:
    """Everything, in the order in which one thing needs the other."""
    yield from health.installation()
    yield from health.extras()
    try:
        opened = state.open_state(folder)
        identity = read_identity(opened)
    except InputError as error:
        yield health.of_error("state", error)
    else:
        yield from health.folder(opened)
        yield from health.outbox(opened)
        yield from _server(opened, identity, offline, clock, progress)
    progress("looking at what this user can see")
    yield from health.sight()
    yield from _observed(folder, offline, progress)


def _observed(folder: Path, offline: bool, progress: Callable[[str], None]) -> Iterator[Finding]:
    """Try each subject that the settings name."""
    try:
        settings = read_settings(folder)
    except InputError as error:
        yield health.of_error("settings", error)
        return
    if settings.observe and not offline:
        # Opening doors is much to import, and most hosts observe nothing.
        from agent.health_observed import observed

        for table in settings.observe:
            progress(f"looking at {table.part}")
            yield observed(table, settings.collect_budget_seconds)


def _server(
    opened: State,
    identity: Identity | None,
    offline: bool,
    clock: Callable[[], datetime],
    progress: Callable[[str], None],
) -> Iterator[Finding]:
    if identity is None:
        yield Finding("server", "warn", "not enrolled", "boltseal enroll STRING")
    elif not offline:
        progress(f"asking {identity.url}")
        yield from health.server(opened, identity, clock)


def _table(found: list[Finding], style: Style) -> str:
    lines = []
    for finding in found:
        lines.append(f"{style.status(finding.level, 4)}  {finding.subject:<14} {finding.text}")
        if finding.hint:
            lines.append(f"{'':<23}{style.paint(finding.hint, 'dim')}")
    return "\n".join(lines) + "\n"
