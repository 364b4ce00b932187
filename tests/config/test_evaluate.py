"""Judging: three values, reasons, bounded details, and the properties that hold for any evidence."""

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import canonical, evaluate, shipped
from config.attested import Waiver
from config.canonical import Json
from config.criterion import Catalogue, Clause
from config.errors import InputError
from config.evaluate import Evidence, Verdict
from config.section import REASONS, Section
from tests.config.catalogues import MOMENT, catalogue, check, judged, profile, seen

COUNT = {"fact": "a.count", "operator": "at_least", "parameter": "count_min"}
ON = {"fact": "a.on", "operator": "equals", "expected": True}
ROWS = {"fact": "a.rows", "field": "ok", "operator": "equals", "expected": True}
DATA = {"where": [{"field": "role", "operator": "equals", "expected": "data"}]}


def row(ok: bool | None = None, role: Any = "data", name: str = "n") -> dict[str, Any]:
    """One record."""
    return {"name": name, "role": role, "ok": ok, "size": None, "tags": [], "at": None}


def section(facts: dict[str, Any], missing: dict[str, str] | None = None, collector: str = "a") -> Section:
    """A section that was collected."""
    sources = dict.fromkeys(facts, (f"{collector}:1",))
    return Section(collector, 1, "collected", None, facts, missing or {}, sources, "0" * 32)


# --- evidence


def test_evidence() -> None:
    """The evidence is what all sections say together, whatever their order."""
    sections = [
        section({"a.on": True}, {"a.word": "timeout"}),
        section({"b.on": False}, collector="b"),
        section({}, {"c.on": "not_found"}),
    ]
    expected = Evidence(
        "h",
        "linux",
        {"a.on": True, "b.on": False},
        {"a.word": "timeout", "c.on": "not_found"},
        {"a.on": ("a:1",), "b.on": ("b:1",)},
        MOMENT,
    )
    for order in itertools.permutations(sections):
        assert expected == evaluate.evidence("h", "linux", order, MOMENT)


@pytest.mark.parametrize(
    "sections",
    [
        [section({"a.on": True}), section({"a.on": True}, collector="b")],
        [section({"a.on": True}), section({"a.on": False}, collector="b")],
        [section({"a.on": True}), section({}, {"a.on": "timeout"}, "b")],
        [section({"a.on": True}, {"a.on": "timeout"})],
        [section({}, {"a.on": "timeout"}), section({}, {"a.on": "not_found"}, "b")],
    ],
)
def test_evidence_twice(sections: list[Section]) -> None:
    """Nobody can say which of two tellings to believe, so the fact is missing."""
    for order in (sections, sections[::-1]):
        got = evaluate.evidence("h", "linux", order, MOMENT)

        assert ({}, {"a.on": "malformed"}, {}) == (got.facts, got.missing, got.sources)


# --- scalars


def test_pass() -> None:
    """A verdict says what was seen, what was wanted, by whose word, and where it was read."""
    expected = Verdict(
        "a.long-enough.v1",
        "host-1",
        "pass",
        "as_wanted",
        "16, at least 15 wanted (a standard)",
        {"a.count": 16},
        {"a.count": "at least 15"},
        "a standard",
        ("/etc/a.count:1",),
    )

    assert expected == judged(COUNT, {"a.count": 16})


def test_fail() -> None:
    """One short of the threshold fails."""
    got = judged(COUNT, {"a.count": 14})

    assert ("fail", "not_as_wanted") == (got.answer, got.reason)
    assert "14, at least 15 wanted (a standard)" == got.detail


@pytest.mark.parametrize("reason", REASONS)
def test_missing(reason: str) -> None:
    """A fact that could not be seen is unknown, for the reason that the section gives."""
    got = judged(COUNT, {}, {"a.count": reason})

    assert ("unknown", reason, f"a.count not seen: {reason}") == (got.answer, got.reason, got.detail)
    assert ({}, {"a.count": "at least 15"}, ()) == (got.observed, got.expected, got.sources)


