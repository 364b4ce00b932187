"""Judging again."""

from datetime import timedelta
from typing import Any

import pytest

from config import envelope, rejudge, section, statement
from config.canonical import Json, encode_time
from config.errors import InputError
from config.rejudge import Rules
from config.replay import Host, Replay
from config.section import Section
from config.statement import digest
from config.verdict import Verdict
from tests.helpers import CATALOGUE, MOMENT, PROFILE, SECRET, World, world

DAY_MS = 86_400_000


def told(made: World) -> Replay:
    """The world's log, told again."""
    replay = Replay(made.server.public)
    for index, data in sorted(made.statements.items()):
        if index:
            signed = envelope.decode(data)
            replay.take(statement.decode(signed.payload).kind, signed)
    return replay


def in_force(made: World, **files: Any) -> Rules:
    """The rules in force."""
    return rejudge.rules(
        told(made).held, **{"catalogue": CATALOGUE, "profile": PROFILE, "feed_files": made.feeds, **files}
    )


def opened(made: World) -> dict[str, Section]:
    """host-1's sections."""
    lines = b"".join(data + b"\n" for data in made.sections["host-1"].values())
    return rejudge.open_sections(told(made).hosts["host-1"], lines)


def judged(
    made: World, state: str = "active", sections: dict[str, Section] | None = None
) -> tuple[Verdict, ...]:
    """host-1's verdicts."""
    held = opened(made) if sections is None else sections
    seen = rejudge.evidence("host-1", told(made).hosts["host-1"].report, held.values(), MOMENT)
    return rejudge.verdicts(seen, state, in_force(made), MOMENT)


def test_verdicts() -> None:
    """Each state of a host has its verdicts."""
    made = world()

    assert ["pass", "fail"] == [each.answer for each in judged(made)]
    assert [("unknown", "quarantined")] * 2 == [(v.answer, v.reason) for v in judged(made, "quarantined")]
    assert () == judged(made, "revoked")


def test_quarantine_hides_nothing_and_shows_nothing() -> None:
    """While two machines may share a key, neither facts nor waivers of it are shown."""
    made = world()
    made.waive("ssh.root-login.v1")

    assert [None, "w-1"] == [each.waived_by for each in judged(made)]
    assert [({}, (), None)] * 2 == [(v.observed, v.sources, v.waived_by) for v in judged(made, "quarantined")]


def test_evidence_without_a_report() -> None:
    """A host that never reported is unknown in all, and not stale."""
    seen = rejudge.evidence("host-1", None, (), MOMENT)

    found = rejudge.verdicts(seen, "active", in_force(world()), MOMENT)

    assert {("unknown", "not_collected")} == {(each.answer, each.reason) for each in found}


def test_evidence_ages() -> None:
    """The report's own end is when its facts were seen."""
    made = world()
    report = told(made).hosts["host-1"].report
    seen = rejudge.evidence("host-1", report, opened(made).values(), MOMENT)

    found = rejudge.verdicts(seen, "active", in_force(made), MOMENT + timedelta(days=9))

    assert {"stale"} == {each.reason for each in found}


@pytest.mark.parametrize(
    ("days_ahead", "offset_ms", "reasons_now", "reasons_then"),
    [
        (0, 0, {"as_wanted"}, {"stale"}),
        (300, -300 * DAY_MS, {"as_wanted"}, {"stale"}),
        (300, 1 - 2**53, {"stale"}, {"stale"}),
        # Nothing tells of a clock that was never measured, or that lies in both.
        (300, None, {"clock_ahead"}, {"as_wanted"}),
    ],
)
def test_clock_ahead(
    days_ahead: int, offset_ms: int | None, reasons_now: set[str], reasons_then: set[str]
) -> None:
    """What a clock ahead has dated is put right, and does not become true when its date comes."""
    made = World()
    made.adopt()
    made.enrol()
    finished_at = encode_time(made.now + timedelta(days=days_ahead))
    made.report(facts={"password.min_length": 16}, finished_at=finished_at, clock_offset_ms=offset_ms)
    report, rules = told(made).hosts["host-1"].report, in_force(made)
    for moment, reasons in ((MOMENT, reasons_now), (MOMENT + timedelta(days=300), reasons_then)):
        seen = rejudge.evidence("host-1", report, opened(made).values(), moment)
        assert reasons == {rejudge.verdicts(seen, "active", rules, moment)[0].reason}


def test_rules() -> None:
    """The newest adopted catalogue, profile and reading are in force, with all waivers and documents."""
    made = world()
    made.adopt(profile_said={"mfa_reading": "conference"})
    made.waive("ssh.root-login.v1", "host-1")
    days = {"effective_on": "2026-01-01", "expires_on": "2026-12-31"}
    names = {
        "id": "policy",
        "part": "4.8.b",
        "title": "Policy",
        "owner": "Ana",
        "approver": "Bo",
        "version": "1",
    }
    made.say("document", {**names, **days, "sha256": digest(b"")})

    found = in_force(made)

    assert ("small", "conference", "1") == (found.profile.name, found.mfa_reading, found.catalogue.version)
    assert (1, 1) == (len(found.waivers), len(found.documents))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"catalogue": {**CATALOGUE, "4.8.toml": CATALOGUE["4.8.toml"] + b"\n"}}, {}),
        ({"catalogue": {**CATALOGUE, "4.9.toml": b""}}, {}),
        ({"catalogue": {}}, {}),
        ({"profile": {"small.toml": PROFILE["small.toml"].replace(b"15", b"8")}}, {}),
        ({"profile": {"other.toml": PROFILE["small.toml"]}}, {}),
        ({"profile": {}}, {}),
        ({}, {"catalogue": {"digest": digest(b"other")}}),
        ({}, {"profile": {"digest": digest(b"other")}}),
    ],
)
def test_rules_differ(files: dict[str, Any], said: dict[str, Any]) -> None:
    """Any file, name or digest that is not the one adopted last is refused."""
    made = world()
    if said:
        made.adopt(**{f"{kind}_said": fields for kind, fields in said.items()})

    with pytest.raises(InputError, match="bundle_rules_differ"):
        in_force(made, **files)


