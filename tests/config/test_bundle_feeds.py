"""Bundles with feeds: what was judged by is in them, is what the log adopts, and is judged by again."""

from typing import Any

import pytest

from config import bundle, canonical, envelope, statement
from config.bundle import MANIFEST, OpenBundle
from config.bundle_check import BundleError, check
from config.checked import Checked
from tests.config.test_feed import EOL, HOLE, KEV
from tests.helpers import CATALOGUE, World, world

CVES: dict[str, Any] = {"CVE-2021-4034": HOLE, "CVE-2023-4911": HOLE}
FEED = canonical.encode({**KEV, "cves": CVES})
TAMPERED = canonical.encode({**KEV, "cves": {name: CVES[name] for name in ("CVE-2021-4034",)}})
FACTS = """
"os.id" = "str"
"os.version" = "str"
"updates.known_exploited" = "records{name: str, cve: str}"
"""
CHECK = b"""
[[checks]]
id = "updates.no-known-exploited.v1"
part = "4.8.b"
title = "No hole is open that is exploited"
level = "must"
rationale = "They come first."
references = { csf = ["ID.RA-01"] }
remediation = { linux = "Update." }
clauses = [{ fact = "updates.known_exploited", quantifier = "none", empty = "pass" }]
examples = [{ verdict = "pass", facts = { "updates.known_exploited" = [] } }]
"""
RULES = {
    **CATALOGUE,
    "facts.toml": CATALOGUE["facts.toml"] + FACTS.encode(),
    "4.8.toml": CATALOGUE["4.8.toml"] + CHECK,
}
WAITING = [
    {
        "name": "glibc",
        "source_package": "glibc",
        "installed": "2.34-60.el9",
        "available": "2.34-60.el9_2.7",
        "advisories": ["CVE-2023-4911"],
    }
]


def fed(*feeds: bytes) -> World:
    """A world that adopts these feeds, one after the other; its host has an update waiting."""
    made = World()
    made.catalogue = RULES
    made.adopt(catalogue=RULES)
    for data in feeds:
        made.feed(data)
    made.enrol()
    made.report(
        facts={
            "updates.pending_security": WAITING,
            "os.id": "rhel",
            "os.version": "9",
            "os.support_ends_on": "2032-05-31",
        }
    )
    return made


def refusal(
    made: World, changes: dict[str, bytes | None] | None = None, **parts: Any
) -> tuple[str, str, int]:
    """What is found wrong: the code, the message, and how many steps were taken."""
    with pytest.raises(BundleError) as caught:
        check(altered(made, changes or {}, **parts), made.server_key_id)
    return caught.value.code, caught.value.message, len(caught.value.checked.proven)


def altered(made: World, changes: dict[str, bytes | None], **parts: Any) -> bytes:
    """The bundle with the changes of whoever holds the bundle key."""
    opened = OpenBundle(made.bundle(**parts))
    predicate = statement.decode(envelope.decode(opened.read(MANIFEST)).payload).predicate
    contents = {name: opened.read(name) for name in opened.members if name != MANIFEST}
    kept = {name: data for name, data in {**contents, **changes}.items() if data is not None}
    return bundle.seal(kept.items(), predicate, made.bundle_key)


def told(made: World, got: Checked) -> Any:
    """What the bundle tells of the one host's third check."""
    assert got.ok
    verdicts: Any = canonical.decode(OpenBundle(made.bundle()).read("verdicts/host-1.json"))
    return verdicts[2]


def test_honest() -> None:
    """The feeds are proven with the rules, and the verdict that rests on one cites it."""
    made = fed(FEED, canonical.encode(EOL))

    got = check(made.bundle(), made.server_key_id)

    assert "feeds kev of 2026-11-20, eol of 2026-11-20" in got.proven[9]
    assert {"feeds/kev.json", "feeds/eol.json"} < set(OpenBundle(made.bundle()).members)
    match told(made, got):
        case {"answer": answer, "detail": detail, "sources": [str(first), *_]}:
            assert ("fail", "updates.known_exploited 1 of 1: glibc CVE-2023-4911") == (answer, detail)
            assert statement.digest(FEED)[:16] in first
        case other:
            pytest.fail(f"no verdict: {other}")
    assert made.bundle() == fed(FEED, canonical.encode(EOL)).bundle()


