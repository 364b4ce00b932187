"""When borg's last archive was made, and whether it holds any file, by borg's cache of files.

Borg 1 ends with exit code 1 where a source is missing, and has made an archive of nothing all the same. In its
cache each file has an age: 0 if the last archive holds it, one more with each archive that does not. Files as new
as the newest one are left out of the cache, so an archive of nothing but these is not proven either.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from collectors.door import Host, glob

LOOKED_AT_BYTES: Final = 4 * 1024 * 1024

_COMPLETE: Final = re.compile(r"^files\S* = \{", re.MULTILINE)
_IN_THE_LAST: Final = re.compile(rb"\x92(?:\xda\x00|[\xd9\xc4])\x20.{32}\x95\x00", re.DOTALL)
"""msgpack: a pair of a hash of 32 bytes and five values, the first of them the age."""


def archived_at(host: Host, cache: str) -> datetime | None:
    """When the last archive was complete; None where none was, or no file in it is seen.

    The cache is there from the start, its checksum in `config` only once it was written.
    """
    config = f"{cache}/config"
    if not host.exists(config) or not _COMPLETE.search(host.text(config)):
        return None
    found = [(host.stat(path).modified_at, path) for path in glob(host, f"{cache}/files*")]
    moment, path = max(found, default=(None, ""))
    return moment if path and _IN_THE_LAST.search(host.beginning(path, LOOKED_AT_BYTES)) else None