def test_not_collected() -> None:
    """A fact that nobody mentions was not collected."""
    assert "not_collected" == judged(COUNT, {}).reason


def test_seen_and_missing() -> None:
    """What is both seen and missing counts as missing: unknown is never a pass."""
    assert "unknown" == judged(COUNT, {"a.count": 16}, {"a.count": "timeout"}).answer


@pytest.mark.parametrize("value", [None, "16", True, 16.0, [16], {}])
def test_wrong_type(value: Any) -> None:
    """A value of another type than declared is unknown, and is not carried on."""
    got = judged(COUNT, {"a.count": value})

    assert ("unknown", "wrong_type", {}) == (got.answer, got.reason, got.observed)


def test_clock_ahead_value() -> None:
    """A time that is still to come proves nothing."""
    got = judged(
        {"fact": "a.when", "operator": "within_days", "expected": 7}, {"a.when": "2027-01-01T00:00:00Z"}
    )

    assert ("unknown", "clock_ahead") == (got.answer, got.reason)
    assert "a.when 2027-01-01T00:00:00Z: clock_ahead, at most 7 days ago wanted" == got.detail


def test_otherwise() -> None:
    """A demand that only says whether facts can be believed turns a pass into unknown, never a fail."""
    fresh = {"fact": "a.when", "operator": "within_days", "parameter": "days_max", "otherwise": "unknown"}
    none = {"fact": "a.names", "operator": "is_empty"}
    old = {"a.when": "2026-01-01T00:00:00Z"}

    assert "pass" == judged([none, fresh], {"a.names": [], "a.when": "2026-11-24T00:00:00Z"}).answer
    got = judged([none, fresh], {"a.names": [], **old})
    assert ("unknown", "stale") == (got.answer, got.reason)
    assert "fail" == judged([none, fresh], {"a.names": ["x"], **old}).answer
    assert "not_believed" == judged(ON | {"otherwise": "unknown"}, {"a.on": False}).reason


# --- all, any, applies_when


@pytest.mark.parametrize(
    ("match", "on", "count", "answer"),
    [
        ("all", True, 16, "pass"),
        ("all", True, 1, "fail"),
        ("all", True, None, "unknown"),
        ("all", False, None, "fail"),
        ("all", None, None, "unknown"),
        ("any", False, 16, "pass"),
        ("any", None, 16, "pass"),
        ("any", False, 1, "fail"),
        ("any", False, None, "unknown"),
        ("any", None, None, "unknown"),
    ],
)
def test_match(match: str, on: bool | None, count: int | None, answer: str) -> None:
    """Kleene: one no decides all, one yes decides any, and unknown stays unless decided."""
    facts = {name: value for name, value in (("a.on", on), ("a.count", count)) if value is not None}

    assert answer == judged([ON, COUNT], facts, match=match).answer


@pytest.mark.parametrize(
    ("on", "count", "answer"),
    [
        (True, 16, "pass"),
        (True, 1, "fail"),
        (True, None, "unknown"),
        (False, 16, "not_applicable"),
        (False, None, "not_applicable"),
        (None, 16, "unknown"),
        (None, 1, "unknown"),
        ("yes", 16, "unknown"),
    ],
)
def test_applies_when(on: Any, count: int | None, answer: str) -> None:
    """Unknown never becomes an exemption, nor does it become a failure."""
    facts = {name: value for name, value in (("a.on", on), ("a.count", count)) if value is not None}

    assert answer == judged(COUNT, facts, applies_when=[ON]).answer


def test_applies_when_details() -> None:
    """The detail says on which fact it hangs."""
    assert "does not apply: a.on no" == judged(COUNT, {"a.on": False}, applies_when=[ON]).detail
    got = judged(COUNT, {}, {"a.on": "timeout"}, applies_when=[ON])
    assert ("timeout", "whether it applies is not known: a.on not seen: timeout") == (got.reason, got.detail)


