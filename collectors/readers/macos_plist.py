"""Property lists of macOS, XML or binary, as dictionaries. What is none is malformed, whatever its bytes do."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime
from typing import Any, Final
from xml.parsers.expat import ExpatError

from collectors.door import Host, Unseen
from collectors.findings import rfc3339

OWN: Final = "/Library/Preferences"
MANAGED: Final = "/Library/Managed Preferences"
_BROKEN: Final = (
    plistlib.InvalidFileException,
    ExpatError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
)
"""What plistlib lets through for bytes that are no property list."""


def read(host: Host, path: str) -> dict[str, Any]:
    """The dictionary at the top of a file."""
    return parse(host.read(path), path)


def parse(raw: bytes, source: str) -> dict[str, Any]:
    """The dictionary at the top."""
    told = _loaded(raw, source)
    if not isinstance(told, dict):
        raise Unseen("malformed", source, "no dictionary")
    return told


def records(raw: bytes, source: str) -> list[dict[str, Any]]:
    """The dictionaries of the list at the top."""
    told = _loaded(raw, source)
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise Unseen("malformed", source, "no list of dictionaries")
    return told


def preferences(host: Host, domain: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A domain's settings for the whole computer, a profile's before the Mac's own, and the files they stand in.

    Both may lack a file: the settings are then empty, and the Mac's own file is named.
    """
    found: dict[str, Any] = {}
    sources = []
    for folder in (OWN, MANAGED):
        path = f"{folder}/{domain}.plist"
        if host.exists(path):
            found |= read(host, path)
            sources.append(path)
    return found, tuple(sources) or (f"{OWN}/{domain}.plist",)


def _loaded(raw: bytes, source: str) -> Any:
    try:
        return plistlib.loads(raw)
    except _BROKEN as error:
        raise Unseen("malformed", source, type(error).__name__) from None


def flag(value: Any, source: str) -> bool | None:
    """A switch, None where it is not set; 0 and 1 are written for it too."""
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    raise Unseen("malformed", source, "no switch")


def moment(value: Any, source: str) -> str:
    """A date, which a property list has in UTC without saying so."""
    if not isinstance(value, datetime):
        raise Unseen("malformed" if value is not None else "not_found", source, "no date")
    return rfc3339(value.replace(tzinfo=UTC))
