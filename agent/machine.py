"""The machine that this process runs on, as the door that its collectors look through."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from collectors.door import BUDGET_SECONDS

if TYPE_CHECKING:
    from collectors.door import Door


def door(budget_seconds: float = BUDGET_SECONDS) -> Door:
    """The door to it. Each system's is imported only there: neither would import on the other."""
    if sys.platform == "win32":
        from collectors.doors.windows import Windows

        return Windows(budget_seconds=budget_seconds)
    from collectors.doors.local import Local

    return Local(budget_seconds=budget_seconds)
