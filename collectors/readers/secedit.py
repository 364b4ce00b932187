"""What `secedit /export` writes: sections and keys that are the same in every language, beside names that are not.

Text in, values out. Where the tool wrote nothing (a stub of it exits 0 all the same), that is no policy.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Unseen
from collectors.door_windows import Windows

SOURCE: Final = "secedit /export"
ACCESS: Final = "system access"


def parse(text: str) -> dict[str, dict[str, str]]:
    """The values by section and key, both in lower case; quotes around a value are taken off."""
    found: dict[str, dict[str, str]] = {}
    section = found.setdefault("", {})
    for line in map(str.strip, text.lstrip("\ufeff").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1].lower(), {})
        elif "=" in line and not line.startswith(";"):
            key, _, told = line.partition("=")
            section[key.strip().lower()] = told.strip().strip('"')
    return found


def access(host: Windows, key: str) -> int:
    """A number of the section System Access; `malformed` without that section, `not_found` without the key."""
    section = parse(host.security_policy()).get(ACCESS)
    if section is None:
        raise Unseen("malformed", SOURCE, "no section [System Access]")
    told = section.get(key.lower())
    if told is None:
        raise Unseen("not_found", SOURCE, f"no {key}")
    try:
        return int(told)
    except ValueError:
        raise Unseen("malformed", SOURCE, f"{key} is no number") from None
