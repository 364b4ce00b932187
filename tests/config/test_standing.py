"""Standing: worst part first, musts and shoulds apart, guidance without effect."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from config import canonical, evaluate, shipped, standing
from config.attested import EXEMPTION, Document
from config.criterion import Catalogue
from config.standing import CriterionStanding, PartStanding
from tests.config.catalogues import MOMENT, catalogue, check, judged, profile, seen

ID = "a.long-enough.v1"
BARE_PART = {"id": "4.8.a", "title": "Part a", "requirement": "Do it."}


def document(id_: str = "policy", part: str = "4.8.a", starts: int = -1, ends: int = 1) -> Document:
    """A document that is valid from so many days before now to so many after."""
    today = MOMENT.replace(hour=0)
    return Document(id_, part, today + timedelta(days=starts), today + timedelta(days=ends))


def one(
    small: Catalogue,
    counts: Mapping[str, Mapping[str, int]],
    *documents: Document,
    mfa_reading: str = "text",
) -> CriterionStanding:
    """The standing of the small catalogue's criterion."""
    return standing.roll_up(counts, small, documents, MOMENT, mfa_reading).criteria[0]


def part(
    *checks: dict[str, Any], counts: Mapping[str, Mapping[str, int]], reading: str = "text"
) -> PartStanding:
    """The standing of a part that has these checks and no documents."""
    return one(catalogue(*checks, parts=[BARE_PART]), counts, mfa_reading=reading).parts[0]


@pytest.mark.parametrize(
    ("linux", "windows", "expected"),
    [
        ({"pass": 3}, {}, ("met", "not_applicable")),
        ({"fail": 1}, {}, ("not_met", "not_applicable")),
        ({}, {}, ("no_evidence", "not_applicable")),
        ({"pass": 3}, {"pass": 1}, ("met", "not_applicable")),
        ({"pass": 3}, {"unknown": 1}, ("no_evidence", "not_applicable")),
        ({"pass": 3}, {"stale": 1}, ("stale", "not_applicable")),
    ],
)
def test_checks_that_nobody_was_asked(
    linux: dict[str, int], windows: dict[str, int], expected: tuple[str, str]
) -> None:
    """A check of a platform that the company has not got says nothing beside those that were asked."""
    checks = check(id="a.linux.v1"), check(id="a.windows.v1", asks=["windows"])
    got = part(*checks, counts={"a.linux.v1": linux, "a.windows.v1": windows})

    assert expected == (got.status, got.recommended)


def test_musts_that_nobody_was_asked() -> None:
    """What is only recommended shows no duty whose own checks asked nobody."""
    must, should = check(id="a.must.v1", asks=["windows"]), check(id="a.should.v1", level="should")
    got = part(must, should, counts={"a.should.v1": {"pass": 3}})
    assert ("no_evidence", "met") == (got.status, got.recommended)

    got = part(must, should, counts={"a.must.v1": {"pass": 3}})
    assert ("met", "no_evidence") == (got.status, got.recommended)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({}, "no_evidence"),
        ({"pass": 3}, "met"),
        ({"fail": 3}, "not_met"),
        ({"pass": 1, "fail": 3}, "partly"),
        ({"pass": 9, "unknown": 1}, "no_evidence"),
        ({"pass": 9, "stale": 1}, "stale"),
        ({"unknown": 1, "stale": 1}, "no_evidence"),
        ({"fail": 1, "unknown": 1}, "not_met"),
        ({"not_applicable": 2}, "not_applicable"),
        ({"not_applicable": 2, "pass": 1}, "met"),
        ({"not_applicable": 2, "unknown": 1}, "no_evidence"),
        ({"not_applicable": 2, "stale": 1}, "stale"),
        ({"pass": 2, "waived": 1}, "partly"),
        ({"waived": 1}, "partly"),
        ({"waived": 1, "fail": 1}, "not_met"),
    ],
)
def test_check(counts: dict[str, int], status: str) -> None:
    """Unknown is neither met nor exempt, and a waiver is never a pass."""
    got = part(check(), counts={ID: counts})

    assert (status, status) == (got.checks[0].status, got.status)


def test_counted() -> None:
    """A check's numbers are those that were counted."""
    counts = {"pass": 1, "fail": 2, "unknown": 3, "stale": 4, "not_applicable": 5, "waived": 6}
    got = part(check(), counts={ID: counts}).checks[0]

    assert (1, 2, 3, 4, 5, 6) == (
        *(got.passed, got.failed, got.unknown),
        *(got.stale, got.not_applicable, got.waived),
    )


