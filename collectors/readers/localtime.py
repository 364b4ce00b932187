"""Local times of log files turned into UTC, by the host's own zone file and not the reader's."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from collectors.door import Host, Unseen
from collectors.readers.once import once


def to_utc(host: Host, naive: datetime) -> datetime:
    """A naive local time of the host as UTC. A host without /etc/localtime keeps UTC (tzset(3))."""
    return naive.replace(tzinfo=once(host, _zone) or UTC).astimezone(UTC)


def _zone(host: Host) -> ZoneInfo | None:
    try:
        data = host.read("/etc/localtime")
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return None
        raise
    try:
        return ZoneInfo.from_file(io.BytesIO(data))
    except (ValueError, EOFError, IndexError, AssertionError, struct.error) as error:
        raise Unseen("malformed", "/etc/localtime", str(error)) from None
