"""What a unit's file says once every drop-in is laid over it (systemd.unit(5)), and whether a timer still works.

The vendor's file may be replaced as a whole in /etc, or changed by drop-ins; an empty assignment forgets what
stood before it. So a timer may be enabled and never fire, or start something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import overlay, units

Settings = Mapping[str, tuple[str, ...]]
"""Values by "Section.Key", in their order."""

TRIGGERS: Final = (
    "OnCalendar",
    "OnActiveSec",
    "OnBootSec",
    "OnStartupSec",
    "OnUnitActiveSec",
    "OnUnitInactiveSec",
)
HARMLESS: Final = ("ConditionACPower",)
"""Conditions that a server meets, and that the distributions' own units carry."""

_ONE_DAY_ONLY: Final = re.compile(r"(?:[A-Za-z,.]+\s+)?\d{4}-")


def settings(host: Host, name: str) -> Settings:
    """The effective settings of a unit, empty where it has no file."""
    found: dict[str, tuple[str, ...]] = {}
    path = units.file(host, name)
    for one in [path, *units.drop_ins(host, name)] if path else ():
        for key, value in assignments(overlay.text(host, one)):
            found[key] = (*found.get(key, ()), value) if value else ()
    return found


def assignments(text: str) -> Iterator[tuple[str, str]]:
    """Each "Section.Key" with its value; a line that ends in a backslash goes on in the next."""
    section = ""
    for line in map(str.strip, re.sub(r"\\\n", " ", text).splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            yield f"{section}.{key.strip()}", value.strip()


def obstacles(host: Host, timer: str, runs: str) -> list[str]:
    """Why a timer does not start what it should: `runs` is a regular expression that its command must match."""
    service = timer.replace(".timer", ".service")
    unit, started = units.unit(host, timer), units.unit(host, service)
    if not unit.present or not started.present:
        return [f"timer_missing:{timer}"]
    if unit.masked or started.masked:
        return [f"timer_masked:{timer}"]
    reasons = [] if unit.enabled else [f"timer_disabled:{timer}"]
    told, does = settings(host, timer), settings(host, service)
    times = [value for key in TRIGGERS for value in told.get(f"Timer.{key}", ())]
    if all(_ONE_DAY_ONLY.match(value) for value in times):
        reasons.append(f"timer_never_fires:{timer}")
    commands = does.get("Service.ExecStart", ())
    if told.get("Timer.Unit", (service,))[-1:] != (service,) or not any(
        re.search(runs, one) for one in commands
    ):
        reasons.append(f"service_overridden:{service}")
    if not all(_met(host, key, value) for one in (told, does) for key, value in _conditions(one)):
        reasons.append(f"condition_not_met:{service}")
    return reasons


def _conditions(told: Settings) -> Iterator[tuple[str, str]]:
    for name, values in told.items():
        key = name.removeprefix("Unit.")
        if key.startswith(("Condition", "Assert")) and key not in HARMLESS:
            yield from ((key, value) for value in values)


def _met(host: Host, key: str, value: str) -> bool:
    """Whether a condition holds. `unsupported` for those that are not understood here."""
    negated, path = value.startswith("!"), value.lstrip("|!")
    if not key.endswith("PathExists") or value.startswith("|"):
        raise Unseen("unsupported", key, value)
    return host.exists(path) != negated
