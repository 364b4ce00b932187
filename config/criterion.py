"""The catalogue's words as values; their fields are also the schema of config/criteria/*.toml."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from config.fact_types import FactType
from config.schema import DERIVED

ANSWERS = ("pass", "fail", "unknown", "not_applicable")
PLATFORMS = {
    "linux": "host",
    "windows": "host",
    "macos": "host",
    "ad": "directory",
    "openldap": "directory",
    "entra": "tenant",
    "google": "tenant",
    "okta": "tenant",
    "device": "device",
    "network": "network",
    "mail": "network",
}
"""What a report says that it looked at, and which kind of subject that is."""
READINGS = ("text", "conference")
"""Of MFA: as the published text has it, or as CBP presented it at its conference."""

_Binding: TypeAlias = Annotated[str, "must|should"]
_Framework: TypeAlias = Annotated[str, "csf|nist_800_53|nist_800_171|cis|iso|stig"]
_Function: TypeAlias = Annotated[str, "govern|identify|protect|detect|respond|recover"]
_Identifier: TypeAlias = Annotated[str, r"[A-Za-z0-9][A-Za-z0-9.()-]{0,31}"]
_Platform: TypeAlias = Annotated[str, "|".join(PLATFORMS)]
_LATER = FactType("not loaded yet")


@dataclass(frozen=True)
class Selector:
    """One condition on a field, in a quantified clause's `where`."""

    field: str
    operator: str
    expected: Any = None
    target: FactType = dataclasses.field(default=_LATER, metadata=DERIVED)


@dataclass(frozen=True)
class Clause:
    """One question to one fact."""

    fact: str
    operator: str | None = None
    """None asks only whether anything is selected (quantifiers some and none)."""
    expected: Any = None
    parameter: str | None = None
    """Name of the profile's threshold that takes the place of `expected`."""
    quantifier: Annotated[str, "every|some|none"] | None = None
    where: tuple[Selector, ...] = ()
    field: str | None = None
    empty: Annotated[str, "pass|fail|unknown"] = ""
    """What an empty selection gives; always set once loaded."""
    otherwise: Annotated[str, "fail|unknown"] = "fail"
    """What a demand that is not met gives; unknown where it only says whether the facts can be believed."""
    type: FactType = dataclasses.field(default=_LATER, metadata=DERIVED)
    target: FactType = dataclasses.field(default=_LATER, metadata=DERIVED)
    """What the operator reads: the fact, its elements, or a field of its records."""


@dataclass(frozen=True)
class Example:
    """Facts, and the verdict they must give: a check's own test."""

    verdict: Annotated[str, "pass|fail|unknown|not_applicable"]
    trap: Annotated[str, "disabled|narrowed|bypassed"] = ""
    """How what is wanted is there and yet not in force."""
    why: str = ""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)
    profile: str = "nist"


@dataclass(frozen=True)
class Check:
    """One question to the facts, belonging to a part."""

    id: Annotated[str, r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+\.v[1-9][0-9]*"]
    part: str
    title: str
    level: Annotated[str, "must|should|guidance"]
    rationale: str
    references: Mapping[_Framework, tuple[_Identifier, ...]]
    remediation: Mapping[_Platform, str]
    """The file or command, by distribution where they differ."""
    clauses: tuple[Clause, ...]
    caution: Mapping[_Platform, str] = dataclasses.field(default_factory=dict)
    """What breaks when the remedy is applied without care."""
    mfa: bool = False
    applies_when: tuple[Clause, ...] = ()
    match: Annotated[str, "all|any"] = "all"
    asks: tuple[_Platform, ...] = ("linux",)
    """Which platforms can show it. A subject of no known platform is asked everything."""
    unseen: tuple[_Platform, ...] = ()
    """Platforms that it is about as well, though nothing looks there yet: it stays unknown, never left out."""
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class DocumentNeed:
    """What a person must attest for a part."""

    id: Annotated[str, "[a-z][a-z0-9-]*"]
    title: str
    renewal_days: Annotated[int, "[1-9][0-9]{0,3}"]


@dataclass(frozen=True)
class Part:
    """One duty inside a criterion."""

    id: str
    title: str
    requirement: str
    level: _Binding = ""
    """The criterion's own where the file says nothing."""
    documents: tuple[DocumentNeed, ...] = ()
    checks: tuple[Check, ...] = dataclasses.field(default=(), metadata=DERIVED)


@dataclass(frozen=True)
class Criterion:
    """One of CBP's criteria, restated in our words."""

    id: str
    title: str
    level: _Binding
    requirement: str
    functions: tuple[_Function, ...]
    link: Annotated[str, "https://.+"]
    parts: tuple[Part, ...]
    guidance: str = ""
    conditional: bool = False
    condition: str = ""
    """When it binds at all; empty unless conditional."""
    checks: tuple[Check, ...] = ()
    """Of all parts, in the file's order."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All criteria, with the vocabulary of facts and the exact files they came from."""

    version: str
    msc_version: str
    criteria: Mapping[str, Criterion]
    facts: Mapping[str, FactType]
    checks: Mapping[str, Check]
    """By id, in catalogue order."""
    files: Mapping[str, bytes]
    digest: str
    """SHA-256 over the canonical object {file name: SHA-256 of the file}."""
