"""OSV advisories of Debian and Ubuntu, reduced."""

import json
import random
import struct
import tracemalloc
import zipfile
import zlib
from typing import Any

import pytest

from config import feed
from config.errors import InputError
from server.feeds import advisories, osv
from server.feeds.reading import Reduced, Source
from tests.server.feeds import vendors
from tests.server.feeds.vendors import affected
from tests.server.twin import NOW


def _told(done: int, total: int) -> None:
    assert 0 < done
    assert total in (0, done) or done < total


def _reduce(*sources: Source, **options: Any) -> Reduced:
    return osv.reduce(sources, NOW, _told, **options)


def _fixes(*sources: Source, **options: Any) -> dict[str, dict[str, list[list[str]]]]:
    return dict(feed.read("osv", _reduce(*sources, **options).data).data)


def _zip(*each: dict[str, Any], name: str = "all.zip") -> Source:
    return vendors.source(vendors.zipped(*each), name)


def test_zip() -> None:
    """An ecosystem's zip: the source package, the CVE, the first version that closes it, in order."""
    second = vendors.osv(
        "DSA-5555-1", affected(package="linux", fixed="6.1.55-1"), upstream=["CVE-2023-4623", "CVE-2023-1"]
    )
    third = vendors.osv("DEBIAN-CVE-2023-4244", affected(package="linux", fixed="6.1.55-1"), upstream=[])
    made = _reduce(_zip(third, second, vendors.osv()))
    wanted = {
        "linux": [["CVE-2023-4244", "6.1.55-1"], ["CVE-2023-4623", "6.1.55-1"]],
        "polkit": [["CVE-2021-4034", "122-3+deb12u1"]],
    }
    assert {"Debian:12": wanted} == feed.read("osv", made.data).data
    assert ("2026-11-19T10:37:40Z", "2026-11-19") == (made.published_at, made.version)
    assert "3 fixes in 3 advisories: Debian:12" == made.told
    assert made.data == _reduce(_zip(vendors.osv(), second, third)).data


@pytest.mark.parametrize(
    ("advisory", "found"),
    [
        (vendors.osv("CVE-2021-4034", upstream=[]), ["CVE-2021-4034"]),
        (vendors.osv("UBUNTU-CVE-2021-4034", upstream=[]), ["CVE-2021-4034"]),
        (vendors.osv("DSA-1-1", upstream=None, aliases=["CVE-2021-4034"]), ["CVE-2021-4034"]),
        (vendors.osv("USN-1-1", upstream=["UBUNTU-CVE-2021-4034", "CVE-2021-4034"]), ["CVE-2021-4034"]),
        (vendors.osv("DLA-1-1", upstream=[], related=["CVE-2021-4034"]), ["CVE-2021-4034"]),
        (vendors.osv("DSA-1-1", related=["CVE-2001-0001"]), ["CVE-2021-4034"]),
        (vendors.osv("GHSA-1", upstream=[], related=["CVE-2021-4034"]), []),
        (vendors.osv(withdrawn="2026-11-01T00:00:00Z"), []),
        (vendors.osv(affected=None), []),
        (vendors.osv("DSA-1-1", upstream=["TEMP-0000000-ABCDEF"]), []),
    ],
)
def test_cves(advisory: dict[str, Any], found: list[str]) -> None:
    """Where an advisory names its CVEs; what was taken back, or names none, closes nothing."""
    anchor = vendors.osv("DEBIAN-CVE-2000-0001", affected(package="anchor", fixed="1"), upstream=[])
    fixes = _fixes(_zip(anchor, advisory))["Debian:12"].get("polkit", [])
    assert found == [cve for cve, _ in fixes]


@pytest.mark.parametrize(
    ("about", "found"),
    [
        (affected(fixed=""), []),
        (affected(fixed="0"), []),
        (affected(fixed="<end-of-life>"), []),
        (affected("Debian"), []),
        (affected("Debian:sid"), []),
        (affected("Ubuntu:22.04"), ["Ubuntu:22.04"]),
        (affected("Ubuntu:22.04:LTS"), ["Ubuntu:22.04:LTS"]),
        (affected("Ubuntu:Pro:18.04:LTS"), ["Ubuntu:Pro:18.04:LTS"]),
        (affected("Ubuntu:Pro:FIPS:18.04:LTS"), []),
        (affected("PyPI"), []),
        ({"package": {"ecosystem": "Debian:13", "name": "polkit"}, "versions": ["1"]}, []),
        ({**affected("Debian:13"), "ranges": [{"type": "GIT", "repo": "x", "events": []}]}, []),
        ({"versions": ["1"]}, []),
    ],
)
def test_affected(about: dict[str, Any], found: list[str]) -> None:
    """Releases of Debian and Ubuntu count, with versions that dpkg can compare."""
    anchor = vendors.osv("DEBIAN-CVE-2000-0001", affected("Debian:99", "anchor", "1"), upstream=[])
    assert found == [
        name for name in _fixes(_zip(anchor, vendors.osv("CVE-2021-4034", about))) if name != "Debian:99"
    ]


