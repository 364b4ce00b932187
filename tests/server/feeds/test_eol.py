"""Ends of support by endoflife.date, reduced."""

import json
from typing import Any

import pytest

from config import feed
from config.errors import InputError
from server.feeds import eol
from server.feeds.reading import Source
from tests.server.feeds import vendors
from tests.server.twin import NOW


def _systems(*sources: Source, **options: str) -> dict[str, dict[str, str | None]]:
    return dict(feed.read("eol", eol.reduce(sources, NOW, **options).data).data)


def test_debian() -> None:
    """Debian's last day is that of its LTS: the same archive goes on for everybody."""
    assert {"debian": {"12": "2028-06-30"}} == _systems(vendors.source(vendors.eol()))


def test_others() -> None:
    """Elsewhere an extension is for those who pay, and does not count; none announced is said so."""
    releases = [
        vendors.eol_release("24.04", isEol=False, eolFrom="2029-05-31", eoesFrom="2036-05-31"),
        vendors.eol_release("99.10", isEol=False, eolFrom=None, eoesFrom=None),
        vendors.eol_release("4.10", isEol=True, eolFrom=None, eoesFrom=None),
    ]
    made = vendors.source(vendors.eol("ubuntu", *releases))
    assert {"ubuntu": {"24.04": "2029-05-31", "99.10": None}} == _systems(made)


def test_full() -> None:
    """All products in one file: those of systems that are known here; two systems of one id end with the earlier."""
    products = [
        {"name": "python", "releases": [vendors.eol_release()]},
        {"name": "centos", "releases": [vendors.eol_release("8", eolFrom="2021-12-31")]},
        {
            "name": "centos-stream",
            "releases": [vendors.eol_release(n, eolFrom="2024-05-31") for n in ("8", "9")],
        },
    ]
    made = vendors.source(vendors.eol(result=products))
    assert {"centos": {"8": "2021-12-31", "9": "2024-05-31"}} == _systems(made)


def test_older_form() -> None:
    """The older form is named by its file or by --product, dated by who downloaded it, and says the same."""
    named = vendors.source(
        [vendors.cycle(), vendors.cycle("14", eol=False, extendedSupport=False)], "debian.json"
    )
    other = vendors.source([vendors.cycle("9", eol="2032-05-31")], "download")
    assert {"debian": {"12": "2028-06-30", "14": None}} == _systems(named, published_on="2026-11-18")
    assert {"rhel": {"9": "2032-05-31"}} == _systems(other, published_on="2026-11-18", product="rhel")


def test_as_old_as_the_oldest() -> None:
    """Several files are one feed, as old as the oldest of them."""
    newer = vendors.source(vendors.eol(), "a.json")
    older = vendors.source(vendors.eol("rhel", generated_at="2026-10-01T00:00:00Z"), "b.json")
    made = eol.reduce([newer, older], NOW)
    assert ("2026-10-01T00:00:00Z", "2026-10-01") == (made.published_at, made.version)
    assert "2 releases of debian, rhel" == made.told


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "feed_empty", "empty"),
        ([], "feed_empty", "no releases"),
        (vendors.eol(result=[]), "feed_empty", "no products"),
        (vendors.HTML, "feed_wrong_kind", "a web page"),
        (vendors.kev(), "feed_wrong_kind", "KEV"),
        (vendors.osv(), "feed_wrong_kind", "an OSV advisory"),
        ([vendors.osv()], "feed_wrong_kind", "a list of OSV"),
        (["debian"], "feed_wrong_kind", "another kind"),
        (json.dumps(vendors.eol()).encode()[:-40], "feed_cut_off", "ends before"),
        (vendors.eol(schema_version="2.0"), "feed_wrong_kind", "version 2.0"),
        (vendors.eol(generated_at=None), "feed_malformed", "generated_at"),
        (vendors.eol(generated_at="2026-12-18T08:52:34+00:00"), "feed_in_future", "still to come"),
        ({"schema_version": "1.2.1", "result": {}}, "feed_malformed", "when it was generated"),
        (vendors.eol(result={"name": "debian"}), "feed_malformed", "no releases"),
        (vendors.eol("python"), "feed_unknown_product", "python"),
        (vendors.eol("debian", vendors.eol_release(isEol="no")), "feed_malformed", "isEol"),
        (vendors.eol("debian", vendors.eol_release(eolFrom="2026-02-30")), "feed_malformed", "eolFrom"),
        (vendors.eol("debian", vendors.eol_release(eoesFrom=2028)), "feed_malformed", "eoesFrom"),
        (vendors.eol("debian", vendors.eol_release(name="")), "feed_malformed", "name"),
        ([vendors.cycle()], "feed_unknown_product", "file"),
    ],
)
def test_refused(content: Any, code: str, words: str) -> None:
    """Whatever is not a known system's ends of support is one error that says what it is."""
    with pytest.raises(InputError, match=words) as raised:
        eol.reduce([vendors.source(content)], NOW, published_on="2026-11-18")
    assert code == raised.value.code


@pytest.mark.parametrize(
    ("cycles", "day", "code"),
    [
        ([vendors.cycle()], "", "feed_undated"),
        ([vendors.cycle()], "yesterday", "feed_malformed"),
        ([vendors.cycle()], "2027-01-01", "feed_in_future"),
        ([vendors.cycle(eol="soon")], "2026-11-18", "feed_malformed"),
        ([{"cycle": "12"}], "2026-11-18", "feed_malformed"),
        ([vendors.cycle(), "13"], "2026-11-18", "feed_wrong_kind"),
    ],
)
def test_older_form_refused(cycles: Any, day: str, code: str) -> None:
    """The older form does not say when it is of, so that somebody must."""
    with pytest.raises(InputError, match=code):
        eol.reduce([vendors.source(cycles, "debian.json")], NOW, published_on=day)


def test_twice() -> None:
    """A product that stands in two files: nobody can say which of them counts."""
    with pytest.raises(InputError, match=r"debian stands in a\.json already"):
        eol.reduce([vendors.source(vendors.eol(), name) for name in ("a.json", "b.json")], NOW)
