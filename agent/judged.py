"""A judged scan: verdicts and standing of this host, with everything that decided them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.scan import Scan
from config import __version__, canonical, evaluate, feeds, standing
from config.criterion import Catalogue, Check
from config.errors import InputError
from config.evaluate import Evidence
from config.feeds import Feeds
from config.profile import Profile
from config.standing import Standing
from config.verdict import Verdict


@dataclass(frozen=True)
class Judged:
    """A scan with its verdicts, and what they were made with."""

    scan: Scan
    evidence: Evidence
    """What the scan saw, and what the feeds add to it."""
    catalogue: Catalogue
    profile: Profile
    feeds: Feeds
    mfa_reading: str
    verdicts: tuple[Verdict, ...]
    standing: Standing

    @functools.cached_property
    def by_check(self) -> dict[str, Verdict]:
        """Verdicts by check."""
        return {verdict.check: verdict for verdict in self.verdicts}

    @property
    def all_musts_pass(self) -> bool:
        """Whether every must that applies passes. Unknown is no pass, nor is a host without any must."""
        answers = [
            self.by_check[check.id].answer
            for check in self.catalogue.checks.values()
            if standing.effective_level(check, self.mfa_reading) == "must"
        ]
        return "pass" in answers and all(answer in ("pass", "not_applicable") for answer in answers)

    def unseen(self, reason: str) -> int:
        """How many facts of the host are missing for this reason."""
        return list(self.scan.evidence.missing.values()).count(reason)

    def to_dict(self) -> dict[str, Any]:
        """The shape of `boltseal scan --json`."""
        evidence = self.evidence
        facts: dict[str, Any] = {name: {"value": value} for name, value in evidence.facts.items()}
        facts |= {name: {"reason": reason} for name, reason in evidence.missing.items()}
        for name, fact in facts.items():
            fact["sources"] = list(evidence.sources.get(name, ()))
        return {
            "subject": self.scan.subject,
            "observed_at": canonical.encode_time(self.scan.finished_at),
            "agent_version": __version__,
            "catalogue": {"version": self.catalogue.version, "digest": self.catalogue.digest},
            "profile": {"name": self.profile.name, "digest": self.profile.digest},
            "feeds": {
                each.name: {"published_at": each.published_at, "digest": each.digest} for each in self.feeds
            },
            "mfa_reading": self.mfa_reading,
            "facts": dict(sorted(facts.items())),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "criteria": self.standing.to_dict()["criteria"],
            "collectors": {name: self._collector(name) for name in self.scan.sections},
            "cost": self.scan.cost.to_dict(),
        }

    def _collector(self, name: str) -> dict[str, Any]:
        error = self.scan.errors.get(name)
        return {"digest": self.scan.digests[name], "cpu_ms": self.scan.cpu_ms[name], "error": error}


def judge(scan: Scan, catalogue: Catalogue, profile: Profile, mfa_reading: str, adopted: Feeds) -> Judged:
    """Judge a scan at its own end. Nothing is attested here, so every document counts as not there."""
    moment = scan.finished_at
    evidence = feeds.derive(scan.evidence, adopted)
    verdicts = evaluate.judge(evidence, catalogue, profile, moment, mfa_reading)
    asked = _kept(catalogue, lambda check: evaluate.asks(check, evidence.platform))
    rolled = standing.roll_up(standing.counts(verdicts), asked, (), moment, mfa_reading)
    return Judged(scan, evidence, asked, profile, adopted, mfa_reading, verdicts, rolled)


def _kept(catalogue: Catalogue, wanted: Callable[[Check], bool]) -> Catalogue:
    """The catalogue with these checks alone: what is asked of other kinds of subjects is no part of this one."""
    criteria = {
        name: replace(
            one,
            parts=tuple(replace(part, checks=tuple(filter(wanted, part.checks))) for part in one.parts),
            checks=tuple(filter(wanted, one.checks)),
        )
        for name, one in catalogue.criteria.items()
    }
    checks = {name: check for name, check in catalogue.checks.items() if wanted(check)}
    return replace(catalogue, criteria=criteria, checks=checks)


def narrowed(catalogue: Catalogue, criteria: Sequence[str]) -> Catalogue:
    """The catalogue with these criteria alone (all when none is named). InputError `criterion_unknown`."""
    for name in criteria:
        if name not in catalogue.criteria:
            known = ", ".join(catalogue.criteria)
            raise InputError("criterion_unknown", f"no criterion is {name[:64]!r}", f"There are: {known}.")
    if not criteria:
        return catalogue
    kept = {name: one for name, one in catalogue.criteria.items() if name in criteria}
    checks = {check.id: check for one in kept.values() for part in one.parts for check in part.checks}
    return replace(catalogue, criteria=kept, checks=checks)


def asked_facts(catalogue: Catalogue) -> frozenset[str]:
    """Every fact that a check of the catalogue asks for, or that one of these is joined from."""
    asked = {
        clause.fact for check in catalogue.checks.values() for clause in (*check.applies_when, *check.clauses)
    }
    return frozenset(asked.union(*(feeds.FACTS[name].inputs for name in asked & feeds.FACTS.keys())))