def test_odd_versions_are_counted() -> None:
    """What is left out for its version is said."""
    made = _reduce(_zip(vendors.osv(), vendors.osv("CVE-2023-0001", affected(fixed="<end>"))))
    assert made.told.endswith("; 1 left out, whose versions dpkg would not take")


def test_ecosystems() -> None:
    """Only the releases that are asked for; one that is not there is an error that says what is."""
    made = vendors.osv("CVE-2021-4034", affected("Debian:11"), affected("Debian:12"), affected("Debian:13"))
    assert {"Debian:11", "Debian:13"} == _fixes(_zip(made), ecosystems=["Debian:13", "Debian:11"]).keys()
    with pytest.raises(
        InputError,
        match=r"not about Debian:9 as a whole; it has, .*: Debian:11",
    ):
        _fixes(_zip(made), ecosystems=["Debian:9"])
    with pytest.raises(InputError, match="feed_ecosystem_unknown"):
        _fixes(_zip(made), ecosystems=["debian 12"])
    with pytest.raises(
        InputError, match=r"feed_ecosystem_missing.*not about Debian or Ubuntu as a whole; .*PyPI"
    ):
        _fixes(_zip(vendors.osv("CVE-2021-4034", affected("PyPI"))))


def test_single_advisories() -> None:
    """An advisory beside a zip is added to it, and makes the whole no newer."""
    late = vendors.osv(
        "DSA-9-1",
        affected(fixed="122-3+deb12u2"),
        modified="2026-11-23T00:00:00Z",
        aliases=["CVE-2026-9999"],
        upstream=[],
    )
    made = _reduce(_zip(vendors.osv()), vendors.source(late, "DSA-9-1.json"))
    assert "2026-11-19T10:37:40Z" == made.published_at
    assert [["CVE-2021-4034", "122-3+deb12u1"], ["CVE-2026-9999", "122-3+deb12u2"]] == feed.read(
        "osv", made.data
    ).data["Debian:12"]["polkit"]


def test_zip_of_a_release() -> None:
    """A zip of one release names others beside it; it is not the whole of those, which would count as no hole."""
    first = vendors.osv("CVE-2021-4034", affected("Debian:12"), affected("Debian:13"), upstream=[])
    second = vendors.osv("CVE-2021-3156", affected("Debian:12", "sudo", "1.9.5p2-3"), upstream=[])
    assert {"Debian:12"} == _fixes(_zip(first, second)).keys()
    with pytest.raises(
        InputError, match=r"not about Debian:13 as a whole; it has, at least in part: Debian:1"
    ):
        _fixes(_zip(first, second), ecosystems=["Debian:13"])
    other = _zip(first, name="13.zip")
    assert {"Debian:12", "Debian:13"} == _fixes(_zip(first, second), other).keys()


def test_single_of_another_release() -> None:
    """A single advisory makes no release whole that no zip is about."""
    ubuntu = vendors.source(vendors.osv("USN-1-1", affected("Ubuntu:24.04:LTS")), "USN-1-1.json")
    assert {"Debian:12"} == _fixes(_zip(vendors.osv()), ubuntu).keys()


@pytest.mark.parametrize("form", ["one", "list", "lines", "indented"])
def test_whole(form: str) -> None:
    """Without a zip somebody must say that the files are all that there is: what is not there counts as no hole."""
    rows = [vendors.osv()] if form in ("one", "indented") else [vendors.osv(), vendors.osv("DSA-1-1")]
    content: Any = rows if form == "list" else b"\n".join(json.dumps(each).encode() for each in rows)
    if form == "indented":
        content = json.dumps(rows[0], indent=2).encode()
    with pytest.raises(InputError, match="feed_not_whole"):
        _fixes(vendors.source(content))
    assert {"Debian:12": {"polkit": [["CVE-2021-4034", "122-3+deb12u1"]]}} == _fixes(
        vendors.source(content), is_whole=True
    )