def test_detail_of_several() -> None:
    """Several questions are told with their facts; two to one fact are told once; no more than a few."""
    least = {"fact": "a.count", "operator": "at_least", "expected": 1}
    most = {"fact": "a.count", "operator": "at_most", "expected": 9}
    got = judged([least, most, ON], {"a.count": 5, "a.on": True})
    assert "a.count 5; a.on yes" == got.detail
    assert {"a.count": "at least 1, at most 9", "a.on": "yes"} == got.expected

    several = [
        ON,
        COUNT,
        *({"fact": f"a.{name}", "operator": "not_empty"} for name in ("word", "names", "ports")),
    ]
    got = judged([*several, ROWS | {"quantifier": "every"}], {})
    assert got.detail.endswith("; and 2 more")
    assert 4 == got.detail.count("not seen: not_collected")


# --- quantifiers


@pytest.mark.parametrize(
    ("quantifier", "rows", "answer"),
    [
        ("every", [row(True)], "pass"),
        ("every", [row(True), row(False)], "fail"),
        ("every", [row(True), row(None)], "unknown"),
        ("every", [row(False), row(None)], "fail"),
        ("every", [], "unknown"),
        ("every", [row(False, "swap")], "unknown"),
        ("every", [row(False, "swap"), row(True)], "pass"),
        ("every", [row(False, None), row(True)], "unknown"),
        ("every", [row(True, None), row(True)], "pass"),
        ("every", [row(True, None)], "unknown"),
        ("every", [row(None, None)], "unknown"),
        ("some", [row(True)], "pass"),
        ("some", [row(False), row(True)], "pass"),
        ("some", [row(None), row(True)], "pass"),
        ("some", [row(False), row(None)], "unknown"),
        ("some", [row(False)], "fail"),
        ("some", [], "unknown"),
        ("some", [row(True, "swap")], "unknown"),
        ("some", [row(True, None)], "unknown"),
        ("some", [row(True, None), row(False)], "unknown"),
        ("some", [row(False, None), row(False)], "fail"),
        ("some", [row(False, None)], "unknown"),
        ("none", [row(False)], "pass"),
        ("none", [row(False), row(True)], "fail"),
        ("none", [row(None), row(True)], "fail"),
        ("none", [row(False), row(None)], "unknown"),
        ("none", [], "unknown"),
        ("none", [row(True, None)], "unknown"),
        ("none", [row(False, None), row(False)], "pass"),
    ],
)
def test_quantifier(quantifier: str, rows: list[Any], answer: str) -> None:
    """A null field makes its record unknown, a null in `where` its membership; only proof decides.

    A role of another type than declared acts as an unknown membership.
    """
    rows = [one | {"role": 1} if one["role"] is None else one for one in rows]

    assert answer == judged(ROWS | DATA | {"quantifier": quantifier}, {"a.rows": rows}).answer


@pytest.mark.parametrize(
    ("quantifier", "empty", "answer"),
    [
        ("every", "pass", "pass"),
        ("every", "fail", "unknown"),
        ("every", "unknown", "unknown"),
        ("none", "pass", "pass"),
        ("none", "fail", "unknown"),
        ("some", "fail", "fail"),
        ("some", "pass", "unknown"),
    ],
)
def test_perhaps_empty(quantifier: str, empty: str, answer: str) -> None:
    """Where perhaps nothing is selected, there is an answer only if it is the same either way."""
    where = {"where": [{"field": "size", "operator": "equals", "expected": 1}]}
    harmless = quantifier == "every"
    got = judged(ROWS | where | {"quantifier": quantifier, "empty": empty}, {"a.rows": [row(harmless)]})

    assert answer == got.answer


@pytest.mark.parametrize(
    ("quantifier", "rows", "answer"),
    [
        ("none", [], "pass"),
        ("none", [row(role="swap")], "pass"),
        ("none", [row()], "fail"),
        ("none", [row(role=1)], "unknown"),
        ("some", [], "fail"),
        ("some", [row(role="swap")], "fail"),
        ("some", [row()], "pass"),
        ("some", [row(role=1)], "unknown"),
    ],
)
def test_selected(quantifier: str, rows: list[Any], answer: str) -> None:
    """Without an operator only being selected is asked."""
    assert answer == judged({"fact": "a.rows", "quantifier": quantifier} | DATA, {"a.rows": rows}).answer


