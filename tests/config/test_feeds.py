"""What feeds add to what a host says: never more than both say, and unknown where either says too little."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import canonical, deb_version, fact_types, feed, feeds
from config.evaluate import Evidence
from config.feeds import FACTS, Feeds, derive
from config.settings import PENDING_MAX
from tests.config.test_feed import AT, EOL, HOLE, KEV, OSV

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DEBIAN: dict[str, Any] = {"os.id": "debian", "os.version": "12", "os.support_ends_on": "2028-06-30"}
RHEL: dict[str, Any] = {"os.id": "rhel", "os.version": "9.4", "os.support_ends_on": "2032-05-31"}
EXPLOITED, HARMLESS, OTHER = "CVE-2021-4034", "CVE-2024-1234", "CVE-2024-5555"
FIXES = {
    "polkit": [[EXPLOITED, "0.105-31+deb12u1"]],
    "openssl": [[HARMLESS, "3.0.11-1~deb12u2"], [EXPLOITED, "3.0.14-1~deb12u1"]],
}


def given_feeds(
    kev: Mapping[str, Any] | None = None, osv: Mapping[str, Any] | None = None, eol: Any = None
) -> Feeds:
    """Feeds with these holes, fixes of Debian 12 and systems; one that is not given is not there."""
    held = {
        "kev": kev is not None and {**KEV, "cves": kev},
        "osv": osv is not None and {**OSV, "ecosystems": osv},
        "eol": eol is not None and {**EOL, "systems": eol},
    }
    return Feeds(**{name: feed.read(name, canonical.encode(one)) for name, one in held.items() if one})


BOTH = given_feeds({EXPLOITED: HOLE}, {"Debian:12": FIXES})


def update(name: str = "openssl", **changes: Any) -> dict[str, Any]:
    """A waiting update."""
    made = {"name": name, "source_package": name, "installed": "3.0.9-1", "available": "3.0.11-1~deb12u2"}
    return {**made, "advisories": [], **changes}


def seen(
    facts: Mapping[str, Any], missing: Mapping[str, str] | None = None, *updates: dict[str, Any]
) -> Evidence:
    """Evidence of one host, with these updates waiting."""
    held = dict(facts) | ({"updates.pending_security": list(updates)} if updates else {})
    return Evidence("h", "linux", held, missing or {}, {name: (f"/{name}",) for name in held}, NOW)


def joined(system: Mapping[str, Any], with_: Feeds, *updates: dict[str, Any]) -> list[str] | str:
    """The exploited holes as "package CVE", or the reason why they are not known."""
    got = derive(seen({**system, "updates.pending_security": list(updates)}), with_)
    if name := got.missing.get("updates.known_exploited"):
        return name
    rows: Any = got.facts["updates.known_exploited"]
    assert fact_types.parse(FACTS["updates.known_exploited"].type).accepts(rows)
    return [f"{row['name']} {row['cve']}" for row in rows]


def judged_by(system: Mapping[str, Any], with_: Feeds, *updates: dict[str, Any]) -> list[str]:
    """The feeds that the answer rests on."""
    rows: Any = derive(seen({**system, "updates.pending_security": list(updates)}), with_).facts[
        "updates.exploited_judged_by"
    ]
    assert all(row["published_at"] == AT for row in rows)
    return [row["name"] for row in rows]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # OSV says what each step of versions fixes.
        ({"available": "3.0.14-1~deb12u1"}, [f"openssl {EXPLOITED}"]),
        ({"available": "3.0.14-1~deb12u1", "installed": "3.0.11-1~deb12u2"}, [f"openssl {EXPLOITED}"]),
        # The update is there, and does not reach the version that closes the hole.
        ({"available": "3.0.11-1~deb12u2"}, []),
        # A backport is compared as dpkg does it: its version is smaller than the fixed one that it looks like.
        ({"installed": "3.0.14-1~bpo11+1", "available": "3.0.14-1~deb12u1"}, [f"openssl {EXPLOITED}"]),
        # The hole was closed before; the next update closes what nobody has named yet.
        ({"installed": "3.0.14-1~deb12u1", "available": "3.0.15-1~deb12u1"}, "not_found"),
        # Newer than all that the feed has heard of: what else it closes, nobody knows.
        ({"available": "3.0.12-1~deb12u1"}, "not_found"),
        # The same, but on its way a hole is closed that is exploited: a match is a match.
        ({"available": "3.0.15-1~deb12u1"}, [f"openssl {EXPLOITED}"]),
        # Built again from the same source.
        ({"available": "3.0.11-1~deb12u2+b1"}, []),
        # A package that the feed does not know, or that does not say what it is built from.
        ({"source_package": "bash"}, "not_found"),
        ({"source_package": None}, "not_found"),
        ({"installed": "no version"}, "not_found"),
        ({"installed": ""}, "not_found"),
        ({"available": "1_2"}, "not_found"),
        # Identifiers of the repository say it by themselves, with or without a fixed version.
        ({"source_package": None, "advisories": [HARMLESS]}, []),
        ({"source_package": None, "advisories": ["RHSA-2024:5529", EXPLOITED]}, [f"openssl {EXPLOITED}"]),
        ({"advisories": ["RHSA-2024:5529"], "source_package": None}, "not_found"),
        (
            {"advisories": [EXPLOITED.lower(), f" {EXPLOITED}", f"{EXPLOITED}\n"], "source_package": None},
            "not_found",
        ),
        # Both say it: once is enough.
        ({"advisories": [EXPLOITED, EXPLOITED], "available": "3.0.14-1~deb12u1"}, [f"openssl {EXPLOITED}"]),
        # Told of one hole by name, of another by version.
        ({"advisories": [HARMLESS], "available": "3.0.14-1~deb12u1"}, [f"openssl {EXPLOITED}"]),
    ],
)
def test_join(changes: dict[str, Any], expected: list[str] | str) -> None:
    """One waiting update on Debian 12."""
    assert expected == joined(DEBIAN, BOTH, update(**changes))


def test_rpm() -> None:
    """Where advisories carry identifiers, OSV is neither needed nor asked."""
    only = given_feeds({EXPLOITED: HOLE})
    telling = update("curl", installed="7.76.1-29.el9_4", available="7.76.1-31.el9", advisories=[HARMLESS])
    silent = {**telling, "advisories": ["RHSA-2024:5529"]}

    assert [] == joined(RHEL, only, telling)
    assert ["kev"] == judged_by(RHEL, only, telling) == judged_by(RHEL, BOTH, telling)
    assert "not_found" == joined(RHEL, BOTH, silent)
    assert [f"curl {EXPLOITED}"] == joined(RHEL, only, silent, {**telling, "advisories": [EXPLOITED]})


def test_without_osv() -> None:
    """On Debian an update waits and OSV was never imported: nobody can tell, and the answer says where to look."""
    only = given_feeds({EXPLOITED: HOLE})

    assert "not_found" == joined(DEBIAN, only, update())
    got = derive(seen(DEBIAN, None, update(), update("bash")), only)
    told = got.sources["updates.known_exploited"]
    assert "nothing tells which holes are closed by openssl, bash" == told[0]
    assert "no feed osv (boltseal-server feed import)" in told


def test_without_kev() -> None:
    """Without the list of exploited holes nothing is known, unless nothing waits."""
    only = given_feeds(osv={"Debian:12": FIXES})

    assert "not_found" == joined(DEBIAN, only, update(advisories=[EXPLOITED]))
    assert [] == joined(DEBIAN, only) == joined(DEBIAN, Feeds())
    assert [] == judged_by(DEBIAN, BOTH)


def test_a_match_among_unknowns() -> None:
    """One that is exploited is told of, whatever is not known of others."""
    got = joined(DEBIAN, BOTH, update("bash"), update(available="3.0.14-1~deb12u1"))

    assert [f"openssl {EXPLOITED}"] == got
    assert ["kev", "osv"] == judged_by(DEBIAN, BOTH, update("bash"))


def test_order() -> None:
    """The first due comes first; what has no date is due since it is known."""
    with_ = given_feeds(
        {
            EXPLOITED: {**HOLE, "due_on": "2026-12-24"},
            HARMLESS: {**HOLE, "added_on": "2026-11-10", "due_on": None},
            OTHER: {**HOLE, "due_on": "2026-11-09"},
        }
    )

    got = joined(RHEL, with_, update("a", advisories=[EXPLOITED, HARMLESS]), update("b", advisories=[OTHER]))

    assert [f"b {OTHER}", f"a {HARMLESS}", f"a {EXPLOITED}"] == got


@pytest.mark.parametrize(
    ("version", "ecosystem"),
    [
        (("debian", "12"), "Debian:12"),
        (("ubuntu", "24.04"), "Ubuntu:24.04:LTS"),
        (("ubuntu", "25.10"), "Ubuntu:25.10"),
        (("ubuntu", "18.04"), "Ubuntu:Pro:18.04:LTS"),
    ],
)
def test_ecosystems(version: tuple[str, str], ecosystem: str) -> None:
    """A release is found under the name that OSV has for it, and no other release is."""
    system = {"os.id": version[0], "os.version": version[1], "os.support_ends_on": "2028-06-30"}
    with_ = given_feeds({EXPLOITED: HOLE}, {ecosystem: FIXES})
    due = update(available="3.0.14-1~deb12u1")

    assert [f"openssl {EXPLOITED}"] == joined(system, with_, due)
    assert "not_found" == joined({**system, "os.version": "11"}, with_, due)
    assert "not_found" == joined({**system, "os.id": "linuxmint"}, with_, due)


def test_signed_kernel() -> None:
    """Debian's kernels are built from a signed source, and fixed in the one it signs."""
    with_ = given_feeds({EXPLOITED: HOLE}, {"Debian:12": {"linux": [[EXPLOITED, "6.1.85-1"]]}})
    kernel = update("linux-image-amd64", installed="6.1.76-1", available="6.1.85-1")

    assert [f"linux-image-amd64 {EXPLOITED}"] == joined(
        DEBIAN, with_, {**kernel, "source_package": "linux-signed-amd64"}
    )
    assert "not_found" == joined(DEBIAN, with_, {**kernel, "source_package": "not-linux-signed-amd64"})


