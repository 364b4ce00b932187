"""A small catalogue that tests change in one place each."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from config import criteria, evaluate
from config.criterion import Catalogue
from config.evaluate import Evidence, Verdict
from config.profile import Profile, load_profile

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
FACTS = {
    "a.on": "bool",
    "a.count": "int",
    "a.word": "str",
    "a.when": "time",
    "a.day": "date",
    "a.names": "list[str]",
    "a.ports": "list[int]",
    "a.rows": "records{name: str, role: str, ok: bool?, size: int?, tags: list[str], at: time?}",
    "a.sockets": "records{protocol: str, address: str, port: int, up: bool?, note: str}",
}
CHECK: dict[str, Any] = {
    "id": "a.long-enough.v1",
    "part": "4.8.a",
    "title": "It is long enough",
    "level": "must",
    "rationale": "Short is bad.",
    "references": {"csf": ["PR.AA-01"], "nist_800_53": ["IA-5(1)"]},
    "remediation": {"linux": "make it longer"},
    "clauses": [{"fact": "a.count", "operator": "at_least", "parameter": "count_min"}],
    "examples": [{"verdict": "pass", "why": "long", "facts": {"a.count": 15}}],
}
CRITERION: dict[str, Any] = {
    "id": "4.8",
    "title": "Accounts",
    "level": "must",
    "requirement": "Accounts are individual.",
    "guidance": "Long ones.",
    "functions": ["protect"],
    "link": "https://example.org/",
    "parts": [
        {
            "id": "4.8.a",
            "title": "Part a",
            "requirement": "Do it.",
            "documents": [{"id": "policy", "title": "Policy", "renewal_days": 365}],
        }
    ],
    "checks": [CHECK],
}
PROFILE = {"count_min": 15, "days_max": 7, "words": ["x", "y"], "both": [1, 9]}


def toml(value: Any) -> str:
    """A value as TOML; tables are inline."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value)


def document(table: Mapping[str, Any]) -> bytes:
    """A TOML file."""
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in table.items()).encode()


def check(**changes: Any) -> dict[str, Any]:
    """The good check with some keys changed."""
    return deepcopy(CHECK) | changes


def files(*checks: Mapping[str, Any], **changes: Any) -> dict[str, bytes]:
    """The files of the small catalogue, with other checks or other keys of its one criterion."""
    one = deepcopy(CRITERION) | ({"checks": list(checks)} if checks else {}) | changes
    return {
        f"{one['id']}.toml": document(one),
        "facts.toml": document(FACTS),
        "catalogue.toml": document({"version": "1", "msc_version": "2020-03"}),
        "retired.toml": b"",
    }


def catalogue(*checks: Mapping[str, Any], **changes: Any) -> Catalogue:
    """The loaded small catalogue."""
    return criteria.load(files(*checks, **changes))


def profile(**changes: Any) -> Profile:
    """A profile for it; a threshold set to None is left out."""
    values = {name: value for name, value in (PROFILE | changes).items() if value is not None}
    thresholds = {name: {"value": value, "origin": "a standard"} for name, value in values.items()}
    return load_profile(document({"name": "small", "title": "Small", "thresholds": thresholds}))


def seen(
    facts: Mapping[str, Any] | None = None,
    missing: Mapping[str, str] | None = None,
    observed_at: datetime = MOMENT,
    platform: str = "",
) -> Evidence:
    """Evidence of one subject; of one of no known platform every check is asked."""
    sources = {name: (f"/etc/{name}:1",) for name in facts or {}}
    return Evidence("host-1", platform, facts or {}, missing or {}, sources, observed_at)


def judged(
    clause: Mapping[str, Any] | list[Any],
    facts: Mapping[str, Any],
    missing: Mapping[str, str] | None = None,
    **changes: Any,
) -> Verdict:
    """The verdict of a check with this clause (or these)."""
    clauses = clause if isinstance(clause, list) else [clause]
    small = catalogue(check(clauses=clauses, **changes))
    return evaluate.judge(seen(facts, missing), small, profile(), MOMENT)[0]