def test_rules_none_adopted() -> None:
    """A log that adopts nothing has nothing to judge by."""
    with pytest.raises(InputError, match="bundle_rules_differ: catalogue: the log adopts none"):
        in_force(World())


def test_rules_two_profiles() -> None:
    """A profile is one file."""
    made = world()
    two = {**PROFILE, "other.toml": b""}
    made.adopt(profile=two)

    with pytest.raises(InputError, match="bundle_rules_differ: profile: there is not exactly one"):
        in_force(made, profile=two)


def test_open_sections() -> None:
    """Sections are found by their digests; some may be left out, and none need be there."""
    made = world()
    host = told(made).hosts["host-1"]

    assert host.sections.keys() == opened(made).keys()
    assert {} == rejudge.open_sections(host, b"")


def test_open_sections_refuses() -> None:
    """A section that no report names, or names as another collector's, proves nothing."""
    data = section.seal("os", 1, "collected", None, {}, {}, {}, SECRET)
    host = Host("host-1", sections={digest(data): "hardware"})

    with pytest.raises(InputError, match="bundle_section_unnamed"):
        rejudge.open_sections(Host("host-1"), data + b"\n")
    with pytest.raises(InputError, match="bundle_section_unnamed"):
        rejudge.open_sections(host, data.replace(b"os", b"OS") + b"\n")
    with pytest.raises(InputError, match="another collector"):
        rejudge.open_sections(host, data + b"\n")
    for more in (b"\n\n", b"\nmore", b"\n\n" + data):
        with pytest.raises(InputError, match="bundle_section_unnamed"):
            rejudge.open_sections(Host("host-1", sections={digest(data): "os"}), data + more)


def test_no_difference() -> None:
    """What is told is what is found."""
    found = judged(world())

    assert ("", 0) == rejudge.first_difference([each.to_dict() for each in found], found)
    assert ("", 0) == rejudge.first_difference([], ())


def changed(at: int, **fields: Json) -> list[Json]:
    """host-1's verdicts as they are told, with some fields of one changed."""
    told_ = [each.to_dict() for each in judged(world())]
    return [{**each, **fields} if place == at else each for place, each in enumerate(told_)]


@pytest.mark.parametrize(
    ("told_", "words"),
    [
        (changed(1, answer="pass"), "ssh.root-login.v1: told pass"),
        (changed(0, reason="other"), "password.min-length.v1: told pass (other"),
        (changed(0, observed=None), "password.min-length.v1"),
        (changed(0, waived_by="w-1"), "password.min-length.v1"),
        (changed(1, observed={"sshd.root_login": 1}), "ssh.root-login.v1"),
        (changed(0, more=1), "password.min-length.v1"),
        (changed(0, check="other.v1"), "password.min-length.v1"),
        ([1, 2], "password.min-length.v1: told no verdict, found pass"),
        (changed(0)[:1], "2 verdicts are due"),
        ([*changed(0), {}], "2 verdicts are due"),
        ({}, "2 verdicts are due"),
        (None, "2 verdicts are due"),
    ],
)
def test_first_difference(told_: Json, words: str) -> None:
    """Any other answer, reason, fact, order or number is named."""
    assert words in rejudge.first_difference(told_, judged(world()))[0]


def test_withheld() -> None:
    """Without a section, the checks that need it stay unproven, and no others."""
    made = world()
    without_sshd = {sha256: each for sha256, each in opened(made).items() if each.collector != "sshd"}
    seen = rejudge.evidence("host-1", told(made).hosts["host-1"].report, without_sshd.values(), MOMENT)
    found = judged(made, sections=without_sshd)

    lacking = rejudge.lacking(seen, in_force(made))

    assert {"ssh.root-login.v1"} == lacking
    assert ("", 1) == rejudge.first_difference(changed(0), found, lacking)
    # A false word about a check whose facts are all here is found, withheld sections or not.
    assert "password.min-length" in rejudge.first_difference(changed(0, answer="fail"), found, lacking)[0]
    assert "ssh.root-login.v1" in rejudge.first_difference(changed(0), found)[0]


def test_withheld_and_yet_definite() -> None:
    """An answer that is definite without the withheld facts must be the one told."""
    found = judged(world())
    lacking = frozenset({"ssh.root-login.v1"})

    assert ("", 1) == rejudge.first_difference(changed(1, detail="more words"), found, lacking)
    assert "ssh.root-login.v1" in rejudge.first_difference(changed(1, answer="pass"), found, lacking)[0]