@pytest.mark.parametrize(
    ("quantifier", "value", "answer"),
    [
        ("every", [22, 443], "fail"),
        ("every", [22], "pass"),
        ("some", [22, 443], "pass"),
        ("none", [443], "pass"),
        ("none", [443, "22"], "unknown"),
        ("none", [22, "22"], "fail"),
        ("none", 22, "unknown"),
        ("none", None, "unknown"),
    ],
)
def test_plain_list(quantifier: str, value: Any, answer: str) -> None:
    """On a plain list the operator sees each element; one of a wrong type is unknown by itself."""
    clause = {"fact": "a.ports", "quantifier": quantifier, "operator": "equals", "expected": 22}

    assert answer == judged(clause, {"a.ports": value}).answer


@pytest.mark.parametrize("value", [{}, ["a"], [row(True), None], "x"])
def test_rows_wrong_type(value: Any) -> None:
    """What is no list of records is unknown as a whole."""
    assert "wrong_type" == judged(ROWS | {"quantifier": "every"}, {"a.rows": value}).reason


@pytest.mark.parametrize(
    ("quantifier", "rows", "reason"),
    [
        ("every", [row(None)], "field_unknown"),
        ("every", [row() | {"ok": "yes"}], "wrong_type"),
        ("every", [row(False, 1)], "wrong_type"),
        ("every", [], "empty_selection"),
        ("every", [row(True)], "as_wanted"),
        ("none", [row(True)], "not_as_wanted"),
    ],
)
def test_reason(quantifier: str, rows: list[Any], reason: str) -> None:
    """A verdict always says why."""
    assert reason == judged(ROWS | DATA | {"quantifier": quantifier}, {"a.rows": rows}).reason


@pytest.mark.parametrize(
    ("quantifier", "answers", "detail", "observed"),
    [
        ("every", [True, True], "a.rows all 2", []),
        ("every", [True, False], "a.rows not 1 of 2: n1 (ok no)", ["n1"]),
        ("every", [True, None], "a.rows not known for 1 of 2: n1 (ok not known)", ["n1"]),
        (
            "every",
            [False] * 5,
            "a.rows not 5 of 5: n0 (ok no), n1 (ok no), n2 (ok no) and 2 more",
            ["n0", "n1", "n2", "n3", "n4"],
        ),
        ("some", [True, False], "a.rows 1 of 2: n0 (ok yes)", ["n0"]),
        ("some", [False, False], "a.rows none of 2: n0 (ok no), n1 (ok no)", ["n0", "n1"]),
        ("none", [False, False], "a.rows none of 2", []),
        ("none", [False, True], "a.rows 1 of 2: n1 (ok yes)", ["n1"]),
        ("none", [], "a.rows none there", []),
    ],
)
def test_rows_detail(quantifier: str, answers: list[bool | None], detail: str, observed: list[str]) -> None:
    """A list is told by the elements that the answer rests on: offenders, finds, or what is unclear."""
    rows = [row(ok, name=f"n{i}") for i, ok in enumerate(answers)]
    got = judged(ROWS | {"quantifier": quantifier}, {"a.rows": rows})
    assert isinstance(got.observed, dict)
    shown: Any = got.observed["a.rows"]

    assert detail == got.detail
    assert observed == [one["name"] for one in shown]


