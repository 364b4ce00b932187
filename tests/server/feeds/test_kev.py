"""CISA's catalogue, reduced."""

import json
from typing import Any

import pytest

from config import feed
from config.errors import InputError
from server.feeds import kev
from tests.server.feeds import vendors
from tests.server.twin import NOW


def test_reduced() -> None:
    """What is kept of it: when a hole was added, until when it is to be closed, and whether for ransom."""
    rows = [
        vendors.kev_row("CVE-2024-6387", knownRansomwareCampaignUse="Known"),
        vendors.kev_row("CVE-2021-4034"),
    ]
    made = kev.reduce(vendors.source(vendors.kev(vulnerabilities=rows)), NOW)
    read = feed.read("kev", made.data)
    assert ("2026.11.20", "2026-11-20T17:04:19Z") == (made.version, read.published_at)
    assert {"added_on": "2022-06-27", "due_on": "2022-07-18", "ransomware": False} == read.data[
        "CVE-2021-4034"
    ]
    assert ["CVE-2021-4034", "CVE-2024-6387"] == list(read.data)
    assert read.data["CVE-2024-6387"]["ransomware"]


def test_same_bytes() -> None:
    """The same catalogue gives the same bytes, whatever the order of its rows, its words and its spaces."""
    first = vendors.kev("CVE-2021-4034", "CVE-2024-6387")
    other = vendors.kev("CVE-2024-6387", "CVE-2021-4034", title="Other words")
    spaced = b"\xef\xbb\xbf\r\n" + json.dumps(other, indent=4).encode() + b"\n"
    assert kev.reduce(vendors.source(first), NOW).data == kev.reduce(vendors.source(spaced), NOW).data


def _rows(*rows: dict[str, Any]) -> dict[str, Any]:
    return vendors.kev(vulnerabilities=list(rows), count=len(rows))


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "feed_empty", "empty"),
        (b" \n", "feed_empty", "empty"),
        (vendors.HTML, "feed_wrong_kind", "a web page"),
        (b"\x1f\x8b\x08", "feed_wrong_kind", "gzip"),
        (b"cveID,vendorProject", "feed_wrong_kind", "CSV"),
        (vendors.zipped(vendors.osv()), "feed_wrong_kind", "a zip archive"),
        (vendors.osv(), "feed_wrong_kind", "an OSV advisory"),
        (vendors.eol(), "feed_wrong_kind", "API version 1"),
        ([vendors.cycle()], "feed_wrong_kind", "API version 0"),
        ({"format": "kev.v1"}, "feed_wrong_kind", "reduced already"),
        ([], "feed_wrong_kind", "JSON of another kind"),
        (json.dumps(vendors.kev()).encode()[:-400], "feed_cut_off", "ends before"),
        (json.dumps(vendors.kev()).encode()[:-1], "feed_cut_off", "ends before"),
        (b'{"a" 1}', "feed_malformed", "not JSON"),
        (b'{"count": 1, "count": 2}', "feed_malformed", "twice"),
        (b"\xff\xfe{", "feed_malformed", "not UTF-8"),
        (b"[" * 200_000 + b"]" * 200_000, "feed_malformed", "no vendor"),
        (b'{"count": ' + b"9" * 9000 + b"}", "feed_malformed", "no vendor"),
        (b'{"count": NaN}', "feed_malformed", "no vendor"),
        (vendors.kev(count=3), "feed_count_differs", "holds 3 vulnerabilities, and holds 2"),
        (_rows(), "feed_malformed", "0 vulnerabilities"),
        (vendors.kev(count="2"), "feed_malformed", "count"),
        (vendors.kev(dateReleased="2026-11-26T00:00:00Z"), "feed_in_future", "still to come"),
        (vendors.kev(dateReleased="2026-13-20T00:00:00Z"), "feed_malformed", "not a time"),
        (vendors.kev(dateReleased="2026-11-20"), "feed_malformed", "not a time"),
        (vendors.kev(dateReleased="0001-01-01T00:00:00+23:59"), "feed_malformed", "not a time"),
        (vendors.kev("CVE-2021-4034", "CVE-2021-4034"), "feed_malformed", "twice"),
        (_rows(vendors.kev_row("CVE-2021-4034\n")), "feed_malformed", "cveID"),
        (_rows(vendors.kev_row("CVE-1", dateAdded="x")), "feed_malformed", "cveID"),
        (_rows(vendors.kev_row("CVE-2021-4034", dateAdded="2026-02-30")), "feed_malformed", "dateAdded"),
        (
            _rows(vendors.kev_row("CVE-2021-4034", dateAdded="2026-11-23")),
            "feed_in_future",
            "after the catalogue",
        ),
        (_rows(vendors.kev_row("CVE-2021-4034", dueDate=None)), "feed_malformed", "dueDate"),
        (
            _rows(vendors.kev_row("CVE-2021-4034", knownRansomwareCampaignUse=[])),
            "feed_malformed",
            "Ransomware",
        ),
        ({**_rows(), "count": 1, "vulnerabilities": ["CVE-2021-4034"]}, "feed_malformed", "not an object"),
    ],
)
def test_refused(content: Any, code: str, words: str) -> None:
    """Whatever is not CISA's catalogue, whole and of its time, is one error that says what it is."""
    with pytest.raises(InputError, match=words) as raised:
        kev.reduce(vendors.source(content), NOW)
    assert code == raised.value.code
    assert "file.json" in raised.value.message


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is read than a catalogue can have."""
    monkeypatch.setattr(kev, "FILE_MAX_BYTES", 1000)
    with pytest.raises(InputError, match="feed_too_large"):
        kev.reduce(vendors.source(vendors.kev()), NOW)
