"""What changed in a network between two scans: `changes` is pure, over the facts of both.

A report holds what was seen and never an age, so the difference is made where somebody asks for it. What one of the
scans did not see is no change: a host that was given up, a service nobody could name, a fact that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from agent import durable
from config.errors import InputError
from config.shipped import catalogue

SCAN_MAX_BYTES: Final = 16 * 1024 * 1024
_HOSTS: Final = "exposure.hosts_seen"
_SERVICES: Final = "exposure.services"
_RANGE: Final = "exposure.scanned_range"
_TOLD: Final = ("kind", "service", "product", "version", "tls_weaknesses", "ssh_weaknesses")
"""Fields of a service whose change is told."""

Facts = Mapping[str, Any]
_Port = tuple[str, int]


def changes(before: Facts, after: Facts) -> list[str]:
    """One line for each change, by address; None of them where both scans saw the same.

    Raises:
        ValueError: with one sentence, where the two cannot be compared.
    """
    for name in (_RANGE, _HOSTS, _SERVICES):
        if name not in before or name not in after:
            raise ValueError(f"one of the scans did not see {name}")
    if sorted(before[_RANGE]) != sorted(after[_RANGE]):
        raise ValueError("the scans looked at different ranges")
    return [*_hosts(before, after), *_services(before, after)]


def read(path: str) -> Facts:
    """The facts of an earlier `boltseal scan --json`.

    Raises:
        InputError: scan_unusable.
    """
    try:
        data = durable.read(Path(path), SCAN_MAX_BYTES)
        if data is None:
            raise ValueError("there is no such file")
        told = json.loads(data)["facts"]
        facts = {name: fact["value"] for name, fact in told.items() if "value" in fact}
        for name in (_RANGE, _HOSTS, _SERVICES):
            if name in facts and not catalogue().facts[name].accepts(facts[name]):
                raise ValueError(f"{name} has another shape")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        detail = str(error) if type(error) is ValueError else "it is no JSON of boltseal scan"
        raise InputError("scan_unusable", f"{path}: {detail}", "made by boltseal scan --json") from None
    return facts


def _hosts(before: Facts, after: Facts) -> Iterator[str]:
    then, now = ({row["address"] for row in facts[_HOSTS]} for facts in (before, after))
    yield from (f"{address}: answers, and did not before" for address in sorted(now - then))
    yield from (f"{address}: answers no longer" for address in sorted(then - now))
    macs = {row["address"]: row.get("mac") for row in before[_HOSTS]}
    for row in after[_HOSTS]:
        old = macs.get(row["address"])
        if old and row.get("mac") and old != row.get("mac"):
            yield f"{row['address']}: another device, {row['mac']} in place of {old}"


def _services(before: Facts, after: Facts) -> Iterator[str]:
    finished = [{row["address"] for row in facts[_HOSTS] if row["finished"]} for facts in (before, after)]
    there = finished[0] & finished[1]  # what a host that came or went has is told by its own line
    then, now = _by_port(before), _by_port(after)
    came = {row["address"] for row in after[_HOSTS]} - {row["address"] for row in before[_HOSTS]}
    for port in sorted(then.keys() | now.keys()):
        if port[0] not in there and port[0] not in came:
            continue
        name = f"[{port[0]}]:{port[1]}" if ":" in port[0] else f"{port[0]}:{port[1]}"
        if port not in then:
            yield f"{name}: open now, {_named(now[port])}"
        elif port not in now:
            yield f"{name}: no longer open, was {_named(then[port])}"
        else:
            yield from _told(name, then[port], now[port])


def _told(name: str, then: Facts, now: Facts) -> Iterator[str]:
    for field in _TOLD:
        old, new = then.get(field), now.get(field)
        if old is not None and new is not None and old != new:
            yield f"{name}: {field.replace('_', ' ')} {_said(new)}, was {_said(old)}"


def _by_port(facts: Facts) -> dict[_Port, Facts]:
    return {(row["address"], row.get("port")): row for row in facts[_SERVICES] if row.get("port") is not None}


def _named(row: Facts) -> str:
    return " ".join(row[field] for field in ("kind", "product", "version") if row.get(field)) or "unnamed"


def _said(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "none"
