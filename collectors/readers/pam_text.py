"""pam.d files as libpam reads them (pam.conf(5).

Linux-PAM's pam_handlers.c and pam_misc.c): lines and controls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Action: TypeAlias = "str | int"
"""ok, done, bad, die, ignore, reset, or how many modules to jump over."""

FACILITIES: Final = ("auth", "account", "password", "session")
ANY: Final = "?"
"""The facility of a line whose own is no facility: libpam puts a module there that always fails."""
WORDS: Final[Mapping[str, Mapping[str, Action]]] = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
}
RETURNS: Final = tuple(
    "success open_err symbol_err service_err system_err buf_err perm_denied auth_err cred_insufficient"
    " authinfo_unavail user_unknown maxtries new_authtok_reqd acct_expired session_err cred_unavail"
    " cred_expired cred_err no_module_data conv_err authtok_err authtok_recover_err authtok_lock_busy"
    " authtok_disable_aging try_again ignore abort authtok_expired module_unknown bad_item conv_again"
    " incomplete".split()
)
_PAIR: Final = re.compile(r"\s*([a-z_]+?)\s*=\s*(ignore|ok|done|bad|die|reset|\d+)")
_TOKEN: Final = re.compile(r"\[((?:\\\]|[^\]])*)\]?|(\S+)")


@dataclass(frozen=True)
class Line:
    """One line.

    `facility` is "" for @include; `fails` marks what libpam replaces by a module that always fails.
    """

    number: int
    facility: str
    control: str
    module: str
    arguments: tuple[str, ...] = ()
    fails: bool = False


def lines(text: str) -> Iterator[Line]:
    """The lines of a pam.d file, continued ones joined, comments dropped."""
    for number, line in _assembled(text):
        words = _tokens(line)
        facility = words[0].removeprefix("-").lower()
        if facility == "@include":
            yield Line(number, "", "include", words[1] if len(words) > 1 else "")
        elif facility not in FACILITIES:
            yield Line(number, ANY, "required", "", fails=True)
        elif len(words) < 3:
            yield Line(number, facility, words[1] if len(words) > 1 else "required", "", fails=True)
        else:
            yield Line(number, facility, words[1], words[2], tuple(words[3:]))


def actions(control: str) -> Mapping[str, Action]:
    """What each return value does, by a control word or the text between brackets.

    "default" stands for the rest.
    """
    if control.lower() in WORDS:
        return WORDS[control.lower()]
    found: dict[str, Action] = {}
    rest = control.strip()
    while rest:
        pair = _PAIR.match(rest)
        if pair is None or pair[1] not in (*RETURNS, "default") or pair[2].strip("0") == "":
            return {"default": "bad"}
        action: Action = int(pair[2]) if pair[2].isdigit() else pair[2]
        if pair[1] == "default":
            found = {**dict.fromkeys(RETURNS, action), **found}
        else:
            found[pair[1]] = action
        rest = rest[pair.end() :].lstrip()
    return {**found, "default": "bad"}


def _assembled(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their first number.

    A "#" anywhere ends the line, even one that a backslash would continue.
    """
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line, comment, _ = raw.partition("#")
        line = line.strip(" \t\n\r")
        if not line:
            continue
        start = start if parts else number
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        yield start, " ".join([*parts, line])
        parts = []


def _tokens(line: str) -> list[str]:
    return [
        bracketed.replace("\\]", "]") if match[0].startswith("[") else plain
        for match in _TOKEN.finditer(line)
        for bracketed, plain in [(match[1] or "", match[2])]
    ]
