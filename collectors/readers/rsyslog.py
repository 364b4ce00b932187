"""Where rsyslog's configuration takes the host's own security messages (rsyslog.conf(5), RainerScript).

A message walks the statements in their order until a `stop`. What counts is the path of a login's message
(authpriv, as PAM and sudo log, severity info): a rule for mail alone, for errors alone, below a condition on some
program, behind a `stop`, or in a ruleset that nothing calls, carries none. A condition that is not understood counts
as narrowing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from collectors.door import Host, Unseen, glob

MAIN: Final = "/etc/rsyslog.conf"
DEPTH_MAX: Final = 8
FILE_MAX_BYTES: Final = 256 * 1024
_LEVELS: Final = ("debug", "info", "notice", "warning", "err", "crit", "alert", "emerg")
_INFO: Final = 6
_OLD_LEVELS: Final = {"warn": "warning", "error": "err", "panic": "emerg"}

_COMMENT: Final = re.compile(r"""("(?:\\.|[^"\\\n])*"|'[^'\n]*')|#[^\n]*|/\*.*?\*/""", re.DOTALL)
_INCLUDE: Final = re.compile(
    r"""^[ \t]*(?:\$IncludeConfig\s+(\S+)|include\s*\(\s*file\s*=\s*"([^"]+)"[^)]*\))""",
    re.MULTILINE | re.IGNORECASE,
)
_PARAMETER: Final = re.compile(r"""([\w.]+)\s*=\s*\[?\s*["']([^"']*)["']""")
_RULESET: Final = re.compile(r"\bruleset\s*\(([^)]*)\)\s*\{", re.IGNORECASE)
_OBJECT: Final = re.compile(r"(\w+)\s*\(((?:[^()\"']|\"(?:\\.|[^\"\\])*\"|'[^']*'|\([^()]*\))*)\)", re.DOTALL)
_IF: Final = re.compile(r"(?:else\s+)?if\b((?:[^\"']|\"(?:\\.|[^\"\\])*\"|'[^']*')*?)\bthen\b", re.IGNORECASE)
_SELECTOR: Final = re.compile(r"([\w*,]+\.[=!]*[\w*]+(?:;[\w*,]+\.[=!]*[\w*]+)*);?\s+")
_BRACE: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[{}]", re.DOTALL)
_STOP: Final = re.compile(r"(?:stop|discard)\b|~(?=\s|\}|$)")
_CALL: Final = re.compile(r"call\s+([\w.-]+)")
_PROPERTY: Final = re.compile(r":[\w$!.-]+\s*,\s*(!?)\w+\s*,\s*\"(?:\\.|[^\"\\])*\"\s*")
_FORWARD: Final = re.compile(r"(@@?(?:\([^)\n]*\))?|:omrelp:)(\[[0-9a-fA-F:]+\]|[^\s;:]+)(?::(\d+))?")
_SENDERS: Final = {
    "omfwd": "target",
    "omrelp": "target",
    "omelasticsearch": "server",
    "omkafka": "broker",
} | {
    "omhttp": "server",
    "omhiredis": "server",
}


@dataclass
class Destinations:
    """Where a login's message ends: `sent` as (host, port, protocol), and whether a `file` keeps it."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    file: bool = False


def text(host: Host) -> str:
    """The configuration with its includes in their places and without comments."""
    return uncommented(_expanded(host, MAIN, 0))


def hears_host(text: str) -> str:
    """How the host's own messages come in: "journal", "socket" (the journal must hand them on), or ""."""
    if re.search(r"\bimjournal\b", text):
        return "journal"
    socket = re.search(r"\bimuxsock\b", text)
    off = re.search(r"SysSock\.Use\s*=\s*\"off\"|\$OmitLocalLogging\s+on", text, re.IGNORECASE)
    return "socket" if socket and not off else ""


def destinations(plain: str) -> Destinations:
    """Follow a login's message through a configuration."""
    main, rulesets = _split(plain)
    walk = _Walk(rulesets)
    walk.block(main, True, 0)
    return walk.found


def carries(selector: str) -> bool:
    """Whether a selector such as `*.info;mail.none` lets a login's message through."""
    passed = frozenset[str]()
    for part in selector.lower().split(";"):
        names, _, level = part.rpartition(".")
        if not {"*", "authpriv"}.isdisjoint(names.split(",")):
            passed = _passed(passed, level)
    return "info" in passed


def _passed(before: frozenset[str], level: str) -> frozenset[str]:
    """The severities that pass after one more `facility.level`: `info`, `=info`, `!info`, `!=info`, `none`."""
    if level == "none":
        return frozenset()
    bare = _OLD_LEVELS.get(level.lstrip("=!"), level.lstrip("=!"))
    at = _LEVELS.index(bare) if bare in _LEVELS else 0
    levels = frozenset({bare} if "=" in level else _LEVELS[at:])
    return before - levels if "!" in level else before | levels