def test_rows_wanted() -> None:
    """What is wanted of a list says the quantifier, the selection, the field and the demand."""
    got = judged(ROWS | DATA | {"quantifier": "every"}, {"a.rows": [row(True)]})
    assert {"a.rows": "all with role data: ok yes"} == got.expected
    got = judged({"fact": "a.rows", "quantifier": "none"}, {"a.rows": []})
    assert {"a.rows": "none"} == got.expected
    got = judged(
        {"fact": "a.names", "quantifier": "some", "operator": "one_of", "parameter": "words"},
        {"a.names": ["z"]},
    )
    assert {"a.names": "at least one: each one of x, y"} == got.expected
    assert "a.names none of 1: z, one of x, y wanted (a standard)" == got.detail


def test_unseen_selector() -> None:
    """Where membership is unknown, the field that was not seen is shown."""
    where = {"where": [{"field": "size", "operator": "equals", "expected": 1}]}
    got = judged(ROWS | where | {"quantifier": "every"}, {"a.rows": [row(False)]})

    assert {"a.rows": [{"name": "n", "ok": False, "size": None}]} == got.observed


def test_labels() -> None:
    """A record without a name is named by its first texts and numbers."""
    sockets = [{"protocol": "tcp", "address": "::", "port": 23, "up": None, "note": "x"}]
    got = judged({"fact": "a.sockets", "quantifier": "none"}, {"a.sockets": sockets})

    assert "a.sockets 1 of 1: tcp :: 23" == got.detail
    assert {"a.sockets": [{"protocol": "tcp", "address": "::", "port": 23}]} == got.observed


# --- bounds


def test_bounded() -> None:
    """However long a list and its texts, a verdict stays short and says what it leaves out."""
    rows = [row(False, name="x" * 10_000 + str(i)) | {"tags": ["t"] * 1_000} for i in range(500)]
    for facts, clause in (
        ({"a.rows": rows}, ROWS | {"quantifier": "every"}),
        ({"a.names": ["y" * 10_000] * 500}, {"fact": "a.names", "operator": "is_empty"}),
        ({"a.names": ["y" * 10_000] * 500}, {"fact": "a.names", "quantifier": "none"}),
        ({"a.word": "z" * 10_000}, {"fact": "a.word", "operator": "equals", "expected": ""}),
    ):
        got = judged(clause, facts)
        assert len(canonical.encode(got.to_dict())) < 8_000
        assert "fail" == got.answer
        if "a.word" not in facts:
            assert "and 497 more" in got.detail
            assert isinstance(got.observed, dict)
            assert "and 480 more" == next(iter(got.observed.values()))[-1]  # type: ignore[index]


def test_bounded_labels() -> None:
    """What names a record may be anything on a hostile host; nothing nested is carried on."""
    for name in ({"x": "y" * 10_000}, [["z" * 10_000] * 50] * 50, None):
        got = judged(ROWS | {"quantifier": "every"}, {"a.rows": [row(False) | {"name": name}] * 100})
        assert len(canonical.encode(got.to_dict())) < 8_000
        assert len(got.detail) < 500


def test_terminal() -> None:
    """A name on a host can't steer the terminal of whoever reads the detail."""
    got = judged({"fact": "a.names", "operator": "is_empty"}, {"a.names": ["\x1b[2Jroot"]})

    assert "a.names \ufffd[2Jroot, none wanted" == got.detail


def test_sources_bounded() -> None:
    """Sources are told once each, and no more than a few."""
    small = catalogue(check(clauses=[ON, COUNT]))
    facts: dict[str, Json] = {"a.on": True, "a.count": 16}
    sources = {"a.on": ("same", *(f"s{i}" for i in range(50))), "a.count": ("same",)}
    got = evaluate.judge(Evidence("h", "linux", facts, {}, sources, MOMENT), small, profile(), MOMENT)[0]

    assert ("same", *(f"s{i}" for i in range(19))) == got.sources


# --- time, waivers, profile


@pytest.mark.parametrize(
    ("observed_at", "reason"),
    [
        (MOMENT - timedelta(days=7), "as_wanted"),
        (MOMENT - timedelta(days=7, seconds=1), "stale"),
        (MOMENT + timedelta(seconds=600), "as_wanted"),
        (MOMENT + timedelta(seconds=601), "clock_ahead"),
    ],
)
def test_freshness(observed_at: datetime, reason: str) -> None:
    """Old evidence, and evidence from the future, is no evidence."""
    got = evaluate.judge(seen({"a.count": 16}, observed_at=observed_at), catalogue(), profile(), MOMENT)[0]

    assert reason == got.reason
    assert ("pass" if reason == "as_wanted" else "unknown") == got.answer


