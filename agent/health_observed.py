"""What `doctor` finds of a subject that this host observes: a real look, so that it is never out of date."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

from agent import observe
from agent.health import Finding
from agent.observe import Opener
from agent.run import run
from collectors import discover
from config.settings import Observe

_NAMED_MAX = 3


def observed(table: Observe, budget_seconds: float, opener: Opener = observe.opened) -> Finding:
    """Open the door and look through it: what was seen, and what keeps the rest from being seen."""
    with ExitStack() as stack:
        door, problem = observe.door_of(stack, table, opener, budget_seconds)
        if problem is not None:
            return Finding(table.part, "bad", problem.error.message, problem.error.hint or "")
        seen, missing, broken = 0, Counter[str](), []
        for looked in run(door, discover(door.platform), budget_seconds):
            seen += len(looked.findings.facts)
            missing.update(looked.findings.missing.values())
            if looked.error:
                broken.append(f"{looked.collector.name} broke off: {looked.error}")
        reasons = [f"{count} {reason}" for reason, count in missing.most_common(_NAMED_MAX)]
        told = f"{table.kind} {table.address}, {door.platform}: {seen} facts seen"
        told += f", not seen: {', '.join(reasons)}" if reasons else ""
        level = "bad" if not seen or broken else "warn" if missing["permission_denied"] else "ok"
        hint = "see docs/sources.md for the rights it takes" if level != "ok" else ""
        return Finding(table.part, level, "; ".join((told, *broken)), hint)