class _Walk:
    """One walk through the statements."""

    def __init__(self, rulesets: dict[str, str]) -> None:
        self.rulesets = rulesets
        self.found = Destinations()

    def block(self, plain: str, reaches: bool, depth: int) -> bool:
        """Walk a block that the message `reaches` or not; whether it comes out at the end."""
        at, last, pending = 0, True, reaches
        while at < len(plain) and depth <= DEPTH_MAX:
            if match := re.compile(r"\s+|;|&[ \t]*").match(plain, at):
                pending = reaches and last if "&" in match[0] else pending
            elif match := _IF.match(plain, at):
                base = reaches and not (last and match[0][:4].lower() == "else")
                last = _meets(match[1])
                pending = base and last
            elif match := re.compile(r"else\b", re.IGNORECASE).match(plain, at):
                pending = reaches and not last
            elif match := _PROPERTY.match(plain, at):
                last = bool(match[1])
                pending = reaches and last
            elif match := _SELECTOR.match(plain, at):
                last = carries(match[1])
                pending = reaches and last
            else:
                at, goes_on = self._act(plain, at, pending, depth)
                reaches = reaches and (goes_on or not pending)
                pending = reaches
                continue
            at = match.end()
        return reaches

    def _act(self, plain: str, at: int, pending: bool, depth: int) -> tuple[int, bool]:
        """Take one action; where it ends, and whether the message goes on behind it."""
        if plain[at] == "{":
            body = _body(plain, at)
            return at + len(body) + 2, self.block(body, pending, depth + 1)
        if match := _STOP.match(plain, at):
            return match.end(), False
        if match := _CALL.match(plain, at):
            return match.end(), self.block(self.rulesets.get(match[1].lower(), ""), pending, depth + 1)
        if match := _OBJECT.match(plain, at):
            if match[1].lower() == "action" and pending:
                self._object({name.lower(): value for name, value in _PARAMETER.findall(match[2])})
            return match.end(), True
        end = plain.find("\n", at)
        end = len(plain) if end < 0 else end
        if pending:
            self._legacy(plain[at:end].strip())
        return max(end, at + 1), True

    def _object(self, given: dict[str, str]) -> None:
        kind = given.get("type", "").lower()
        if given.get("config.enabled", "on").lower() in ("off", "no", "0", "false"):
            return
        if kind == "omfile" and (given.get("file") or given.get("dynafile")):
            self.found.file = True
        target = given.get(_SENDERS.get(kind, ""), "")
        if target:
            protocol = given.get("protocol", "udp").lower() if kind == "omfwd" else kind.removeprefix("om")
            self.found.sent.append((target, given.get("port", ""), protocol))

    def _legacy(self, action: str) -> None:
        if re.match(r"-?/(?!dev/)|-?\?\w", action):
            self.found.file = True
        if match := _FORWARD.match(action):
            kind, target, port = match.groups(default="")
            protocol = "relp" if "relp" in kind else "tcp" if kind.startswith("@@") else "udp"
            self.found.sent.append((target, port, protocol))


def _meets(condition: str) -> bool:
    """Whether a login's message meets a condition; False where that is not understood."""
    lower = condition.lower().strip()
    if re.match(r"not\b", lower):
        return not re.search(r"auth|prifilt|severity|fromhost-ip|inputname", lower)
    for word, together in (("or", any), ("and", all)):
        if len(parts := re.split(rf"\b{word}\b", lower)) > 1:
            return together(_meets(part) for part in parts)
    if match := re.search(r"prifilt\s*\(\s*[\"']([^\"']+)", lower):
        return carries(match[1])
    if match := re.search(r"\$syslogseverity\s*(<=?)\s*[\"']?(\d)", lower):
        return int(match[2]) + (match[1] == "<=") > _INFO
    if re.search(r"\$syslogfacility(?:-text)?\s*==\s*[\"']?(?:authpriv|10)\b", lower):
        return True
    if re.search(r"\$(?:fromhost-ip|inputname)\s*==\s*[\"'](?:127\.0\.0\.1|imuxsock|imjournal)", lower):
        return True
    return bool(re.search(r"!=|<>", lower)) and not re.search(r"auth|fromhost-ip|inputname", lower)


def _expanded(host: Host, path: str, depth: int) -> str:
    if depth > DEPTH_MAX:
        raise Unseen("malformed", path, "includes nested too deep")

    def included(match: re.Match[str]) -> str:
        return "\n".join(_expanded(host, one, depth + 1) for one in glob(host, match[1] or match[2]))

    return _INCLUDE.sub(included, re.sub(r"\\\n", " ", host.text(path, FILE_MAX_BYTES)))


def uncommented(raw: str) -> str:
    """The text without comments."""
    return _COMMENT.sub(lambda match: match[1] or "", raw)


def _body(plain: str, at: int) -> str:
    """What stands between the brace at a place and its partner, quoted braces aside."""
    depth = 0
    for match in _BRACE.finditer(plain, at):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0 and match[0] == "}":
            return plain[at + 1 : match.start()]
    return plain[at + 1 :]


def _split(plain: str) -> tuple[str, dict[str, str]]:
    """The statements outside of rulesets, and each ruleset's body by its name."""
    main, found, at = "", {}, 0
    while match := _RULESET.search(plain, at):
        given = {name.lower(): value for name, value in _PARAMETER.findall(match[1])}
        body = _body(plain, match.end() - 1)
        found[given.get("name", "").lower()] = body
        main += plain[at : match.start()]
        at = match.end() + len(body) + 1
    return main + plain[at:], found