@pytest.mark.parametrize(
    ("documents", "status"),
    [
        ([], "no_evidence"),
        ([document()], "met"),
        ([document(ends=-1)], "stale"),
        ([document(starts=1, ends=9)], "no_evidence"),
        ([document("other")], "no_evidence"),
        ([document(part="4.8.b")], "no_evidence"),
        ([document(ends=-1), document()], "met"),
        ([document(), document(ends=-1)], "stale"),
        ([document(), document(starts=1, ends=9)], "met"),
        ([document(), document(part="4.8.b", ends=-1)], "met"),
        ([document(starts=-365, ends=9)], "met"),
        ([document(starts=-366, ends=9)], "stale"),
        ([document(starts=-3650, ends=36500)], "stale"),
        ([document(starts=1, ends=9), document(ends=-1)], "stale"),
    ],
)
def test_documents(documents: list[Document], status: str) -> None:
    """The best version of a document counts, and a part is no better than its documents."""
    got = one(catalogue(), {ID: {"pass": 1}}, *documents)

    assert (status, status) == (got.parts[0].documents[0].status, got.status)


def test_worst_first() -> None:
    """A criterion is its worst part, and a part its worst check."""
    parts = [BARE_PART, BARE_PART | {"id": "4.8.b"}]
    small = catalogue(
        check(), check(id="b.b.v1", part="4.8.b"), check(id="b.c.v1", part="4.8.b"), parts=parts
    )
    got = one(small, {ID: {"pass": 1}, "b.b.v1": {"pass": 1}, "b.c.v1": {"fail": 1}})

    assert ["met", "not_met"] == [each.status for each in got.parts]
    assert "not_met" == got.status


def test_should_in_must() -> None:
    """What a must part only recommends is told beside its status."""
    got = part(check(), check(id="b.b.v1", level="should"), counts={ID: {"pass": 1}, "b.b.v1": {"fail": 1}})
    assert ("met", "not_met") == (got.status, got.recommended)

    got = part(check(level="should"), counts={ID: {"fail": 1}})
    assert ("not_met", "not_applicable") == (got.status, got.recommended)


def test_must_in_should() -> None:
    """In a should part everything that is asked counts."""
    small = catalogue(check(), check(id="b.b.v1", level="should"), parts=[BARE_PART], level="should")
    got = one(small, {ID: {"pass": 1}, "b.b.v1": {"fail": 1}})

    assert ("not_met", "not_applicable") == (got.status, got.recommended)


def test_should_part() -> None:
    """A should part of a must criterion is told beside its status, unless it has no other."""
    parts = [BARE_PART, BARE_PART | {"id": "4.8.b", "level": "should"}]
    small = catalogue(check(), check(id="b.b.v1", part="4.8.b"), parts=parts)
    got = one(small, {ID: {"pass": 1}, "b.b.v1": {"fail": 1}})
    assert ("met", "not_met") == (got.status, got.recommended)

    got = one(catalogue(check(), parts=[BARE_PART | {"level": "should"}]), {ID: {"fail": 1}})
    assert "not_met" == got.status


def test_guidance() -> None:
    """Guidance changes no status; where there is nothing else, nobody has shown anything."""
    got = part(check(), check(id="b.b.v1", level="guidance"), counts={ID: {"pass": 1}, "b.b.v1": {"fail": 1}})
    assert ("met", "not_applicable") == (got.status, got.recommended)

    got = part(check(level="guidance"), counts={ID: {"pass": 1}})
    assert "no_evidence" == got.status


@pytest.mark.parametrize(
    ("changes", "reading", "level"),
    [
        ({"level": "guidance", "mfa": True}, "text", "guidance"),
        ({"level": "guidance", "mfa": True}, "conference", "must"),
        ({"level": "should", "mfa": True}, "conference", "should"),
        ({"level": "guidance"}, "conference", "guidance"),
        ({"level": "must", "mfa": True}, "text", "must"),
    ],
)
def test_effective_level(changes: dict[str, Any], reading: str, level: str) -> None:
    """The conference's reading raises MFA guidance to a must, and nothing else."""
    small = catalogue(check(**changes))

    assert level == standing.effective_level(small.checks[ID], reading)


