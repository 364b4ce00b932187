"""How strong a local way in is: its PAM services together, and what lets somebody in beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from collectors.door import Host, Unseen
from collectors.readers import administrators, automatic_login, pam, pam_factors, processes, units
from collectors.readers.applicant import Asked
from collectors.readers.pam import Step, Way
from collectors.readers.pam_factors import Strength

_WANTED_BY_GRAPHICAL_TARGET = "display-manager.service"  # an alias that is there is started


def strength(host: Host, path: str, services: Iterable[str]) -> tuple[Strength, str]:
    """The strength of a path whose services are offered side by side, and the files. Raises `Unseen`."""
    ways: set[Way] = set()
    steps: list[Step] = []
    named = [one for one in services if pam.path_of(host, one)] or list(services)[:1]
    for service in named:
        stack = pam.stack(host, service, "auth")
        steps += stack
        ways |= pam_factors.ways(host, stack, Asked(service))
    files = ", ".join(dict.fromkeys(step.source.rsplit(":", 1)[0] for step in steps))
    try:
        return pam_factors.judge(ways | _beside(host, path), steps), files
    except Unseen as unseen:
        found = pam_factors.judge(ways, steps)
        note = f"{unseen.source}: {unseen.reason}"
        return (found if found.word == "none" else replace(found, word=None)), f"{files}, {note}"


def is_open(host: Host, names: tuple[str, ...], starting: tuple[str, ...]) -> bool | None:
    """Whether one of the programs runs or is started at boot; None where neither can be known."""
    if not names and not starting:
        return True
    runs = processes.maybe_running(host, *names)
    try:
        known = [units.unit(host, name) for name in starting]
    except Unseen:
        return runs or None
    manager = (one for one in known if one.name == _WANTED_BY_GRAPHICAL_TARGET)
    if runs or any(one.starts for one in known) or any(one.present and not one.masked for one in manager):
        return True
    return False if runs is False or any(one.present for one in known) else None


def _beside(host: Host, path: str) -> set[Way]:
    """The ways in that no PAM stack knows of: rules of sudo without a password, automatic logins."""
    notes: list[str] = []
    if path == "sudo":
        free = {one.rule.source: one.rule for one in administrators.free(host) if set(one.users) != {"root"}}
        notes = [f"NOPASSWD for {', '.join(rule.users)} ({source})" for source, rule in free.items()]
    elif path == "graphical":
        notes = [f"automatic login ({one})" for one in automatic_login.found(host)]
    return {Way(frozenset(), frozenset({note})) for note in notes}
