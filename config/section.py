"""Sections: one collector's result as canonical bytes, known by their SHA-256.

No time of observation and no ages are inside, so the digest changes only when something changed. The salt
keeps a section that is left out of a bundle from being guessed from its digest.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from config import canonical
from config.canonical import Encodable, Json
from config.errors import InputError
from config.settings import SECTION_MAX_BYTES, TEXT_MAX_CHARACTERS

OUTCOMES = ("collected", "failed", "not_applicable")

# Why something could not be looked at; closed, and the same words as the collectors' door has.
REASONS = (
    "permission_denied",
    "not_found",
    "tool_missing",
    "timeout",
    "too_large",
    "malformed",
    "unsupported",
    "budget_spent",
    "offline_root",
    "collector_error",
    "not_collected",
)

_FIELDS = {"collector", "version", "outcome", "reason", "facts", "missing", "sources", "salt"}
_COLLECTOR = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SALT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Section:
    """What one collector saw, what it could not see and why, and where each fact was read."""

    collector: str
    version: int
    outcome: str
    reason: str | None
    facts: Mapping[str, Json]
    missing: Mapping[str, str]
    sources: Mapping[str, tuple[str, ...]]
    salt: str


def seal(
    collector: str,
    version: int,
    outcome: str,
    reason: str | None,
    facts: Mapping[str, Encodable],
    missing: Mapping[str, str],
    sources: Mapping[str, tuple[str, ...]],
    secret: bytes,
) -> bytes:
    """Write a section as canonical bytes, salted by the host's secret and the content; raises as `decode`."""
    content: dict[str, Encodable] = {
        "collector": collector,
        "version": version,
        "outcome": outcome,
        "reason": reason,
        "facts": facts,
        "missing": missing,
        "sources": sources,
    }
    salt = hmac.new(secret, canonical.encode(content), hashlib.sha256).hexdigest()[:32]
    data = canonical.encode({**content, "salt": salt})
    decode(data)
    return data


def decode(data: bytes) -> Section:
    """Read a section whose digest has been checked.

    Raises InputError `section_malformed`, or what `canonical.decode` raises.
    """
    # Never in canonical bytes, and bundles keep one section a line.
    if b"\n" in data:
        raise _malformed("a line break")
    value = canonical.decode(data, SECTION_MAX_BYTES)
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise _malformed(f"not an object with exactly the fields {', '.join(sorted(_FIELDS))}")
    match value:
        case {
            "collector": str(collector),
            "version": int(version),
            "outcome": str(outcome),
            "reason": None | str() as reason,
            "facts": dict(facts),
            "missing": dict(missing),
            "sources": dict(sources),
            "salt": str(salt),
        }:
            _check_head(collector, version, outcome, reason, salt)
            _check_facts(facts, missing, sources)
            places = {name: tuple(cast(list[str], where)) for name, where in sources.items()}
            return Section(
                collector, version, outcome, reason, facts, cast(dict[str, str], missing), places, salt
            )
    raise _malformed("a field is of the wrong type")


def _check_head(collector: str, version: int, outcome: str, reason: str | None, salt: str) -> None:
    if not _COLLECTOR.fullmatch(collector):
        raise _malformed(f"{collector[:64]!r} is no collector's name")
    if isinstance(version, bool) or version < 1:
        raise _malformed("the version is not a number from 1 up")
    if outcome not in OUTCOMES:
        raise _malformed(f"the outcome is none of {', '.join(OUTCOMES)}")
    if not _SALT.fullmatch(salt):
        raise _malformed("the salt is not 32 hex digits")
    # A failure names one of the closed reasons; what does not apply may say so in words.
    if outcome == "collected":
        fits = reason is None
    elif outcome == "failed":
        fits = reason in REASONS
    else:
        fits = reason is not None and 0 < len(reason) <= TEXT_MAX_CHARACTERS
    if not fits:
        raise _malformed(f"the reason does not fit the outcome {outcome}")


def _check_facts(facts: Mapping[str, Json], missing: Mapping[str, Json], sources: Mapping[str, Json]) -> None:
    if both := facts.keys() & missing.keys():
        raise _malformed(f"{min(both)} is both known and missing")
    if any(reason not in REASONS for reason in missing.values()):
        raise _malformed("a fact is missing for none of the known reasons")
    if unknown := sources.keys() - facts.keys() - missing.keys():
        raise _malformed(f"{min(unknown)} has a source, and is no fact here")
    for name, where in sources.items():
        if not isinstance(where, list) or not all(isinstance(each, str) for each in where):
            raise _malformed(f"the sources of {name} are not a list of text")


def _malformed(message: str) -> InputError:
    return InputError("section_malformed", f"not a section: {message}")
