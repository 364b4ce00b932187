"""`boltseal scan`: look, judge, show. Needs no server and writes nothing but the page it is asked for."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from agent import durable, exits, network_changes, state, targets
from agent.console import Progress, plain, style_of
from agent.judged import Judged, asked_facts, judge, narrowed
from agent.render import render
from agent.scan import Scan, needed, scan
from agent.settings import read_settings
from collectors import discover
from config import shipped
from config.errors import InputError


def main(arguments: argparse.Namespace) -> int:
    """Scan and show; FAILED unless every must that applies passes."""
    folder = state.folder_of(arguments.state)
    settings = read_settings(folder)
    catalogue = narrowed(shipped.catalogue(), arguments.only)
    profile = shipped.profile(arguments.profile or settings.profile)
    progress, earlier = Progress(), _earlier(arguments.network_since)
    with ExitStack() as stack:
        with progress.during(f"looking at {plain(targets.named(arguments))}"):  # a network is scanned here
            opening = targets.opened(arguments, folder, settings.collect_budget_seconds)
            target = stack.enter_context(opening)
        found = discover(target.door.platform)
        collectors = needed(found, asked_facts(catalogue)) if arguments.only else found
        total, started = len(collectors), iter(range(1, len(collectors) + 1))
        scanned: Scan = scan(
            target.door,
            target.subject,
            collectors,
            _secret(folder),
            settings.collect_budget_seconds,
            lambda: datetime.now(UTC),
            lambda each: progress.say(f"looking at {each} ({next(started)} of {total})"),
        )
    progress.end()
    reading = arguments.mfa_reading or settings.mfa_reading
    judged = judge(scanned, catalogue, profile, reading, shipped.feeds())
    _show(judged, arguments, _changes(judged, earlier))
    return exits.OK if judged.all_musts_pass else exits.FAILED


def _show(judged: Judged, arguments: argparse.Namespace, changes: list[str] | None) -> None:
    if arguments.html:
        from agent.page import page

        durable.write(Path(arguments.html), page(judged).encode())
    if arguments.json:
        # Made first, then written at once: json.dump writes each token, thousands of calls where nothing buffers.
        told = judged.to_dict() | ({} if changes is None else {"changes": changes})
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(render(judged, style_of(sys.stdout), arguments.all))
        lines = ["", "CHANGED SINCE", *(changes or ["nothing"])] if changes is not None else []
        sys.stdout.writelines(f"{plain(line)}\n" for line in lines)


def _earlier(path: str | None) -> network_changes.Facts | None:
    """The facts of an earlier scan; read before the new one, which takes minutes."""
    return None if path is None else network_changes.read(path)


def _changes(judged: Judged, earlier: network_changes.Facts | None) -> list[str] | None:
    """What changed since then; None where nobody asked."""
    try:
        return None if earlier is None else network_changes.changes(earlier, judged.evidence.facts)
    except ValueError as error:
        return [f"not known: {error}"]


def _secret(folder: Path) -> bytes:
    """The host secret where this user may read it, so that digests are the shipped ones; else random."""
    try:
        kept = durable.read(folder / "secret", state.SECRET_BYTES)
    except InputError:
        kept = None
    return kept or os.urandom(state.SECRET_BYTES)
