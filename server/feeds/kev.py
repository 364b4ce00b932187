"""CISA's catalogue of known exploited vulnerabilities, `known_exploited_vulnerabilities.json`.

The form is that of the schema which CISA publishes beside it: https://www.cisa.gov/known-exploited-vulnerabilities-catalog
"""

from datetime import datetime
from typing import Any

from config import canonical
from config.canonical import Json
from server.feeds import reading
from server.feeds.reading import Reduced, Source, refused

FILE_MAX_BYTES = 32 << 20
CVES_MAX = 50_000
WANTED = "CISA's KEV catalogue (known_exploited_vulnerabilities.json)"
_RANSOMWARE = {"Known": True, "Unknown": False}


def reduce(source: Source, moment: datetime) -> Reduced:
    """Return the catalogue reduced; InputError ``feed_…`` when anything in it is not as CISA writes it.

    What was released later than the moment is refused.
    """
    where = source.name
    opened = reading.document(source.read(FILE_MAX_BYTES), where, WANTED)
    match opened:
        case {
            "catalogVersion": version,
            "dateReleased": released,
            "count": int(count),
            "vulnerabilities": list(rows),
        }:
            pass
        case {"catalogVersion": _, "vulnerabilities": _}:
            raise refused(
                "malformed",
                where,
                "catalogVersion, dateReleased, count or vulnerabilities is not as it should be",
            )
        case _:
            raise reading.wrong_kind(where, reading.kind(opened), WANTED)
    if count != len(rows):
        hint = "Download it again."
        raise refused(
            "count_differs", where, f"it says it holds {count} vulnerabilities, and holds {len(rows)}", hint
        )
    if not 0 < count <= CVES_MAX:
        raise refused("malformed", where, f"{count} vulnerabilities, where 1 to {CVES_MAX} are expected")
    then = reading.time(released, where, "dateReleased")
    published_at = reading.published(then, moment, where)
    cves: dict[str, Json] = {}
    for row in rows:
        name, told = _entry(row, where, then)
        if name in cves:
            raise refused("malformed", where, f"{name} stands in it twice")
        cves[name] = told
    data = canonical.encode({"format": "kev.v1", "published_at": published_at, "cves": cves})
    return Reduced(
        "kev", reading.text(version, where, "catalogVersion", 64), published_at, data, f"{len(cves):,} CVEs"
    )


def _entry(row: Any, where: str, released: datetime) -> tuple[str, Json]:
    if not isinstance(row, dict):
        raise refused("malformed", where, "a vulnerability is not an object")
    name = reading.cve(row.get("cveID"))
    if not name:
        raise refused("malformed", where, f"cveID is {str(row.get('cveID'))[:64]!r}, not a CVE's id")
    added_on = reading.day(row.get("dateAdded"), where, f"{name}: dateAdded")
    if reading.midnight(added_on) - released > reading.AHEAD_MAX:
        raise refused("in_future", where, f"{name} was added on {added_on}, after the catalogue was released")
    ransomware = row.get("knownRansomwareCampaignUse")
    if not isinstance(ransomware, str) or ransomware not in _RANSOMWARE:
        raise refused("malformed", where, f"{name}: knownRansomwareCampaignUse is {str(ransomware)[:64]!r}")
    return name, {
        "added_on": added_on,
        "due_on": reading.day(row.get("dueDate"), where, f"{name}: dueDate"),
        "ransomware": _RANSOMWARE[ransomware],
    }