def test_reading() -> None:
    """The reading decides whether a missing second factor counts."""
    mfa = check(id="b.mfa.v1", level="guidance", mfa=True)
    counts = {ID: {"pass": 1}, "b.mfa.v1": {"fail": 1}}

    assert "met" == part(check(), mfa, counts=counts).status
    assert "not_met" == part(check(), mfa, counts=counts, reading="conference").status
    with pytest.raises(ValueError, match="reading"):
        part(check(), mfa, counts=counts, reading="mine")


@pytest.mark.parametrize(
    ("documents", "counts", "expected"),
    [
        ([], {"pass": 1}, ("met", "none")),
        ([document(EXEMPTION, "4.8")], {"unknown": 1}, ("not_applicable", "attested")),
        ([document(EXEMPTION, "4.8")], {"not_applicable": 1}, ("not_applicable", "attested")),
        ([document(EXEMPTION, "4.8")], {"fail": 1}, ("not_met", "contradicted")),
        ([document(EXEMPTION, "4.8")], {"waived": 1}, ("partly", "contradicted")),
        ([document(EXEMPTION, "4.8", starts=-3650)], {"unknown": 1}, ("not_applicable", "attested")),
        ([document(EXEMPTION, "4.8"), document(EXEMPTION, "4.8", ends=-1)], {}, ("no_evidence", "none")),
        ([document(EXEMPTION, "4.8", ends=-1)], {"unknown": 1}, ("no_evidence", "none")),
        ([document(EXEMPTION, "4.9")], {"unknown": 1}, ("no_evidence", "none")),
        ([document(EXEMPTION, "4.8.a")], {"unknown": 1}, ("no_evidence", "none")),
    ],
)
def test_exemption(documents: list[Document], counts: dict[str, int], expected: tuple[str, str]) -> None:
    """A conditional criterion does not apply by document alone, and not where a check contradicts."""
    small = catalogue(check(), parts=[BARE_PART], conditional=True, condition="only if")
    got = one(small, {ID: counts}, *documents)

    assert expected == (got.status, got.exemption)


def test_exemption_unconditional() -> None:
    """No document exempts from a criterion that always binds."""
    got = one(catalogue(check(), parts=[BARE_PART]), {ID: {"unknown": 1}}, document(EXEMPTION, "4.8"))

    assert ("no_evidence", "none") == (got.status, got.exemption)


def test_counts() -> None:
    """Verdicts are counted by answer; stale and waived ones apart, and a waiver of a pass is no waiver."""
    clause = {"fact": "a.count", "operator": "at_least", "expected": 15}
    passed, failed = judged(clause, {"a.count": 16}), judged(clause, {"a.count": 1})
    stale = evaluate.judge(seen(observed_at=MOMENT - timedelta(days=9)), catalogue(), profile(), MOMENT)[0]
    waive = {"waived_by": "w-1"}
    waived = [evaluate.Verdict.from_dict(v.to_dict() | waive) for v in (passed, failed, stale)]
    got = standing.counts([passed, failed, failed, judged(clause, {}), stale, *waived])

    assert {ID: {"pass": 2, "fail": 2, "unknown": 1, "stale": 1, "waived": 2}} == got
    assert {} == standing.counts([])


def test_tally() -> None:
    """Musts and shoulds are counted apart."""
    empty = standing.roll_up({}, shipped.catalogue(), [], MOMENT)

    assert 10 == sum(empty.tally("must").values())
    assert 3 == sum(empty.tally("should").values())
    assert {"no_evidence": 10} == {status: n for status, n in empty.tally("must").items() if n}


def test_nothing_known() -> None:
    """Without evidence and documents nothing is met and nothing exempt, in either reading."""
    got = evaluate.judge(seen({}), shipped.catalogue(), shipped.profile(), MOMENT)
    for reading in ("text", "conference"):
        rolled = standing.roll_up(standing.counts(got), shipped.catalogue(), [], MOMENT, reading)

        assert {"no_evidence"} == {each.status for each in rolled.criteria}


def test_to_dict() -> None:
    """A standing is plain data, the same as canonical bytes and as JSON."""
    got = standing.roll_up({ID: {"pass": 1}}, catalogue(), [document()], MOMENT).to_dict()

    assert json.loads(json.dumps(got)) == canonical.decode(canonical.encode(got))
