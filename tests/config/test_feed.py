"""Feeds as bytes: what is read, and what is refused."""

from typing import Any

import pytest

from config import canonical, feed, settings
from config.errors import InputError
from config.feed import Feeds
from config.statement import digest

AT = "2026-11-20T10:00:00Z"
HOLE = {"added_on": "2026-11-01", "due_on": "2026-11-22", "ransomware": False}
KEV: dict[str, Any] = {"format": "kev.v1", "published_at": AT, "cves": {"CVE-2021-4034": HOLE}}
ENTRIES = [["CVE-2024-1234", "3.0.11-1~deb12u2"], ["CVE-2024-1235", "1:2"]]
OSV: dict[str, Any] = {
    "format": "osv.v1",
    "published_at": AT,
    "ecosystems": {"Debian:12": {"openssl": ENTRIES}},
}
EOL: dict[str, Any] = {
    "format": "eol.v1",
    "published_at": AT,
    "systems": {"debian": {"12": "2028-06-30", "13": None}},
}
GOOD = {"kev": KEV, "osv": OSV, "eol": EOL}


def refusal(name: str, data: bytes) -> InputError:
    """Why a feed is refused."""
    with pytest.raises(InputError) as caught:
        feed.read(name, data)
    return caught.value


@pytest.mark.parametrize("name", GOOD)
def test_read(name: str) -> None:
    """Each form is read, known by its digest and its time, and cited by both."""
    data = canonical.encode(GOOD[name])

    got = feed.read(name, data)

    assert (name, AT, digest(data)) == (got.name, got.published_at, got.digest)
    assert f"feed {name} of 2026-11-20, sha256 {digest(data)[:16]}" == got.source


def test_empty() -> None:
    """A feed may hold nothing: everything about it is unknown then, or nobody is known to be exploited."""
    for name, held in (("kev", "cves"), ("osv", "ecosystems"), ("eol", "systems")):
        assert {} == feed.read(name, canonical.encode({**GOOD[name], held: {}})).data


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("kev", {"format": "kev.v2"}),
        ("kev", {"format": 1}),
        ("kev", {"published_at": "2026-11-20"}),
        ("kev", {"published_at": "2026-02-30T00:00:00Z"}),
        ("kev", {"published_at": 1}),
        ("kev", {"more": 1}),
        ("kev", {"cves": []}),
        ("kev", {"cves": {"cve-2021-4034": HOLE}}),
        ("kev", {"cves": {"CVE-2021-4034\n": HOLE}}),
        ("kev", {"cves": {"CVE-2021-4034": None}}),
        ("kev", {"cves": {"CVE-2021-4034": {**HOLE, "more": 1}}}),
        ("kev", {"cves": {"CVE-2021-4034": {**HOLE, "added_on": None}}}),
        ("kev", {"cves": {"CVE-2021-4034": {**HOLE, "added_on": "2026-02-30"}}}),
        ("kev", {"cves": {"CVE-2021-4034": {**HOLE, "due_on": "soon"}}}),
        ("kev", {"cves": {"CVE-2021-4034": {**HOLE, "ransomware": 1}}}),
        ("osv", {"ecosystems": {"Debian:12": []}}),
        ("osv", {"ecosystems": {"Debian:12": {"openssl": {}}}}),
        ("osv", {"ecosystems": {"Debian:12": {"openssl": []}}}),
        ("osv", {"ecosystems": {"Debian:12": {"openssl": [["CVE-2024-1234"]]}}}),
        ("osv", {"ecosystems": {"Debian:12": {"openssl": [["CVE-2024-1234", 3]]}}}),
        ("osv", {"ecosystems": {"Debian:12": {"openssl": [["DSA-5532-1", "3"]]}}}),
        ("osv", {"ecosystems": {"Debian:12": {"openssl": [["CVE-2024-1234", "no version"]]}}}),
        ("osv", {"ecosystems": {"Debian:12": {"": ENTRIES}}}),
        ("osv", {"ecosystems": {"Debian:12": {"x" * 129: ENTRIES}}}),
        ("eol", {"systems": {"debian": {"12": "2028"}}}),
        ("eol", {"systems": {"debian": {"12": False}}}),
        ("eol", {"systems": {"debian": ["12"]}}),
        ("eol", {"systems": None}),
    ],
)
def test_refused(name: str, changes: dict[str, Any]) -> None:
    """Whatever is not the form, in any place, is refused and the feed is named."""
    error = refusal(name, canonical.encode({**GOOD[name], **changes}))

    assert "feed_malformed" == error.code
    assert name in error.message or "ecosystems" in error.message or "systems" in error.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"format":"kev.v1","published_at":"2026-11-20T10:00:00Z"}',
        b'{"format":"kev.v1","published_at":"2026-11-20T10:00:00Z","cves":{},"cves":{}}',
        b'{"format":"kev.v1","published_at":"2026-11-20T10:00:00Z","cves":{"CVE-2021-4034":1.5}}',
        b"[" * 100_000,
    ],
)
def test_not_json(data: bytes) -> None:
    """Bytes that are no JSON object of the form are refused; a name that is there twice is one of these."""
    assert "feed_malformed" == refusal("kev", data).code


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed beyond the limit is refused before it is read."""
    data = canonical.encode(KEV)
    monkeypatch.setattr(feed, "FEED_MAX_BYTES", len(data) - 1)

    assert "feed_too_large" == refusal("kev", data).code
    assert settings.FEED_MAX_BYTES < settings.BUNDLE_MEMBER_MAX_BYTES


def test_unknown() -> None:
    """There are three names."""
    error = refusal("../kev" * 1000, b"{}")

    assert ("feed_unknown", "There are: kev, osv, eol.") == (error.code, error.hint)
    assert len(error.message) < 120


def test_feeds() -> None:
    """Those that are there, in words and in order."""
    kev, eol = (feed.read(name, canonical.encode(GOOD[name])) for name in ("kev", "eol"))

    assert [kev, eol] == [*Feeds(eol=eol, kev=kev)]
    assert "kev of 2026-11-20, eol of 2026-11-20" == str(Feeds(kev, eol=eol))
    assert "none" == str(Feeds())
