"""The overview's numbers over a large fleet against a small one: they are kept counted, so size is no cost."""

import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measure import cpu_seconds, figure

from config import canonical, shipped
from server import coverage, database, founding, posture

SMALL, LARGE = 100, 100_000
NOW = datetime.now(UTC).replace(microsecond=0)


def main() -> None:
    """Fill two homes and print what the same page's numbers cost in each."""
    founding.set_up_django(None)
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_costs(Path(folder) / str(size), size) for size in (SMALL, LARGE))
    figure(f"overview, {LARGE} hosts and {SMALL}", large[0], small[0], "ms", "<= 2 x")
    figure(f"  of it, coverage, {LARGE} hosts and {SMALL}", large[1], small[1], "ms", "-")


def _costs(folder: Path, size: int) -> tuple[float, float]:
    settings = founding.default_settings("", "", "bench.example/log")
    home = founding.found(folder, ["localhost"], settings, NOW)
    connection = database.connect(home.database)
    with database.writing(connection):
        _fill(connection, size)
    seen = cpu_seconds(lambda: posture.posture(connection, NOW), 15)
    covered = cpu_seconds(lambda: coverage.coverage(connection, NOW), 15)
    connection.close()
    return seen * 1000, covered * 1000


def _fill(connection: sqlite3.Connection, size: int) -> None:
    """Hosts with a row for every check, judged a moment ago; every seventh answer a fail."""
    now, later = canonical.encode_time(NOW), canonical.encode_time(NOW + timedelta(days=5))
    sql = (
        "INSERT INTO host (host_id, hostname, short_name, kind, observer, state, platform, role, serial, tags,"
        " enrolled_at, last_sequence, last_sha256, last_report_sha256, last_finished_at, last_observed_at,"
        " last_received_at, last_heard_at, sections_sha256, facts_until, fresh_from, fresh_until)"
        " VALUES (?1, ?1, ?1, 'host', '', 'active', 'linux', 'server', '', '[]',"
        " ?2, 1, '', '', ?2, ?2, ?2, ?2, '', ?3, ?2, ?3)"
    )
    connection.executemany(sql, ((f"host-{number:06}", now, later) for number in range(size)))
    connection.execute("INSERT INTO host_count (state, hosts) VALUES ('active', ?)", (size,))
    checks = list(shipped.catalogue().checks)
    for place, check in enumerate(checks):
        poor = size // 7 + place
        rows = ((check, "fail", poor), (check, "pass", size - poor))
        connection.executemany(
            "INSERT INTO verdict_count (check_id, counted_as, hosts) VALUES (?, ?, ?)", rows
        )


if __name__ == "__main__":
    main()
