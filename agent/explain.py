"""`boltseal explain`: a criterion in words, or the list of them. Works with the base install."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from agent import exits
from config import explain, shipped
from config.criterion import Catalogue, Check, Criterion
from config.profile import Profile
from config.question import bind
from config.standing import effective_level


def main(arguments: argparse.Namespace) -> int:
    """Print it. InputError `criterion_unknown` or `profile_unknown`."""
    catalogue = shipped.catalogue()
    profile = shipped.profile(arguments.profile or "nist")
    reading = arguments.mfa_reading or "text"
    if arguments.id is None:
        listed = [_summary(one) for one in catalogue.criteria.values()]
        sys.stdout.write(_json(listed) if arguments.json else _table(catalogue))
        return exits.OK
    text = explain.explain(catalogue, profile, arguments.id, reading)
    one = catalogue.criteria[arguments.id]
    sys.stdout.write(_json(_whole(one, profile, reading)) if arguments.json else text)
    return exits.OK


def _table(catalogue: Catalogue) -> str:
    lines = [f"{one.id:<5} {one.level:<7} {one.title}" for one in catalogue.criteria.values()]
    return "\n".join([*lines, "", "One of them: boltseal explain 4.8"]) + "\n"


def _summary(one: Criterion) -> dict[str, Any]:
    return {"id": one.id, "title": one.title, "level": one.level, "conditional": one.conditional}


def _whole(one: Criterion, profile: Profile, reading: str) -> dict[str, Any]:
    checks = [check for part in one.parts for check in part.checks]
    return {
        **_summary(one),
        "requirement": one.requirement,
        "guidance": one.guidance,
        "functions": list(one.functions),
        "link": one.link,
        "profile": profile.name,
        "mfa_reading": reading,
        "documents": [
            {"id": need.id, "part": part.id, "title": need.title, "renewal_days": need.renewal_days}
            for part in one.parts
            for need in part.documents
        ],
        "checks": [
            {
                "id": check.id,
                "part": check.part,
                "title": check.title,
                "level": effective_level(check, reading),
                "wants": _wants(check, profile),
                "rationale": check.rationale,
                "remediation": dict(check.remediation),
                "caution": dict(check.caution),
                "references": {name: list(ids) for name, ids in check.references.items()},
            }
            for check in checks
        ],
    }


def _wants(check: Check, profile: Profile) -> list[dict[str, str]]:
    return [{"fact": clause.fact, "wanted": bind(clause, profile).wanted} for clause in check.clauses]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
