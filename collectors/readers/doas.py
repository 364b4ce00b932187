"""doas.conf(5): the rules of doas, sudo's smaller kin.

The last match wins; here each rule stands for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import shell_words

PATH: Final = "/etc/doas.conf"
_OPTIONS: Final = frozenset({"nopass", "nolog", "persist", "keepenv"})


@dataclass(frozen=True)
class DoasRule:
    """One `permit` rule. `who` is a user, or a group with ":" before it as doas writes it."""

    who: str
    target: str
    nopass: bool
    command: str
    source: str


def rules(host: Host) -> list[DoasRule]:
    """The permit rules; [] without the file. Raises `Unseen`."""
    try:
        text = host.text(PATH)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        source = f"{PATH}:{number}"
        try:
            words = shell_words.split(re.sub(r"setenv\s*\{[^}]*\}", "", line), comments=True)
        except ValueError:
            raise Unseen("malformed", source) from None
        if words and words[0] == "permit":
            found.append(_rule(words[1:], source))
    return found


def _rule(words: list[str], source: str) -> DoasRule:
    options = set()
    while words and words[0] in _OPTIONS:
        options.add(words.pop(0))
    if not words:
        raise Unseen("malformed", source)
    who, target, command = words.pop(0), "root", "ALL"
    if words[:1] == ["as"] and len(words) > 1:
        target, words = words[1], words[2:]
    if words[:1] == ["cmd"]:
        command = " ".join(words[1:2] + words[3:])
    return DoasRule(who, target, "nopass" in options, command, source)
