"""`boltseal once`: one scan, sealed, spooled and shipped."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent import exits, machine, state
from agent.console import Progress, style_of, tell
from agent.identity import Identity
from agent.once import Done, Looking, once
from agent.settings import read_settings
from agent.ship import PATIENCE_SECONDS, Hands
from agent.state import State
from agent.transport import Https
from config.errors import InputError
from config.settings import AgentSettings

if sys.platform == "win32":
    import psutil

if TYPE_CHECKING:
    from agent.judged import Judged


def main(arguments: argparse.Namespace) -> int:
    """Run once; FAILED while an alarm stands, else the code of what went wrong, if anything did."""
    opened = state.open_state(state.folder_of(arguments.state))
    if arguments.trigger in ("scheduled", "catch_up"):
        _step_back()  # nobody waits for it, and the host has better things to do
    return work(
        opened, arguments.trigger, not arguments.no_scan, arguments.wait, arguments.json, arguments.show
    )


def work(
    opened: State, trigger: str, with_scan: bool, wait: float | None, as_json: bool, show: bool = False
) -> int:
    """One run on the real host and the real server, told on standard output.

    `show` adds the table (or the JSON) of `boltseal scan` for the scan that was sealed.
    """
    settings = read_settings(opened.folder)
    progress = Progress()
    looking = real_looking(settings, progress) if with_scan else None
    patience = PATIENCE_SECONDS if wait is None else wait
    done = once(opened, settings, trigger, looking, connector(opened, patience, progress.say))
    progress.end()
    judged = judged_of(done, settings) if show else None
    if as_json:
        told = _to_dict(done) | ({"scan": judged.to_dict()} if judged is not None else {})
        json.dump(told, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_told(done))
        if judged is not None:
            from agent.render import render

            sys.stdout.write("\n" + render(judged, style_of(sys.stdout)))
    return code_of(done)


def _step_back() -> None:
    if sys.platform == "win32":
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(10)


def judged_of(done: Done, settings: AgentSettings) -> Judged | None:
    """The sealed scan judged as `boltseal scan` does it by these settings, None where there was no scan."""
    if done.scan is None:
        return None
    from agent.judged import judge
    from config import shipped

    rules = shipped.catalogue(), shipped.profile(settings.profile), settings.mfa_reading, shipped.feeds()
    return judge(done.scan, *rules)


def real_looking(settings: AgentSettings, progress: Progress) -> Looking:
    """Looking at the machine this process runs on."""
    from collectors import discover
    from collectors.door import this_platform

    return Looking(
        lambda: machine.door(settings.collect_budget_seconds),
        discover(this_platform()),
        lambda name: progress.say(f"looking at {name}"),
    )


def connector(opened: State, patience: float, note: Callable[[str], None]) -> Callable[[Identity], Hands]:
    """How to reach the enrolled server: over TLS that only its own CA can satisfy."""

    def connect(identity: Identity) -> Hands:
        transport = Https(identity.url, Path(opened.path("ca.pem")), any_time=True)
        return Hands(transport, lambda: datetime.now(UTC), patience_seconds=patience, note=note)

    return connect


def code_of(done: Done) -> int:
    """The exit code of a run."""
    if done.alarms:
        return exits.FAILED
    if done.problem is not None:
        return exits.exit_code(done.problem)
    return exits.FAILED if any(each.problem for each in done.observed) else exits.OK


def _told(done: Done) -> str:
    lines = []
    if done.sequence is not None:
        lines.append(f"Report {done.sequence} is sealed and spooled.")
    lines += [
        f"Report {each.sequence} of {each.name} is sealed and spooled."
        for each in done.observed
        if each.sequence is not None
    ]
    if done.sent:
        lines.append(f"{done.sent} sent; the server's receipts prove that they are in its log.")
    if done.waiting:
        lines.append(f"{done.waiting} waiting in the spool; sent with the next run.")
    if not lines:
        lines.append("Nothing waits.")
    if done.problem is not None:
        sys.stdout.flush()
        tell(done.problem)
    for each in done.observed:
        if each.problem is not None:
            tell(each.problem)
    style = style_of(sys.stderr)
    for alarm in done.alarms:
        tell(InputError(alarm.code, f"{style.paint('ALARM', 'bad')} {alarm.to_dict()['text']}", alarm.detail))
    return "\n".join(lines) + "\n"


def _to_dict(done: Done) -> dict[str, object]:
    return {
        "sequence": done.sequence,
        "sent": done.sent,
        "waiting": done.waiting,
        "problem": done.problem.to_dict() if done.problem is not None else None,
        "alarms": [alarm.to_dict() for alarm in done.alarms],
        "observed": [
            {
                "name": each.name,
                "sequence": each.sequence,
                "problem": each.problem.to_dict() if each.problem is not None else None,
            }
            for each in done.observed
        ],
    }
