"""One walk of a message through rsyslog's statements, in their order, until a `stop`.

Each statement is reached for sure, maybe or not, and with it what it does: keep the message in a file, send it to
another host, or end its way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collectors.readers.rsyslog_conditions import meets
from collectors.readers.rsyslog_message import MAYBE, NO, SURE, carries, filters, sure

DEPTH_MAX: Final = 8
FILE: Final = ("", "", "file")
_TEXT: Final = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_PARAMETER: Final = re.compile(r"""([\w.]+)\s*=\s*\[?\s*"((?:\\.|[^"\\])*)\"""")
_OBJECT: Final = re.compile(rf"(\w+)\s*\(((?:[^()\"']|{_TEXT}|\([^()]*\))*)\)", re.DOTALL)
_IF: Final = re.compile(rf"(else\s+)?if\b((?:[^\"']|{_TEXT})*?)\bthen\b", re.IGNORECASE)
_ELSE: Final = re.compile(r"else\b", re.IGNORECASE)
_LOOP: Final = re.compile(r"foreach\s*\([^)]*\)\s*do\b", re.IGNORECASE)
_SELECTOR: Final = re.compile(r"([\w*,]+\.[=!]*[\w*]+(?:;[\w*,]+\.[=!]*[\w*]+)*);?(?:\s+|(?=[@/:?~|^-]))")
_BRACE: Final = re.compile(rf"{_TEXT}|[{{}}]", re.DOTALL)
_GAP: Final = re.compile(r"\s+|;|&[ \t]*")
_STOP: Final = re.compile(r"(?:stop|discard)\b|~(?=\s|\}|$)")
_CALL: Final = re.compile(r"call(?:_indirect)?\s+\"?([\w.-]+)\"?")
_PROPERTY: Final = re.compile(r":([\w$!.-]+)\s*,\s*(!?)(\w+)\s*,\s*\"((?:\\.|[^\"\\])*)\"\s*")
_FORWARD: Final = re.compile(r"(@@?(?:\([^)\n]*\))?|:omrelp:)(\[[0-9a-fA-F:]+\]|[^\s;:]+)(?::(\d+))?")
_KEEP: Final = re.compile(r"(?:-|:omfile:)?/[^\s;]+")
_KEEP_BY_NAME: Final = re.compile(r"-?\?([\w.-]+)")
_OTHER: Final = re.compile(r"(?::om\w+:|[|^])?[^\s;(){}:@\"']+(?:\([^\n]*)?")
_BY_TEMPLATE: Final = re.compile(r"\s*;\s*([\w.-]+)?\s*")
_SELDOM: Final = re.compile(r"\$ActionExecOnly(\w+)\s+(\w+)", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"\$(?!IncludeConfig\b)\w+|(?:set|unset|reset)\s+\$|continue\b", re.IGNORECASE)
_OBJECTS: Final = frozenset(
    "action dyn_stats global input lookup_table main_queue module parser percentile_stats template timezone".split()
)
_TEMPLATE: Final = re.compile(
    r"\$template\s+([\w.-]+)\s*,|\btemplate\s*\([^)]*?\bname\s*=\s*\"([^\"]+)\"", re.IGNORECASE
)
_SINGLE: Final = re.compile(r"""=\s*'""")  # no quotes for parameters
_SEVERAL: Final = re.compile(r"\btarget\s*=\s*\[", re.IGNORECASE)
_INFO: Final = 6
_OFF: Final = ("off", "no", "0", "false")
_SENDERS: Final = {
    "omfwd": "target",
    "omrelp": "target",
    "omelasticsearch": "server",
    "omkafka": "broker",
    "omhttp": "server",
    "omhiredis": "server",
}


def parameters(text: str) -> dict[str, str]:
    """The parameters of an object such as `action(…)`, by lower-case name."""
    return {name.lower(): value for name, value in _PARAMETER.findall(text)}


def templates(plain: str) -> frozenset[str]:
    """The names of the templates that a configuration defines."""
    return frozenset(name for found in _TEMPLATE.findall(plain) for name in found if name)


def body(plain: str, at: int) -> str:
    """What stands between the brace at a place and its partner, quoted braces aside."""
    depth = 0
    for match in _BRACE.finditer(plain, at):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0 and match[0] == "}":
            return plain[at + 1 : match.start()]
    return plain[at + 1 :]


def _begins_line(plain: str, at: int, depth: int) -> bool:
    start = plain.rfind("\n", 0, at)
    return not plain[start + 1 : at].strip() and (start >= 0 or depth == 0)


@dataclass(frozen=True)
class Ruleset:
    """A ruleset's statements. One with a queue of its own gets a copy, so that no `stop` in it ends the message."""

    body: str = ""
    queued: bool = False