def test_without_feeds() -> None:
    """The log of an older server adopts none: the bundle is proven, and nothing is known of exploited holes."""
    made = fed()

    got = check(made.bundle(), made.server_key_id)

    assert "feeds none" in got.proven[9]
    assert {"answer": "unknown", "reason": "not_found"}.items() <= told(made, got).items()
    assert not OpenBundle(made.bundle()).names("feeds")
    assert check(world().bundle(), world().server_key_id).ok


def test_tampered() -> None:
    """One hole taken out of the list, under the same name: found, whoever did it."""
    made = fed(FEED)
    passing = fed(TAMPERED).verdicts()
    assert ["fail", "pass"] == [each["host-1"][2].answer for each in (made.verdicts(), passing)]
    differs = "bundle_rules_differ", "feed: the files are not those adopted last", 9

    # By whoever holds the bundle key, verdicts made to fit or not.
    assert differs == refusal(made, {"feeds/kev.json": TAMPERED})
    assert differs == refusal(made, {"feeds/kev.json": TAMPERED}, verdicts=passing)
    # By the server itself, which enters the feed in its log and tells of another.
    code, message, steps = refusal(made, verdicts=passing)
    assert ("bundle_verdict_differs", 10) == (code, steps)
    assert "updates.no-known-exploited.v1: told pass" in message


def test_the_last_counts() -> None:
    """A feed that was adopted before is no longer one to judge by."""
    made = fed(TAMPERED, FEED)

    assert check(made.bundle(), made.server_key_id).ok
    assert "bundle_rules_differ" == refusal(made, {"feeds/kev.json": TAMPERED})[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"feeds/kev.json": None}, "kev.json is only in the log, or only here"),
        ({"feeds/eol.json": canonical.encode(EOL)}, "eol.json is only in the log, or only here"),
        ({"feeds/kev.json": None, "feeds/osv.json": FEED}, "is only in the log, or only here"),
        ({"feeds/README": b""}, "README is only in the log, or only here"),
        ({"feeds/kev.json": b""}, "the files are not those adopted last"),
    ],
)
def test_differs(changes: dict[str, bytes | None], words: str) -> None:
    """A feed that nobody adopted, one that is missing, one under another name."""
    code, message, steps = refusal(fed(FEED), changes, verdicts=fed(FEED).verdicts())

    assert ("bundle_rules_differ", 9) == (code, steps)
    assert words in message


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"published_at": "2026-11-24T00:00:00Z"}, "bundle_rules_differ"),
        ({"name": "osv"}, "bundle_rules_differ"),
    ],
)
def test_statement_that_lies(changes: dict[str, str], code: str) -> None:
    """An entry that calls a feed newer than it is, or another, adopts nothing."""
    made = fed()
    made.feed(FEED, **changes)

    assert code == refusal(made, verdicts=fed().verdicts())[0]


def test_malformed() -> None:
    """A feed in the log that is none can't be judged by."""
    made = fed()
    made.feed(canonical.encode({**KEV, "cves": 1}))

    assert "feed_malformed" == refusal(made, verdicts=fed().verdicts())[0]


@pytest.mark.parametrize("withheld", [b'"updates"', b'"os"'])
def test_withheld(withheld: bytes) -> None:
    """Where the waiting updates or the host's release are withheld, the verdict that rests on them is unproven."""
    made = fed(FEED)
    kept = [data for data in made.sections["host-1"].values() if withheld not in data]

    got = check(made.bundle(sections={"host-1": kept}), made.server_key_id)

    assert got.ok
    assert any("1 of 2 sections are withheld" in each for each in got.not_proven)
