"""Profiles: named sets of thresholds, each with its origin; a number without an origin is an opinion."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from config import schema
from config.schema import DERIVED

_Name = Annotated[str, "[a-z][a-z0-9_-]{0,63}"]


@dataclass(frozen=True)
class Threshold:
    """A value that clauses name as their parameter."""

    value: Any
    origin: str
    """Which standard sets it, or that Boltseal does because none sets it."""


@dataclass(frozen=True, eq=False)
class Profile:
    """The thresholds that a catalogue is judged with."""

    name: _Name
    title: str
    thresholds: Mapping[_Name, Threshold]
    data: bytes = field(default=b"", metadata=DERIVED)
    """The exact file."""

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.data).hexdigest()


def load_profile(data: bytes) -> Profile:
    """The profile in a TOML file: `name`, `title`, `[thresholds.NAME] value = …, origin = "…"`.

    Raises:
        InputError: profile_malformed, _too_large, _unknown_key, _missing_key, _wrong_type, _wrong_value.
    """
    profile: Profile = schema.read(Profile, data, "profile", "profile")
    return replace(profile, data=data)
