"""What tests ask a host, live or as a folder. Importable without pytest, since `inside` imports it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from agent.scan import Scan
from agent.scan import scan as agent_scan
from collectors import discover
from collectors.door import Host
from collectors.findings import Json
from collectors.look import look
from collectors.readers import units
from collectors.readers.units import Unit


def scan(host: Host) -> Scan:
    """A whole scan, by the agent's own function."""
    return agent_scan(host, "booted", discover(), b"secret", 120, lambda: datetime.now(UTC))


def unit_states(host: Host, names: Sequence[str]) -> dict[str, Unit]:
    """What the reader says of these units."""
    return {name: units.unit(host, name) for name in names}


def drop_ins(host: Host, names: Sequence[str]) -> dict[str, list[str]]:
    """The drop-ins of these units, in their order."""
    return {name: units.drop_ins(host, name) for name in names}


def facts(host: Host, *collectors: str) -> tuple[dict[str, Json], dict[str, str]]:
    """The facts that these collectors see, and the reasons for those that they miss."""
    seen: dict[str, Json] = {}
    missing: dict[str, str] = {}
    for _, findings, _ in look(host, collectors):
        seen |= findings.facts
        missing |= findings.missing
    return seen, missing