class Walk:
    """A message's way. `found` holds (host, port, protocol) or `FILE`, and how sure each is."""

    def __init__(
        self, message: Mapping[str, str | None], rulesets: Mapping[str, Ruleset], templates: frozenset[str]
    ) -> None:
        self.found: dict[tuple[str, str, str], int] = {}
        self._message = message
        self._rulesets = rulesets
        self._templates = templates
        self._seldom: set[str] = set()
        # Behind something that is not understood rsyslog may have given up.
        self._trust = SURE

    def block(self, plain: str, reached: int, depth: int) -> int:
        """Walk a block; how sure it is that the message ends in it."""
        at, last, base, lost = 0, reached, reached, NO
        pending = reached
        while at < len(plain) and depth <= DEPTH_MAX:
            reaches = min(reached, SURE - lost)
            if match := _GAP.match(plain, at):
                pending = min(reaches, last) if "&" in match[0] else pending
            elif match := _IF.match(plain, at):
                base = min(base, reaches, SURE - last) if match[1] else pending
                last = meets(self._message, match[2])
                pending = min(base, last)
            elif match := _ELSE.match(plain, at):
                pending = min(base, reaches, SURE - last)
            elif match := _LOOP.match(plain, at):
                pending = min(pending, MAYBE)
            elif match := _PROPERTY.match(plain, at):
                last = filters(self._message, match[1], bool(match[2]), match[3].lower(), match[4])
                pending = min(pending, last)
            elif match := _SELECTOR.match(plain, at):
                if not _begins_line(plain, at, depth):
                    self._trust = MAYBE  # rsyslog looks for selectors where a line begins
                last = sure(carries(match[1]))
                pending = min(pending, last)
            else:
                at, ended = self._act(plain, at, pending, depth)
                lost = max(lost, ended)
                pending = min(reached, SURE - lost)
                continue
            at = match.end()
        return lost

    def _act(self, plain: str, at: int, pending: int, depth: int) -> tuple[int, int]:
        """Take one action; where it ends, and how sure it is that the message ends there."""
        if plain[at] == "{":
            inner = body(plain, at)
            return at + len(inner) + 2, self.block(inner, pending, depth + 1)
        if match := _STOP.match(plain, at):
            return match.end(), pending
        if match := _CALL.match(plain, at):
            called = self._rulesets.get(match[1].lower(), Ruleset())
            ended = self.block(called.body, pending, depth + 1)
            return match.end(), NO if called.queued else ended
        if match := _OBJECT.match(plain, at):
            kind = match[1].lower()
            if kind not in _OBJECTS or _SINGLE.search(match[2]):
                self._trust = MAYBE
            elif kind == "action":
                # Several targets in one action are an error before 8.2408, which leaves it out.
                several = bool(_SEVERAL.search(match[2]))
                self._object(parameters(match[2]), min(pending, SURE - several))
            return match.end(), NO
        end = plain.find("\n", at)
        end = len(plain) if end < 0 else end
        self._line(plain[at:end].strip(), pending)
        return max(end, at + 1), NO

    def _finds(self, where: tuple[str, str, str], how_sure: int) -> None:
        self.found[where] = max(min(how_sure, self._trust), self.found.get(where, NO))

    def _object(self, given: dict[str, str], pending: int) -> None:
        kind = given.get("type", "").lower()
        if given.get("config.enabled", "on").lower() in _OFF or not self._has(given.get("template")):
            return
        if any(name.startswith("action.execonly") and given[name].lower() not in _OFF for name in given):
            return
        if any(name.startswith("ratelimit.") for name in given) or _discards(given):
            pending = min(pending, MAYBE)
        if kind == "omfile" and (given.get("file") or given.get("dynafile") in self._templates):
            self._finds(FILE, pending)
        target = given.get(_SENDERS.get(kind, ""), "")
        if target:
            protocol = given.get("protocol", "udp").lower() if kind == "omfwd" else kind.removeprefix("om")
            self._finds((target, given.get("port", ""), protocol), pending)

    def _has(self, template: str | None) -> bool:
        return template is None or template in self._templates or template.startswith(("RSYSLOG_", "Std"))

    def _line(self, action: str, pending: int) -> None:
        """An action or a directive of the older kind, one to a line."""
        if match := _SELDOM.match(action):
            turn = self._seldom.discard if match[2].lower() in _OFF else self._seldom.add
            turn(match[1].lower())
            return
        if _DIRECTIVE.match(action):
            return
        for pattern in (_KEEP_BY_NAME, _KEEP, _FORWARD, _OTHER):
            match = pattern.match(action)
            if match and (rest := _BY_TEMPLATE.fullmatch(action[match.end() :] or ";")):
                if self._has(rest[1]) and not self._seldom:
                    self._old(pattern, match, pending)
                return
        self._trust = MAYBE

    def _old(self, pattern: re.Pattern[str], match: re.Match[str], pending: int) -> None:
        by_name = pattern is _KEEP_BY_NAME and match[1] in self._templates
        if by_name or (pattern is _KEEP and not match[0].startswith("/dev/")):
            self._finds(FILE, pending)
        elif pattern is _FORWARD:
            kind, target, port = match.groups(default="")
            protocol = "relp" if "relp" in kind else "tcp" if kind.startswith("@@") else "udp"
            self._finds((target, port, protocol), pending)


def _discards(given: Mapping[str, str]) -> bool:
    """Whether a full queue throws a login's messages away first (the default is to throw none away)."""
    least = given.get("queue.discardseverity", "8")
    return not least.isdecimal() or int(least) <= _INFO
