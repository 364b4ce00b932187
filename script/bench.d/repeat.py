"""What a night costs in which nothing changed, on the wire and on disk, against the first report of the same host."""

import gzip
import zlib
from datetime import UTC, datetime

from measure import figure

from agent.chain import Chain, add
from agent.report import report
from agent.scan import Scan, scan
from collectors import discover
from collectors.doors.local import Local
from config import canonical, keys, statement
from server.ledger import PACK_LEVEL

HOST_ID = "00000000-0000-4000-8000-000000000000"


def main() -> None:
    """Scan twice, and print what the second report costs beside the first."""
    key, secret = keys.generate(), bytes(32)
    first, second = (_scan(secret) for _ in range(2))
    envelope, digest = report(first, HOST_ID, Chain(), "enrolment", None, key)
    again, _ = report(second, HOST_ID, add(Chain(), digest), "scheduled", 0, key)
    known = {statement.digest(data) for data in first.sections.values()}
    changed = [data for data in second.sections.values() if statement.digest(data) not in known]
    print(f"{len(first.sections)} sections, {len(changed)} of them changed between the two scans")
    everything = list(first.sections.values())
    wire = (len(_body(again, changed)) / 1024, len(_body(envelope, everything)) / 1024)
    disk = (_stored(again, changed) / 1024, _stored(envelope, everything) / 1024)
    figure("the same report again, on the wire", *wire, "KiB", "<= 0.2 x")
    figure("the same report again, on disk", *disk, "KiB", "<= 0.2 x")


def _scan(secret: bytes) -> Scan:
    host = Local(datetime.now(UTC))
    return scan(host, HOST_ID, discover(), secret, 300, lambda: datetime.now(UTC))


def _body(envelope: str, sections: list[bytes]) -> bytes:
    """The request's body, as the agent sends it."""
    return gzip.compress(
        canonical.encode({"envelope": envelope, "sections": [each.decode() for each in sections]})
    )


def _stored(envelope: str, sections: list[bytes]) -> int:
    """The bytes that the server packs into its rows."""
    return sum(len(zlib.compress(each, PACK_LEVEL)) for each in (envelope.encode(), *sections))


if __name__ == "__main__":
    main()
