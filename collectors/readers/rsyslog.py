"""Where rsyslog's configuration takes the host's own security messages (rsyslog.conf(5), RainerScript).

What counts is the way of a login's messages (authpriv, as PAM and sudo log, severity info): a rule for mail alone,
for errors alone, for some program, behind a `stop`, or in a ruleset that nothing calls, carries none or not all of
them. Where a condition that is not understood decides, that is said, and nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import forwarding, hostname, rsyslog_message, rsyslog_walk
from collectors.readers.rsyslog_message import MAYBE, NO, SURE
from collectors.readers.rsyslog_walk import Ruleset

MAIN: Final = "/etc/rsyslog.conf"
DEPTH_MAX: Final = 8
FILE_MAX_BYTES: Final = 256 * 1024
_OPEN: Final = "a statement that is not understood decides"
_DEFAULT: Final = "rsyslog_defaultruleset"

_COMMENT: Final = re.compile(r"""("(?:\\.|[^"\\\n])*"|'[^'\n]*')|#[^\n]*|/\*.*?\*/""", re.DOTALL)
_INCLUDE: Final = re.compile(
    r"""^[ \t]*(?:\$IncludeConfig[ \t]+(\S+)|include\s*\(((?:[^()"]|"(?:\\.|[^"\\])*")*)\))""",
    re.MULTILINE | re.IGNORECASE,
)
_RULESET: Final = re.compile(r"\bruleset\s*\(([^)]*)\)\s*\{", re.IGNORECASE)
_OLD_RULESET: Final = re.compile(r"^[ \t]*\$RuleSet[ \t]+(\S+)", re.MULTILINE | re.IGNORECASE)
_MAIN_RULESET: Final = re.compile(r"^[ \t]*\$DefaultRuleset[ \t]+(\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Destinations:
    """Where a login's messages end: `sent` as (host, port, protocol), and whether a `file` keeps them.

    `maybe_sent` and `maybe_file`: something more would, if conditions that are not understood held.
    """

    sent: tuple[tuple[str, str, str], ...] = ()
    file: bool = False
    maybe_sent: bool = False
    maybe_file: bool = False

    def away(self) -> set[str]:
        """The other hosts that get them. Raises `Unseen` where that is open for all."""
        found = forwarding.named(self.sent)
        if not found and self.maybe_sent:
            raise Unseen("unsupported", MAIN, _OPEN)
        return found

    def keeps(self) -> bool:
        """Whether a file keeps them. Raises `Unseen` where that is open."""
        if self.maybe_file and not self.file:
            raise Unseen("unsupported", MAIN, _OPEN)
        return self.file


def text(host: Host) -> str:
    """The configuration with its includes in their places and without comments."""
    return uncommented(_expanded(host, MAIN, 0))


def of(host: Host, journal_hands_on: Callable[[], bool]) -> Destinations:
    """Where the host's own messages end; nowhere if none come in."""
    plain = text(host)
    comes_in = hears_host(plain)
    if not comes_in or (comes_in == "socket" and not journal_hands_on()):
        return Destinations()
    return destinations(plain, hostname.short(host))


def hears_host(text: str) -> str:
    """How the host's own messages come in: "journal", "socket" (the journal must hand them on), or ""."""
    if re.search(r"\bimjournal\b", text):
        return "journal"
    socket = re.search(r"\bimuxsock\b", text)
    off = re.search(r"SysSock\.Use\s*=\s*\"off\"|\$OmitLocalLogging\s+on", text, re.IGNORECASE)
    return "socket" if socket and not off else ""


def destinations(plain: str, name: str | None = None) -> Destinations:
    """Follow logins' messages through a configuration: what holds for each of them counts."""
    main, rulesets = _split(plain)
    input_name = "imjournal" if hears_host(plain) == "journal" else "imuxsock"
    templates = rsyslog_walk.templates(plain)
    ways = []
    for program in rsyslog_message.MESSAGES:
        message = rsyslog_message.properties(program, name, input_name)
        walk = rsyslog_walk.Walk(message, rulesets, templates)
        walk.block(main, SURE, 0)
        ways.append(walk.found)
    all_found = {where: min(way.get(where, NO) for way in ways) for where in ways[0]}
    kept = all_found.pop(rsyslog_walk.FILE, NO)
    sent = tuple(where for where, how_sure in all_found.items() if how_sure == SURE)
    return Destinations(sent, kept == SURE, MAYBE in all_found.values(), kept == MAYBE)


def _expanded(host: Host, path: str, depth: int) -> str:
    if depth > DEPTH_MAX:
        raise Unseen("malformed", path, "includes nested too deep")

    def included(match: re.Match[str]) -> str:
        given = rsyslog_walk.parameters(match[2] or "")
        if "text" in given:
            return given["text"]
        pattern = match[1] or given.get("file", "")
        paths = glob(host, f"{pattern}*" if pattern.endswith("/") else pattern)
        if match[1] and not paths and not re.search(r"[*?\[]", pattern):
            return match[0]  # an error, which the walk comes upon
        return "\n".join(_expanded(host, one, depth + 1) for one in paths)

    return _INCLUDE.sub(included, re.sub(r"\\\n", " ", host.text(path, FILE_MAX_BYTES)))


def uncommented(raw: str) -> str:
    """The text without comments."""
    return _COMMENT.sub(lambda match: match[1] or "", raw)


def _split(plain: str) -> tuple[str, dict[str, Ruleset]]:
    """The statements that a message of the host meets first, and the rulesets by their names."""
    rest, at = "", 0
    found: dict[str, Ruleset] = {}
    while match := _RULESET.search(plain, at):
        body = rsyslog_walk.body(plain, match.end() - 1)
        given = rsyslog_walk.parameters(match[1])
        queued = any(name.startswith("queue.") for name in given)
        found[given.get("name", "").lower()] = Ruleset(body, queued)
        rest += plain[at : match.start()]
        at = match.end() + len(body) + 1
    main, *old = _OLD_RULESET.split(rest + plain[at:])
    for name, body in zip(old[::2], old[1::2], strict=True):
        before = found.get(name.lower(), Ruleset())
        if name.lower() == _DEFAULT:
            main += body
        else:
            found[name.lower()] = replace(before, body=before.body + body)
    if chosen := _MAIN_RULESET.findall(plain):
        main = found.get(chosen[-1].lower(), Ruleset(main)).body
    return main, found