def test_freshness_before_exemption() -> None:
    """Stale evidence exempts from nothing."""
    small = catalogue(check(applies_when=[ON]))
    got = evaluate.judge(
        seen({"a.on": False}, observed_at=MOMENT - timedelta(days=8)), small, profile(), MOMENT
    )

    assert ["unknown"] == [one.answer for one in got]


def test_zone() -> None:
    """The same moment in another zone gives the same verdicts."""
    clause = {"fact": "a.day", "operator": "within_days", "expected": 0}
    small = catalogue(check(clauses=[clause]))
    late = datetime(2026, 11, 24, 23, tzinfo=UTC)
    elsewhere = late.astimezone(timezone(timedelta(hours=9)))
    evidence = seen({"a.day": "2026-11-24"}, observed_at=late)

    assert "pass" == evaluate.judge(evidence, small, profile(), elsewhere)[0].answer


def waiver(**changes: Any) -> Waiver:
    """A waiver of the small catalogue's check for every host, in force."""
    values: dict[str, Any] = {
        "id": "w-1",
        "check": "a.long-enough.v1",
        "subjects": None,
        "approved_at": MOMENT - timedelta(days=1),
        "ends_at": MOMENT + timedelta(days=1),
    }
    return Waiver(**values | changes)


@pytest.mark.parametrize(
    ("facts", "waivers", "waived_by"),
    [
        ({"a.count": 1}, [waiver()], "w-1"),
        ({}, [waiver()], "w-1"),
        ({"a.count": 16}, [waiver()], None),
        ({"a.count": 1}, [waiver(check="a.other.v1")], None),
        ({"a.count": 1}, [waiver(subjects=frozenset({"host-2"}))], None),
        ({"a.count": 1}, [waiver(subjects=frozenset({"host-1"}))], "w-1"),
        ({"a.count": 1}, [waiver(ends_at=MOMENT)], None),
        ({"a.count": 1}, [waiver(id="w-2"), waiver(), waiver(id="w-3")], "w-1"),
    ],
)
def test_waiver(facts: dict[str, Any], waivers: list[Waiver], waived_by: str | None) -> None:
    """A waiver overlays what is not a pass and leaves the answer; one that has ended does nothing."""
    without, with_ = (
        evaluate.judge(seen(facts), catalogue(), profile(), MOMENT, waivers=some)[0] for some in ((), waivers)
    )

    assert waived_by == with_.waived_by
    assert (without.answer, without.detail) == (with_.answer, with_.detail)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"count_min": None}, "profile_missing_parameter", "profile small has no count_min"),
        ({"count_min": "15"}, "profile_wrong_type", "count_min does not fit a.count"),
        ({"count_min": True}, "profile_wrong_type", "count_min does not fit a.count"),
    ],
)
def test_profile_misfit(changes: dict[str, Any], code: str, words: str) -> None:
    """A profile that does not fit the catalogue is refused before anything is judged."""
    with pytest.raises(InputError) as caught:
        evaluate.judge(seen(), catalogue(), profile(**changes), MOMENT)

    assert code == caught.value.code
    assert words in caught.value.message


def test_programmers_mistakes() -> None:
    """An unknown reading and a moment without zone are no input errors."""
    with pytest.raises(ValueError, match="reading"):
        evaluate.judge(seen(), catalogue(), profile(), MOMENT, mfa_reading="mine")
    with pytest.raises(ValueError, match="time zone"):
        evaluate.judge(seen(), catalogue(), profile(), MOMENT.replace(tzinfo=None))


# --- verdicts as data


