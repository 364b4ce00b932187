"""Judging again: the same evidence, rules and moment give the same verdicts, at the server and the auditor's.

Bundle check, steps 10 to 12.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from config import canonical, criteria, evaluate, feeds, section
from config.attested import Document, Waiver
from config.canonical import Json
from config.criterion import Catalogue
from config.errors import InputError
from config.evaluate import Evidence
from config.feeds import Feed, Feeds
from config.profile import Profile, load_profile
from config.replay import Host
from config.section import Section
from config.statement import Statement, digest
from config.verdict import Verdict

_QUARANTINED = "two machines may share this host's key"


@dataclass(frozen=True, eq=False)
class Rules:
    """What verdicts depend on besides evidence and moment."""

    catalogue: Catalogue
    profile: Profile
    mfa_reading: str
    waivers: tuple[Waiver, ...]
    documents: tuple[Document, ...]
    feeds: Feeds


def verdicts(evidence: Evidence, state: str, rules: Rules, moment: datetime) -> tuple[Verdict, ...]:
    """A host's verdicts: none once it is revoked, and all unknown while two machines may share its key."""
    if state == "revoked":
        return ()
    judged = evaluate.judge(
        feeds.derive(evidence, rules.feeds),
        rules.catalogue,
        rules.profile,
        moment,
        rules.mfa_reading,
        rules.waivers,
    )
    if state == "quarantined":
        blank: dict[str, Any] = {"observed": {}, "sources": (), "waived_by": None}
        return tuple(
            replace(each, answer="unknown", reason="quarantined", detail=_QUARANTINED, **blank)
            for each in judged
        )
    return judged


def evidence(
    host_id: str, report: Statement | None, sections: Iterable[Section], moment: datetime
) -> Evidence:
    """What a host is judged by: its report's sections, or nothing seen where none came yet.

    What has not reported is of no known platform, so every check counts as unknown.
    """
    if report is None:
        return evaluate.evidence(host_id, "", sections, moment)
    seen = evaluate.observed_at(report.predicate)
    return evaluate.evidence(host_id, str(report.predicate["platform"]), sections, seen)


def rules(
    held: Mapping[str, Sequence[Statement]],
    catalogue: Mapping[str, bytes],
    profile: Mapping[str, bytes],
    feed_files: Mapping[str, bytes],
) -> Rules:
    """Step 10: the rules in force, if the files are those that were adopted last.

    Raises InputError `bundle_rules_differ`, or what loading them raises.
    """
    newest = {
        kind: _adopted(kind, held[kind], files)
        for kind, files in (("catalogue", catalogue), ("profile", profile))
    }
    if len(profile) != 1:
        raise InputError("bundle_rules_differ", "profile: there is not exactly one")
    loaded = criteria.load(catalogue)
    thresholds = load_profile(*profile.values())
    for name, found in (("catalogue", loaded.digest), ("profile", thresholds.digest)):
        if newest[name].predicate["digest"] != found:
            raise InputError("bundle_rules_differ", f"{name}: the digest is not that of the one adopted last")
    return Rules(
        loaded,
        thresholds,
        str(newest["profile"].predicate["mfa_reading"]),
        tuple(Waiver.from_predicate(each.predicate) for each in held["waiver"]),
        tuple(Document.from_predicate(each.predicate) for each in held["document"]),
        _feeds(held["feed"], feed_files),
    )


def open_sections(host: Host, data: bytes) -> dict[str, Section]:
    """Step 11: a host's sections by digest; each is named by one of its reports, as of the same collector.

    Raises InputError `bundle_section_unnamed`, or what reading a section raises.
    """
    found = {}
    for line in data.removesuffix(b"\n").split(b"\n") if data else ():
        sha256 = digest(line)
        if sha256 not in host.sections:
            raise InputError("bundle_section_unnamed", f"no report of the host names a section {sha256}")
        found[sha256] = section.decode(line)
        if found[sha256].collector != host.sections[sha256]:
            raise InputError(
                "section_malformed", f"section {sha256} is of another collector than its report says"
            )
    return found


def lacking(seen: Evidence, rules: Rules) -> frozenset[str]:
    """The checks that ask for a fact which the evidence neither has nor calls missing."""
    derived = feeds.derive(seen, rules.feeds)
    told = derived.facts.keys() | derived.missing.keys()
    return frozenset(
        check.id
        for check in rules.catalogue.checks.values()
        if any(clause.fact not in told for clause in (*check.applies_when, *check.clauses))
    )


def first_difference(
    told: Json, found: Sequence[Verdict], lacking: frozenset[str] = frozenset()
) -> tuple[str, int]:
    """Step 12: the first told verdict that is not the one found, in words, or "", and how many stay unproven.

    Where sections are withheld, the checks that lack facts can't be found wholly: an unknown answer proves
    nothing, a definite one would be the same with all facts, in other words perhaps.
    """
    expected = [each.to_dict() for each in found]
    # As bytes: to Python, 1 is true.
    if canonical.encode(told) == canonical.encode(expected):
        return "", 0
    if not isinstance(told, list) or len(told) != len(expected):
        return f"{len(expected)} verdicts are due", 0
    unproven = 0
    for said, due in zip(told, expected, strict=True):
        match said:
            case dict() if canonical.encode(said) == canonical.encode(due):
                continue
            case {"check": check, "answer": answer} if check == due["check"] and check in lacking:
                if due["answer"] in ("unknown", answer):
                    unproven += 1
                    continue
        return f"{due['check']}: told {_words(said)}, found {_words(due)}", 0
    return "", unproven


def _feeds(held: Sequence[Statement], files: Mapping[str, bytes]) -> Feeds:
    """The feeds adopted last; none of a name that no entry adopts."""
    newest = {str(each.predicate["name"]): each for each in held}
    if strays := files.keys() ^ {f"{name}.json" for name in newest}:
        raise InputError("bundle_rules_differ", f"feed: {min(strays)} is only in the log, or only here")
    found: dict[str, Feed] = {}
    for name, said in newest.items():
        own = {f"{name}.json": files[f"{name}.json"]}
        _adopted("feed", [said], own)
        found[name] = feeds.read(name, *own.values())
        if found[name].published_at != said.predicate["published_at"]:
            raise InputError("bundle_rules_differ", f"feed: {name} was published at another time")
    return Feeds(**found)


def _adopted(kind: str, held: Sequence[Statement], files: Mapping[str, bytes]) -> Statement:
    if not held:
        raise InputError("bundle_rules_differ", f"{kind}: the log adopts none")
    if {each.name: each.sha256 for each in held[-1].subjects} != {n: digest(d) for n, d in files.items()}:
        raise InputError("bundle_rules_differ", f"{kind}: the files are not those adopted last")
    return held[-1]


def _words(verdict: Json) -> str:
    match verdict:
        case {"answer": str(answer), "reason": str(reason), "detail": str(detail)}:
            return f"{answer} ({reason}: {detail})"
    return "no verdict"
