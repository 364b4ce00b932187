"""Until when an operating system gets security updates that nobody pays extra for.

Debian counts its LTS years (the same archive goes on), Ubuntu its standard years (ESM wants a
subscription), the others the vendor's general maintenance. Apple announces no ends: those of macOS are the days when
the third release after them came, known once they are past (endoflife.date, March 2026). The table is a baseline for
hosts that carry no newer one themselves.
"""

from __future__ import annotations

import csv
import re
from typing import Final

TABLE_DATE: Final = "2026-08-22"
TABLE: Final = {
    "debian": {"8": "2020-06-30", "9": "2022-06-30", "10": "2024-06-30", "11": "2026-08-31"}
    | {"12": "2028-06-30", "13": "2030-06-30"},
    "ubuntu": {"16.04": "2021-04-30", "18.04": "2023-05-31", "20.04": "2025-05-29", "22.04": "2027-06-01"}
    | {"24.04": "2029-05-31", "24.10": "2025-07-10", "25.04": "2026-01-15", "25.10": "2026-07-09"}
    | {"26.04": "2031-05-29"},
    "rhel": {"6": "2020-11-30", "7": "2024-06-30", "8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
    "rocky": {"8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
    "almalinux": {"8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
    "ol": {"6": "2021-03-31", "7": "2024-12-31", "8": "2029-07-31", "9": "2032-06-30"},
    "fedora": {"40": "2025-05-13", "41": "2025-12-15", "42": "2026-05-27", "43": "2026-12-09"}
    | {"44": "2027-06-02"},
    "amzn": {"2": "2026-06-30", "2023": "2029-06-30"},
    "opensuse-leap": {"15.4": "2023-12-07", "15.5": "2024-12-31", "15.6": "2026-04-30", "16.0": "2027-10-31"},
    "sles": {"12.5": "2024-10-31", "15.4": "2023-12-31", "15.5": "2024-12-31", "15.6": "2025-12-31"}
    | {"15.7": "2031-07-31", "16.0": "2027-11-30"},
    "alpine": {"3.18": "2025-05-09", "3.19": "2025-11-01", "3.20": "2026-04-01", "3.21": "2026-11-01"}
    | {"3.22": "2027-05-01", "3.23": "2027-11-01", "3.24": "2028-06-01"},
    "macos": {"10.11": "2018-12-01", "10.12": "2019-10-01", "10.13": "2020-12-01", "10.14": "2021-10-25"}
    | {"10.15": "2022-09-12", "11": "2023-09-26", "12": "2024-09-16", "13": "2025-09-15"},
}
_SAME_AS: Final = {"sles_sap": "sles", "sled": "sles"}
_STREAM: Final = {"8": "2024-05-31", "9": "2027-05-31", "10": "2030-05-31"}
_CENTOS: Final = {"6": "2020-11-30", "7": "2024-06-30", "8": "2021-12-31"}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def in_table(os_id: str, version: str, name: str = "") -> str | None:
    """The date from the shipped table.

    `name` tells CentOS Stream from CentOS Linux, which share id and version.
    """
    versions = TABLE.get(_SAME_AS.get(os_id, os_id), {})
    if os_id == "centos":
        versions = _STREAM if "stream" in name.lower() else _CENTOS
    parts = version.split(".")
    for known in (".".join(parts[:2]), parts[0]):
        if known in versions:
            return versions[known]
    return None


def in_distro_info(os_id: str, version: str, text: str) -> tuple[str, int] | None:
    """The date and its line from a CSV of the package distro-info-data; None where it knows none."""
    column = "eol-lts" if os_id == "debian" else "eol"
    try:
        rows = list(csv.DictReader(text.splitlines()))
    except csv.Error:  # a field beyond all measure
        return None
    for number, row in enumerate(rows, start=2):
        known = (row.get("version") or "").removesuffix(" LTS")
        if known and known == version:
            date = row.get(column) or row.get("eol") or ""
            return (date, number) if _DATE.fullmatch(date) else None
    return None