def test_verdict_round_trip() -> None:
    """What to_dict writes, from_dict reads, through canonical bytes."""
    for facts in ({"a.count": 16}, {"a.count": 1}, {}):
        for got in evaluate.judge(seen(facts), catalogue(), profile(), MOMENT, waivers=[waiver()]):
            data = canonical.decode(canonical.encode(got.to_dict()))
            assert isinstance(data, dict)
            assert got == Verdict.from_dict(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": "passed"},
        {"answer": None},
        {"check": 1},
        {"sources": "x"},
        {"sources": [1]},
        {"waived_by": 1},
        {"level": "must"},
        {"detail": ...},
    ],
)
def test_verdict_malformed(changes: dict[str, Any]) -> None:
    """Anything but exactly a verdict's fields is refused."""
    good = judged(COUNT, {"a.count": 16}).to_dict()
    bad = {key: value for key, value in (good | changes).items() if value is not ...}

    with pytest.raises(InputError) as caught:
        Verdict.from_dict(bad)
    assert "verdict_malformed" == caught.value.code


# --- properties, on the shipped catalogue


def passing() -> list[tuple[str, dict[str, Any], str]]:
    """Every shipped example that passes: check, facts, profile."""
    return [
        (one.id, dict(example.facts), example.profile)
        for one in shipped.catalogue().checks.values()
        for example in one.examples
        if example.verdict == "pass"
    ]


def answers(facts: dict[str, Any], profile_name: str = "nist") -> dict[str, Verdict]:
    """Verdicts by check."""
    got = evaluate.judge(seen(facts), shipped.catalogue(), shipped.profile(profile_name), MOMENT)
    return {verdict.check: verdict for verdict in got}


def asked(clauses: tuple[Clause, ...]) -> set[str]:
    """The facts that clauses ask."""
    return {clause.fact for clause in clauses}


@given(st.data())
def test_removing_a_fact(data: st.DataObject) -> None:
    """Without a fact that a passing check needs there is no pass, unless another clause of `any` holds."""
    check_id, facts, profile_name = data.draw(st.sampled_from(passing()))
    removed = data.draw(st.sampled_from(sorted(facts)))
    one = shipped.catalogue().checks[check_id]
    rest = {name: value for name, value in facts.items() if name != removed}
    got = answers(rest, profile_name)[check_id]

    needed = asked(one.applies_when) | (asked(one.clauses) if one.match == "all" else set())
    if removed in needed:
        assert "unknown" == got.answer
    elif got.answer == "pass":
        assert removed not in got.expected  # type: ignore[operator]


@given(st.sampled_from([*REASONS, None]))
def test_nothing_seen(reason: str | None) -> None:
    """Where nothing was seen there is no pass, no failure and no exemption."""
    small: Catalogue = shipped.catalogue()
    missing = dict.fromkeys(small.facts, reason) if reason else {}
    got = evaluate.judge(seen({}, missing), small, shipped.profile(), MOMENT)

    assert {"unknown"} == {verdict.answer for verdict in got}
    assert {reason or "not_collected"} == {verdict.reason for verdict in got}


def test_platforms() -> None:
    """A check is asked of the platforms that it names, of Linux where it names none, and of whatever is unknown."""
    plain, shared = check(id="a.plain.v1"), check(id="a.shared.v1", asks=["linux", "windows"])
    small = catalogue(plain, shared, check(id="a.tenant.v1", asks=["entra"]))
    asked = {
        platform: [
            one.check.split(".")[1]
            for one in evaluate.judge(seen(platform=platform), small, profile(), MOMENT)
        ]
        for platform in ("linux", "windows", "entra", "okta", "", "freebsd13", "Linux")
    }

    everything = ["plain", "shared", "tenant"]
    expected = {"linux": ["plain", "shared"], "windows": ["shared"], "entra": ["tenant"], "okta": []}
    assert expected | dict.fromkeys(("", "freebsd13", "Linux"), everything) == asked


