"""Settings of files that a shell reads: `NAME=value`, quotes taken off."""

from __future__ import annotations

import re

from collectors.door import Host


def last(host: Host, path: str, name: str) -> str:
    """The last value of a name; "" where there is none, or no such file."""
    if not host.exists(path):
        return ""
    values = re.findall(rf"^[ \t]*{name}\s*=\s*[\"']?([^\"'#\n]*)", host.text(path), re.MULTILINE)
    return values[-1].strip() if values else ""
