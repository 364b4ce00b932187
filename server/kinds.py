"""What a number of subjects is called: hosts, directories, tenants, devices, networks, each for itself."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from config import canonical
from server.steps import Called
from server.verdicts import DUE

_PLURALS: Mapping[str, str] = {"directory": "directories"}


def called(connection: sqlite3.Connection, moment: datetime) -> Called:
    """Return what says of a check, an answer and their number which subjects these are.

    Only what is observed is looked at, which is little; the others are hosts. It may be a little apart from the number
    while something is due, so it never tells of more.
    """

    def words(check: str, counted_as: str, count: int) -> str:
        sql = (
            "SELECT CASE platform WHEN 'mail' THEN 'mail domain' ELSE kind END AS noun, count(*)"  # noqa: S608
            " FROM host h INDEXED BY host_observer JOIN verdict v ON v.host_id = h.host_id AND v.check_id=:check"
            " WHERE NOT h.observer = '' AND h.kind <> 'host'"
            f" AND CASE WHEN {DUE} THEN 'unknown' ELSE v.counted_as END = :counted GROUP BY noun ORDER BY noun"
        )
        values = {"check": check, "counted": counted_as, "now": canonical.encode_time(moment)}
        told, left = [], count
        for noun, own in connection.execute(sql, values):
            if min(own, left):
                told.append(_many(noun, min(own, left)))
                left -= min(own, left)
        told[:0] = [_many("host", left)] if left else []
        return " and ".join(told) if len(told) < 3 else f"{', '.join(told[:-1])} and {told[-1]}"

    return words


def _many(noun: str, count: int) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {_PLURALS.get(noun, noun + 's')}"