def test_platforms_unseen() -> None:
    """What nothing looks at on a platform yet is unknown there, whatever its facts say, and never left out."""
    small = catalogue(check(clauses=[ON], unseen=["macos"]))
    told = {
        platform: [
            (one.answer, one.reason)
            for one in evaluate.judge(seen({"a.on": True}, platform=platform), small, profile(), MOMENT)
        ]
        for platform in ("linux", "macos", "windows")
    }
    assert {"linux": [("pass", "as_wanted")], "macos": [("unknown", "not_collected")], "windows": []} == told


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(shipped.catalogue().facts)), JUNK))
def test_junk(facts: dict[str, Any]) -> None:
    """Whatever a broken host sends, judging answers every check, and twice the same bytes."""
    first, second = (
        canonical.encode([one.to_dict() for one in answers(some).values()])
        for some in (facts, dict(reversed(facts.items())))
    )

    assert first == second


@given(st.lists(st.sampled_from(passing()), min_size=1, max_size=8), st.randoms())
def test_order_of_sections(some: list[tuple[str, dict[str, Any], str]], random: Any) -> None:
    """The order of the sections does not matter, nor do facts that are told twice."""
    sections = [section(facts, collector=f"c{i}") for i, (_, facts, _) in enumerate(some)]
    shuffled = random.sample(sections, len(sections))
    first, second = (
        evaluate.judge(
            evaluate.evidence("h", "linux", order, MOMENT), shipped.catalogue(), shipped.profile(), MOMENT
        )
        for order in (sections, shuffled)
    )

    assert [one.to_dict() for one in first] == [one.to_dict() for one in second]


@given(st.sampled_from(passing()), st.sampled_from(REASONS))
def test_unknown_is_weaker(one: tuple[str, dict[str, Any], str], reason: str) -> None:
    """Taking any fact away never turns fail into pass, nor anything into an exemption, in any check."""
    _, facts, profile_name = one
    before = answers(facts, profile_name)
    for name in facts:
        rest = {key: value for key, value in facts.items() if key != name}
        got = evaluate.judge(
            seen(rest, {name: reason}), shipped.catalogue(), shipped.profile(profile_name), MOMENT
        )
        for verdict in got:
            if verdict.answer != "unknown":
                assert before[verdict.check].answer == verdict.answer


@pytest.mark.parametrize(
    ("moment", "observed_at", "reason"),
    [
        (datetime.max.replace(tzinfo=UTC, microsecond=0), MOMENT, "stale"),
        (MOMENT, datetime.max.replace(tzinfo=UTC), "clock_ahead"),
        (MOMENT, datetime.min.replace(tzinfo=UTC), "stale"),
    ],
)
def test_ends_of_the_calendar(moment: datetime, observed_at: datetime, reason: str) -> None:
    """Any two moments can be compared, whatever a host's clock says."""
    got = evaluate.judge(seen({"a.count": 16}, observed_at=observed_at), catalogue(), profile(), moment)

    assert [("unknown", reason)] == [(each.answer, each.reason) for each in got]


@pytest.mark.parametrize(
    ("offset_ms", "moved_seconds"),
    [(None, 0), (0, 0), (-600_000, 0), (-600_001, -601), (-3_600_000, -3_600), (86_400_000, 0)],
)
def test_observed_at(offset_ms: int | None, moved_seconds: int) -> None:
    """A clock that is known to be ahead is put right, beyond the skew that is allowed; none makes facts newer."""
    said: dict[str, Json] = {"finished_at": canonical.encode_time(MOMENT), "clock_offset_ms": offset_ms}

    assert MOMENT + timedelta(seconds=moved_seconds) == evaluate.observed_at(said)


def test_observed_at_the_ends() -> None:
    """No offset leads out of the times that data hold."""
    for finished_at in ("1970-01-01T00:00:00Z", "9000-12-31T23:59:59Z"):
        got = evaluate.observed_at({"finished_at": finished_at, "clock_offset_ms": 1 - 2**53})
        assert "1970-01-01T00:00:00Z" == canonical.encode_time(got)
