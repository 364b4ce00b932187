"""Words as a shell would split them, of lines that a person may have written."""

from __future__ import annotations

import shlex
from typing import Final

LINE_MAX: Final = 16 * 1024
"""shlex adds character to character: a line of 4 MiB would take minutes. No configuration has one this long."""


def split(line: str, comments: bool = False) -> list[str]:
    """As shlex.split, with its ValueError; a line beyond LINE_MAX is one too."""
    if len(line) > LINE_MAX:
        raise ValueError(f"a line of {len(line)} characters")
    return shlex.split(line, comments=comments)
