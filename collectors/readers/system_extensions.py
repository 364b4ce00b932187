"""System extensions of macOS as systemextensionsctl(8) lists them: category, bundle, and whether each is in force.

Only "[activated enabled]" with both marks is: an extension that waits for its user, or for a restart to be taken away,
watches nothing. The list says how many it has; one with fewer is torn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen

LIST: Final = ("systemextensionsctl", "list")
ENDPOINT_SECURITY: Final = "com.apple.system_extension.endpoint_security"
_COUNT: Final = re.compile(r"([0-9]{1,6}) extension\(s\)")
_CATEGORY: Final = re.compile(r"--- (\S+)(?: .*)?")
_TITLES: Final = "enabled\tactive\tteamID\tbundleID (version)\tname\t[state]"
_BUNDLE: Final = re.compile(r"(\S+) \([^()]*\)")


@dataclass(frozen=True)
class Extension:
    """One extension."""

    category: str
    bundle: str
    in_force: bool
    is_leaving: bool


def extensions(host: Host) -> list[Extension]:
    """Every extension. Raises `Unseen`."""
    told = host.run(LIST)
    lines = [line for line in told.text.split("\n") if line.strip()]
    count = _COUNT.fullmatch(lines[0]) if lines else None
    found, category = [], ""
    for line in lines[1:]:
        if header := _CATEGORY.fullmatch(line):
            category = header[1]
        elif line != _TITLES:
            found.append(_extension(category, line, told.source))
    if not count or len(found) != int(count[1]):
        raise Unseen("malformed", told.source, "not as many extensions as it says")
    return found


def _extension(category: str, line: str, source: str) -> Extension:
    cells = line.split("\t")
    bundle = _BUNDLE.fullmatch(cells[3]) if len(cells) == 6 else None
    if not category or not bundle:
        raise Unseen("malformed", source, "a line of another shape")
    enabled, active, state = cells[0] == "*", cells[1] == "*", cells[5]
    return Extension(
        category,
        bundle[1],
        enabled and active and state == "[activated enabled]",
        state.startswith("[terminated"),
    )
