"""When updates were last installed, by the package manager's own log.

APT logs local time, so the host's zone turns it into UTC. Only runs that upgraded something count: a fresh
package is no update. After a rotation the newest rotated log is asked.
"""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from typing import Final

from collectors.door import READ_MAX_BYTES, Host, Unseen
from collectors.findings import Seen, rfc3339
from collectors.readers.localtime import to_utc

APT_LOG: Final = "/var/log/apt/history.log"
APT_LOGS: Final = (APT_LOG, f"{APT_LOG}.1", f"{APT_LOG}.1.gz", f"{APT_LOG}.2.gz", f"{APT_LOG}.3.gz")

_DATE: Final = re.compile(r"^(?:Start|End)-Date: (\d{4}-\d\d-\d\d) +(\d\d:\d\d:\d\d)\s*$", re.MULTILINE)
_UNPACKED_MAX_BYTES: Final = 8 * READ_MAX_BYTES


def apt_last_installed_at(host: Host) -> Seen:
    """The end of the last run that upgraded a package."""
    for path in APT_LOGS:
        if not host.exists(path):
            continue
        moment = last_upgrade(_text(host, path))
        if moment is not None:
            return Seen(rfc3339(to_utc(host, moment)), path)
    raise Unseen("not_found", APT_LOG, "no upgrade in the log")


def last_upgrade(text: str) -> datetime | None:
    """The latest local time of an entry with an Upgrade line in an APT history log."""
    moments = []
    for entry in re.split(r"\n\s*\n", text):
        if not re.search(r"^Upgrade: \S", entry, re.MULTILINE):
            continue
        for day, clock in _DATE.findall(entry):
            try:
                moments.append(datetime.fromisoformat(f"{day}T{clock}"))
            except ValueError:
                continue
    return max(moments, default=None)


def _text(host: Host, path: str) -> str:
    data = host.read(path)
    if path.endswith(".gz"):
        data = unpacked(data, path)
    return data.decode("utf-8", "replace")


def unpacked(data: bytes, source: str, limit: int = _UNPACKED_MAX_BYTES) -> bytes:
    """The content of a gzip file, `too_large` above `limit`: a small file can unpack to gigabytes."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise Unseen("malformed", source, str(error)) from None
    if unpacker.unconsumed_tail:
        raise Unseen("too_large", source, f"more than {limit} bytes unpacked")
    return content
