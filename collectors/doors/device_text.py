"""What a terminal would show of a device's bytes: no colours, no bells, backspaces and overwriting done."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Unseen

_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_CONTROL: Final = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PROMPT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}[>#]")
_UNKNOWN: Final = ("% Invalid input", "% Incomplete command", "% Unknown command", "% Ambiguous command")
_REFUSED: Final = (
    "% Authorization failed",
    "Command authorization failed",
    "% Access denied",
    "% Permission denied",
)
_LINE_MAX: Final = 65_536


def shown(data: bytes) -> str:
    """The text, line by line, with spaces at the ends of lines gone."""
    text = _CONTROL.sub("", _ESCAPES.sub("", data.decode("utf-8", "replace")))
    return "\n".join(map(_line, text.split("\n")))


def prompt(text: str) -> str:
    """The prompt that the text ends in; "" where it ends in none."""
    last = text.rpartition("\n")[2].strip()
    return last if _PROMPT.fullmatch(last) else ""


def answer(text: str, command: str, ending: str) -> str:
    """What stands between a command's echo and the prompt; `malformed` where they are not there."""
    echo, _, rest = text.partition("\n")
    body, _, last = rest.rpartition("\n")
    if echo.strip() != command or last.strip() != ending:
        raise Unseen("malformed", command, "the answer belongs to another command")
    lines = [line.strip() for line in body.split("\n") if line.strip(" ^")]
    for line in {*lines[:1], *lines[-1:]}:
        if line.startswith(_REFUSED):
            raise Unseen("permission_denied", command, "the device refuses it")
        if line.startswith(_UNKNOWN):
            raise Unseen("unsupported", command, "the device does not know it")
    return body + "\n" if body else ""


def _line(text: str) -> str:
    """One line as it is after all that was overwritten."""
    text = text.rstrip("\r")
    if "\b" not in text and "\r" not in text:
        return text.rstrip(" ")
    cells: list[str] = []
    at = 0
    for letter in text[:_LINE_MAX]:
        if letter == "\b":
            at = max(0, at - 1)
        elif letter == "\r":
            at = 0
        else:
            cells[at : at + 1] = [letter]
            at += 1
    return "".join(cells).rstrip(" ")