@pytest.mark.parametrize(
    "pending",
    [
        "openssl",
        1,
        None,
        ["openssl"],
        [{}],
        [update(advisories=[1])],
        [update(installed=None)],
        [{**update(), "name": 7}],
    ],
)
def test_malformed(pending: Any) -> None:
    """What is no list of updates is malformed, and never taken for none."""
    got = derive(seen({**DEBIAN, "updates.pending_security": pending}), BOTH)

    assert {"malformed"} == {
        got.missing["updates.known_exploited"],
        got.missing["updates.exploited_judged_by"],
    }


def test_older_agent() -> None:
    """A record without its source package is one of an older agent."""
    old = {name: value for name, value in update(advisories=[EXPLOITED]).items() if name != "source_package"}

    assert [f"openssl {EXPLOITED}"] == joined(DEBIAN, BOTH, old)


def test_missing() -> None:
    """What the host could not see stays unseen, for the host's reason."""
    got = derive(seen(DEBIAN, {"updates.pending_security": "timeout"}), BOTH)

    assert {"timeout"} == {got.missing["updates.known_exploited"], got.missing["updates.exploited_judged_by"]}


@pytest.mark.parametrize("gone", ["os.id", "os.version", "updates.pending_security"])
def test_withheld(gone: str) -> None:
    """Of what rests on a withheld section nothing is said, not even that it is missing."""
    facts = {**DEBIAN, "updates.pending_security": [update(advisories=[EXPLOITED])]}
    del facts[gone]

    got = derive(seen(facts), BOTH)

    assert "updates.known_exploited" not in {*got.facts, *got.missing, *got.sources}
    assert ("os.security_support_ends_on" in got.facts) is gone.startswith("updates")