def test_oldest_zip() -> None:
    """Two ecosystems are one feed, as old as the older."""
    ubuntu = vendors.osv("USN-1-1", affected("Ubuntu:24.04:LTS"), modified="2026-10-01T00:00:00Z")
    assert (
        "2026-10-01T00:00:00Z" == _reduce(_zip(vendors.osv()), _zip(ubuntu, name="ubuntu.zip")).published_at
    )


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "feed_empty", "empty"),
        (vendors.HTML, "feed_wrong_kind", "a web page"),
        (vendors.kev(), "feed_wrong_kind", "KEV"),
        (vendors.eol(), "feed_wrong_kind", "API version 1"),
        ([vendors.cycle()], "feed_wrong_kind", "JSON of another kind"),
        (json.dumps(vendors.osv()).encode()[:-9], "feed_cut_off", "ends before"),
        (vendors.zipped(vendors.osv())[:-9], "feed_cut_off", "no end"),
        (vendors.zipped(vendors.osv())[:200], "feed_cut_off", "no end"),
        (vendors.zipped(), "feed_wrong_kind", "an empty zip"),
        (
            vendors.zipped(vendors.osv(), extra={"README.txt": b"x"}),
            "feed_wrong_kind",
            "README.txt: this is no advisory",
        ),
        (vendors.zipped(vendors.osv(), extra={"a.json": b"{"}), "feed_cut_off", "a.json"),
        (
            vendors.zipped(vendors.osv(), extra={"kev.json": json.dumps(vendors.kev()).encode()}),
            "feed_wrong_kind",
            "KEV",
        ),
        (vendors.osv(modified="soon"), "feed_malformed", "modified"),
        (vendors.osv(modified="2026-12-24T12:00:00Z"), "feed_in_future", "still to come"),
        (vendors.osv(aliases="CVE-2021-4034"), "feed_malformed", "aliases"),
        (vendors.osv(affected=[{"package": {"ecosystem": "Debian:12"}}]), "feed_malformed", "no name"),
        (vendors.osv(affected=[{**affected(), "ranges": [{"events": []}]}]), "feed_malformed", "no type"),
        (
            vendors.osv(affected=[{**affected(), "ranges": [{"type": "ECOSYSTEM", "events": ["x"]}]}]),
            "feed_malformed",
            "event",
        ),
        (vendors.osv("CVE-2021-4034", affected(fixed="1" * 300)), "feed_malformed", "fixed version"),
        (vendors.osv("CVE-2021-4034", affected(package="x\n")), "feed_malformed", "package"),
    ],
)
def test_refused(content: Any, code: str, words: str) -> None:
    """Whatever is not advisories, whole and of their time, is one error that says what it is."""
    with pytest.raises(InputError, match=words) as raised:
        _fixes(vendors.source(content), is_whole=True)
    assert code == raised.value.code


def test_flipped() -> None:
    """A zip with a flipped byte is refused wherever the byte is, or says the same as before."""
    whole = vendors.zipped(vendors.osv(), vendors.osv("DSA-1-1"))
    wanted = _fixes(vendors.source(whole))
    for place in random.Random(3).sample(range(4, len(whole)), 200):
        data = bytearray(whole)
        data[place] ^= 0x41
        try:
            assert wanted == _fixes(vendors.source(bytes(data)))
        except InputError as error:
            assert error.code.startswith("feed_")  # noqa: PT017 - one of two good ends


def test_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than any ecosystem has is refused at bounded memory: one member, all, and their number."""
    tracemalloc.start()
    with pytest.raises(InputError, match="feed_too_large"):
        _fixes(
            vendors.source(
                vendors.zipped(vendors.osv(), extra={"a.json": bytes(advisories.ADVISORY_MAX_BYTES + 1)})
            )
        )
    assert tracemalloc.get_traced_memory()[1] < 6 * advisories.ADVISORY_MAX_BYTES
    tracemalloc.stop()
    monkeypatch.setattr(advisories, "UNPACKED_MAX_BYTES", 1000)
    for form in (
        vendors.zipped(vendors.osv(), vendors.osv("DSA-1-1")),
        b"\n".join([json.dumps(vendors.osv()).encode()] * 3),
    ):
        with pytest.raises(InputError, match="feed_too_large"):
            _fixes(vendors.source(form), is_whole=True)
    monkeypatch.setattr(advisories, "MEMBERS_MAX", 1)
    with pytest.raises(InputError, match="feed_too_large"):
        _fixes(_zip(vendors.osv(), vendors.osv("DSA-1-1")))
    monkeypatch.setattr(osv, "ENTRIES_MAX", 0)
    with pytest.raises(InputError, match=r"feed_too_large.*fixes"):
        _fixes(_zip(vendors.osv("D", affected=[affected()])))


def test_huge_directory() -> None:
    """A zip that promises a directory of gigabytes is refused before any of it is read."""
    padding = b"PK\3\4" + bytes(advisories.DIRECTORY_MAX_BYTES + 100)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(padding) - 4, 4, 0)
    with pytest.raises(InputError, match="feed_too_large"):
        _fixes(vendors.source(padding + end))


def _member(flags: int, method: int) -> bytes:
    """A zip of one member with odd flags or an odd method."""
    data = bytearray(vendors.zipped(vendors.osv()))
    central = data.rindex(b"PK\1\2")
    struct.pack_into("<HH", data, central + 8, flags, method)
    struct.pack_into("<HH", data, 6, flags, method)
    return bytes(data)


@pytest.mark.parametrize(("flags", "method"), [(1, zipfile.ZIP_DEFLATED), (0, zipfile.ZIP_LZMA), (0, 99)])
def test_odd_members(flags: int, method: int) -> None:
    """Encrypted members, and ways of packing that nobody uses for advisories."""
    with pytest.raises(InputError, match="feed_damaged"):
        _fixes(vendors.source(_member(flags, method)))


def test_checksum() -> None:
    """A member whose checksum differs was damaged on its way."""
    data = bytearray(vendors.zipped(vendors.osv()))
    central = data.rindex(b"PK\1\2")
    struct.pack_into("<L", data, central + 16, zlib.crc32(b"other"))
    with pytest.raises(InputError, match=r"feed_damaged.*DEBIAN-CVE-2021-4034"):
        _fixes(vendors.source(bytes(data)))
