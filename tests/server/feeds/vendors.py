"""Files as vendors publish them, small: each test breaks one thing in one of them."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from server.feeds.reading import Source

HTML = b"<!DOCTYPE html><html><title>503 Service Unavailable</title></html>"


def source(content: Any, name: str = "file.json") -> Source:
    """A downloaded file: bytes as they are, anything else as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Source(name, io.BytesIO(data))


def kev(*cves: str, **changes: Any) -> dict[str, Any]:
    """CISA's catalogue."""
    rows = [kev_row(each) for each in cves or ("CVE-2021-4034", "CVE-2024-6387")]
    return {
        "title": "CISA Catalog of Known Exploited Vulnerabilities",
        "catalogVersion": "2026.11.20",
        "dateReleased": "2026-11-20T17:04:19.9796Z",
        "count": len(rows),
        "vulnerabilities": rows,
        **changes,
    }


def kev_row(cve: str, **changes: Any) -> dict[str, Any]:
    """One of its rows."""
    return {
        "cveID": cve,
        "vendorProject": "Red Hat",
        "product": "Polkit",
        "vulnerabilityName": "Red Hat Polkit Out-of-Bounds Read and Write Vulnerability",
        "dateAdded": "2022-06-27",
        "shortDescription": "The pkexec utility…",
        "requiredAction": "Apply updates per vendor instructions.",
        "dueDate": "2022-07-18",
        "knownRansomwareCampaignUse": "Unknown",
        "notes": "https://nvd.nist.gov/vuln/detail/" + cve,
        "cwes": ["CWE-787", "CWE-125"],
        **changes,
    }


def affected(
    ecosystem: str = "Debian:12", package: str = "polkit", fixed: str = "122-3+deb12u1"
) -> dict[str, Any]:
    """What an advisory says of one package."""
    events = [{"introduced": "0"}, {"fixed": fixed}] if fixed else [{"introduced": "0"}]
    return {
        "package": {"ecosystem": ecosystem, "name": package, "purl": f"pkg:deb/debian/{package}?arch=source"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
        "versions": ["122-3"],
        "ecosystem_specific": {"urgency": "not yet assigned", "score": 7.8},
    }


def osv(advisory_id: str = "DEBIAN-CVE-2021-4034", *about: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An advisory."""
    return {
        "id": advisory_id,
        "modified": "2026-11-19T10:37:40.123456789Z",
        "published": "2022-01-28T00:00:00Z",
        "upstream": ["CVE-2021-4034"],
        "details": "A local privilege escalation.",
        "affected": list(about) or [affected()],
        "schema_version": "1.7.3",
        **changes,
    }


def zipped(*advisories: dict[str, Any], extra: Mapping[str, bytes] | None = None) -> bytes:
    """An ecosystem's `all.zip`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in advisories:
            archive.writestr(f"{each['id']}.json", json.dumps(each))
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return file.getvalue()


def eol(name: str = "debian", *releases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A product of endoflife.date, API version 1."""
    product = {"name": name, "category": "os", "releases": list(releases) or [eol_release()]}
    return {
        "schema_version": "1.2.1",
        "generated_at": "2026-11-18T08:52:34+00:00",
        "result": product,
        **changes,
    }


def eol_release(name: str = "12", **changes: Any) -> dict[str, Any]:
    """A release of it."""
    return {
        "name": name,
        "codename": "Bookworm",
        "releaseDate": "2023-06-10",
        "isLts": False,
        "isEol": True,
        "eolFrom": "2026-07-11",
        "isEoes": False,
        "eoesFrom": "2028-06-30",
        "latest": {"name": "12.15", "date": "2026-07-11", "link": None},
        "custom": None,
        **changes,
    }


def cycle(name: str = "12", **changes: Any) -> dict[str, Any]:
    """A release in API version 0."""
    return {
        "cycle": name,
        "releaseDate": "2023-06-10",
        "eol": "2026-07-11",
        "latest": "12.15",
        "lts": False,
        "extendedSupport": "2028-06-30",
        **changes,
    }