def test_unknown_system() -> None:
    """A host that does not know its own release has no ecosystem, and its advisories still count."""
    unseen = {"os.id": "permission_denied", "os.version": "permission_denied"}

    for advisories, expected in (([], "not_found"), ([EXPLOITED], None)):
        got = derive(seen({}, unseen, update(advisories=advisories)), BOTH)
        assert expected == got.missing.get("updates.known_exploited")


def test_a_host_cannot_say_it() -> None:
    """What a report claims under the names of joined facts counts for nothing."""
    claims: dict[str, Any] = {
        "updates.known_exploited": [],
        "updates.exploited_judged_by": [],
        "os.security_support_ends_on": "2099-12-31",
        **{f"feeds.{name}_published_at": "2026-11-24T00:00:00Z" for name in feeds.NAMES},
    }
    assert claims.keys() == FACTS.keys()

    got = derive(seen(claims, dict.fromkeys(claims, "timeout")), Feeds())

    assert {} == got.facts
    assert {f"feeds.{name}_published_at": "not_found" for name in feeds.NAMES} == got.missing
    assert got.missing.keys() == got.sources.keys()


@pytest.mark.parametrize(
    ("system", "version", "own", "expected"),
    [
        ("debian", "12", "2026-06-10", "2028-06-30"),
        ("rhel", "8.10", "2024-01-01", "2029-05-31"),
        ("alpine", "3.20.3", None, "2026-04-01"),
        # Another day of the same season: the later one counts, whoever says it.
        ("ubuntu", "22.04", "2027-06-01", "2027-06-01"),
        ("ubuntu", "22.04", "2027-07-02", "2027-07-02"),
        ("ubuntu", "22.04", "2027-07-03", "2027-04-01"),
        ("ubuntu", "22.04", "2027-03-01", "2027-04-01"),
        ("ubuntu", "22.04", "2027-06-31", "2027-04-01"),
        ("ubuntu", "22.04", "20270601", "2027-04-01"),
        ("ubuntu", "22.04", None, "2027-04-01"),
        # No end is announced: the host may know better, or nobody does.
        ("debian", "13", "2030-06-30", "2030-06-30"),
        ("debian", "13", None, "not_found"),
        ("debian", "14", "2032-06-30", "2032-06-30"),
        ("somelinux", "1", None, "not_found"),
        ("rhel", "80", "2024-01-01", "2024-01-01"),
        (7, "12", "2024-01-01", "2024-01-01"),
        ("debian", ["12"], "2024-01-01", "2024-01-01"),
    ],
)
def test_support(system: Any, version: Any, own: str | None, expected: str) -> None:
    """The feed's day where it knows the release, or a little later the host's; else the host's own."""
    systems = {"debian": {"12": "2028-06-30", "13": None}, "rhel": {"8": "2029-05-31"}}
    systems["ubuntu"] = {"22.04": "2027-04-01"}
    with_ = given_feeds(eol={**systems, "alpine": {"3.20": "2026-04-01"}})
    facts = {"os.id": system, "os.version": version} | ({"os.support_ends_on": own} if own else {})

    got = derive(seen(facts, {} if own else {"os.support_ends_on": "not_found"}), with_)

    name = "os.security_support_ends_on"
    assert expected == got.facts.get(name, got.missing.get(name))
    assert with_.eol
    known = system == "ubuntu" or expected not in (own, "not_found")
    assert (with_.eol.source in got.sources[name]) is known


def test_published() -> None:
    """The ages of feeds are facts, and each names its digest."""
    got = derive(seen({}), BOTH)

    assert (AT, AT) == (got.facts["feeds.kev_published_at"], got.facts["feeds.osv_published_at"])
    assert BOTH.kev
    assert (BOTH.kev.source,) == got.sources["feeds.kev_published_at"]
    assert {"feeds.eol_published_at": "not_found"} == got.missing


def test_sources() -> None:
    """A joined fact cites the feeds, and the host's own sources."""
    got = derive(seen(DEBIAN, None, update(available="3.0.14-1~deb12u1")), BOTH)

    assert BOTH.kev
    assert BOTH.osv
    cited = (BOTH.kev.source, BOTH.osv.source, "/os.version", "/updates.pending_security")
    assert cited == got.sources["updates.known_exploited"]


def test_twice() -> None:
    """Joining again changes nothing, and what the host said is untouched."""
    first = seen(DEBIAN, None, update(available="3.0.14-1~deb12u1"))
    once = derive(first, BOTH)

    assert once == derive(once, BOTH)
    assert first.facts.items() <= once.facts.items()
    assert first == seen(DEBIAN, None, update(available="3.0.14-1~deb12u1"))


def test_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a list without end only so much is joined: a match counts, and that there is none is not known."""
    monkeypatch.setattr(feeds, "PENDING_MAX", 2)
    harmless = update(advisories=[HARMLESS])

    assert [] == joined(RHEL, BOTH, harmless, harmless)
    assert "too_large" == joined(RHEL, BOTH, harmless, harmless, harmless)
    assert ["openssl " + EXPLOITED] == joined(RHEL, BOTH, update(advisories=[EXPLOITED]), *[harmless] * 2)


def test_bounded() -> None:
    """A host that says one thing again and again makes judging neither slow nor large."""
    holes = [f"CVE-2020-{number}" for number in range(1000, 1300)]
    fixes = {"linux": [[each, f"6.1.{number}-1"] for number, each in enumerate(holes)]}
    with_ = given_feeds(dict.fromkeys(holes, HOLE), {"Debian:12": fixes})

    got = joined(DEBIAN, with_, *[update("linux", installed="0", available="9")] * 20_000)

    assert PENDING_MAX <= len(got) < PENDING_MAX + len(holes)


VERSIONS = ["1.0-1", "1.0-1+deb12u1", "1.0-1~bpo11+1", "1.1-1", "1:0.9-1", "1.0", "none at all"]
CVES = ["CVE-2020-0001", "CVE-2020-0002", "CVE-2020-0003"]
UPDATES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b"]),
        "source_package": st.sampled_from(["a", "b", "c", None]),
        "installed": st.sampled_from(VERSIONS),
        "available": st.sampled_from(VERSIONS),
        "advisories": st.lists(st.sampled_from([*CVES, "DSA-1-1"]), max_size=2),
    }
)
ENTRIES = st.lists(st.tuples(st.sampled_from(CVES), st.sampled_from(VERSIONS[:-1])), min_size=1, max_size=4)


@given(
    st.sets(st.sampled_from(CVES)),
    st.none() | st.dictionaries(st.sampled_from(["a", "b"]), ENTRIES),
    st.lists(UPDATES, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_against_every_pair(
    exploited: set[str], fixes: dict[str, list[tuple[str, str]]] | None, updates: list[dict[str, Any]]
) -> None:
    """The join finds what trying each update with each entry finds."""
    osv = None if fixes is None else {"Debian:12": {n: [*map(list, e)] for n, e in fixes.items() if e}}
    with_ = given_feeds(dict.fromkeys(exploited, HOLE), osv)
    found, is_told = set(), True
    for one in updates:
        named = {each for each in one["advisories"] if each in CVES}
        newest = False
        for cve, version in (fixes or {}).get(one["source_package"], ()):
            low, fixed, high = map(deb_version.key, (one["installed"], version, one["available"]))
            if low and fixed and high and low < fixed <= high:
                found |= {f"{one['name']} {cve}"} if cve in exploited else set()
                newest = newest or fixed == high
        found |= {f"{one['name']} {cve}" for cve in named & exploited}
        is_told = is_told and bool(named or newest)

    got = joined(DEBIAN, with_, *updates)

    assert (found if found or is_told else "not_found") == (got if isinstance(got, str) else set(got))
