"""Whether nft would load a file, by its text (nft(8)): for a root, where nft cannot be asked.

With one bad word in it nothing is loaded at the next start. So only what is understood to its last character loads;
for everything else, right or wrong, nobody knows. Words that nft resolves at the time of loading (hosts, users,
interfaces' numbers) are among the latter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from collectors.readers import nft_rule

_WORD: Final = r'(?:"[^"\n$]*"|(?!ip|icmp|rt)[\w.:/-]*\d[\w.:/-]*)'
_DEFINE: Final = re.compile(
    rf"^ ?define (\w+) = ({_WORD}|\{{[ \n]*{_WORD}(?:,[ \n]*{_WORD})*[ \n]*\}}) ?$", re.MULTILINE
)
_VARIABLE: Final = re.compile(r"((?:port|addr|ifname)(?: !=)? |[{,=][ \n]*)\$(\w+)\b")
_BLANK: Final = r"[ \t]*"
_SEPARATORS: Final = re.compile(rf"(?:{_BLANK}[\n;])*{_BLANK}")
_ENDS: Final = re.compile(rf"{_BLANK}(?:[\n;]|$)")
_FLUSH: Final = re.compile(r"flush ruleset(?: inet| ip6?)?(?=[ \t]*[\n;])")
_TABLE: Final = re.compile(rf"(?:add )?table (?:(inet|ip6?) )?{nft_rule.NAME} ?\{{")
_DELETE: Final = re.compile(
    rf"table (?:(inet|ip6?) )?{nft_rule.NAME}\n(?:delete|flush) table (?:\1 )?\2(?=\n)"
)
_CHAIN: Final = re.compile(rf"chain {nft_rule.NAME} ?\{{")
_SET: Final = re.compile(rf"set {nft_rule.NAME} ?\{{")
_CLOSE: Final = re.compile(r"\}")
_HOOK: Final = re.compile(r"type (filter|nat) hook (\w+) priority ([\w -]+?)(?=[ \t]*[;\n])")
_POLICY: Final = re.compile(r"policy (accept|drop)(?=[ \t]*[;\n])")
_RULE: Final = re.compile(r'(?:"[^"\n]*"|\{(?:"[^"\n]*"|[^{}";])*\}|[^"{};\n])+')
_OF_A_SET: Final = (
    re.compile(r"type (ipv4_addr|ipv6_addr|inet_service|ifname|inet_proto)(?=[ \t]*[;\n])"),
    re.compile(r"flags interval(?=[ \t]*[;\n])"),
    re.compile(r"elements = \{([^{}\";]+)\}"),
)
_HOOKS: Final = {
    "filter": ("prerouting", "input", "forward", "output", "postrouting"),
    "nat": ("prerouting", "input", "output", "postrouting"),
}
_NAMED_PRIORITY: Final = {"raw": None, "mangle": None, "filter": None, "security": None} | {
    "dstnat": ("prerouting", "output"),
    "srcnat": ("input", "postrouting"),
}


class NotUnderstood(Exception):
    """The first piece of a text that is not understood."""


def check(text: str, services: Mapping[str, int]) -> None:
    """Raises `NotUnderstood` unless nft would load this text without comments; `services` are ports by name."""
    plain = re.sub(r"[ \t]+", " ", text.replace("\\\n", " "))
    if strange := re.search(r"[^ -~\n]", plain):
        raise NotUnderstood(f"the letter {strange[0]!r}")
    _File(re.sub(r"(?m)^ | $", "", _substituted(plain)), services).read()


def _substituted(text: str) -> str:
    """The text with its variables put in; what they hold comes before they are used."""
    values: dict[str, str] = {}
    pieces = []
    at = 0
    for found in _DEFINE.finditer(text):
        before = text[: found.start()]
        if (
            found[1] in values
            or before.count("{") != before.count("}")
            or "\n\n" in found[2].replace(" ", "")
        ):
            raise NotUnderstood(found[0])
        pieces.append(_put_in(text[at : found.start()], values))
        values[found[1]] = found[2]
        at = found.end()
    return "".join([*pieces, _put_in(text[at:], values)])


def _put_in(text: str, values: Mapping[str, str]) -> str:
    names = _VARIABLE.findall(text)
    if len(names) != text.count("$") or not {name for _, name in names} <= values.keys():
        raise NotUnderstood("a variable")
    return _VARIABLE.sub(lambda found: found[1] + values[found[2]], text)


class _File:
    """A text, and how far it was read."""

    def __init__(self, text: str, services: Mapping[str, int]) -> None:
        self.text = text
        self.at = 0
        self.services = services
        self.tables: set[tuple[str, str]] = set()

    def read(self) -> None:
        """All of it: tables, one by one."""
        while self.skip() < len(self.text):
            if self.take(_FLUSH) or self.take(_DELETE):
                self.need(_ENDS)
                continue
            found = self.need(_TABLE)
            key = (found[1] or "ip", found[2])
            if key in self.tables:  # adds to the first
                raise NotUnderstood(found[0])
            self.tables.add(key)
            self.table(key[0])

    def skip(self) -> int:
        """Go past what separates statements."""
        found = _SEPARATORS.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def need(self, pattern: re.Pattern[str]) -> re.Match[str]:
        if found := self.take(pattern):
            return found
        raise NotUnderstood(self.text[self.at : self.at + 60].partition("\n")[0])

    def table(self, family: str) -> None:
        """Chains and sets up to the end of the table; then what its rules refer to must be there."""
        made = nft_rule.Table(family, self.services)
        while self.skip() >= 0 and not self.take(_CLOSE):
            if found := self.take(_CHAIN):
                self.chain(found[1], made)
            else:
                self.set(self.need(_SET)[1], made)
            self.need(_ENDS)
        self.need(_ENDS)
        if reason := made.refers_to_nothing():
            raise NotUnderstood(reason)

    def chain(self, name: str, made: nft_rule.Table) -> None:
        if name in made.chains:
            raise NotUnderstood(name)
        chain = made.chains.setdefault(name, nft_rule.Chain())
        while self.skip() >= 0 and not self.take(_CLOSE):
            if hook := self.take(_HOOK):
                if chain.hook or not _is_place(*hook.groups()):
                    raise NotUnderstood(hook[0])
                chain.hook, chain.kind = hook[2], hook[1]
            elif policy := self.take(_POLICY):
                if not chain.hook or (chain.kind == "nat" and policy[1] == "drop"):
                    raise NotUnderstood(policy[0])
            else:
                rule = self.need(_RULE)[0].strip(" ")
                if not nft_rule.loads(rule, made, chain):
                    raise NotUnderstood(rule)
            self.need(_ENDS)

    def set(self, name: str, made: nft_rule.Table) -> None:
        given = [""] * len(_OF_A_SET)
        while self.skip() >= 0 and not self.take(_CLOSE):
            for place, pattern in enumerate(_OF_A_SET):
                if found := self.take(pattern):
                    if given[place]:
                        raise NotUnderstood(name)
                    given[place] = found[found.re.groups]
                    break
            else:
                raise NotUnderstood(f"set {name}")
            self.need(_ENDS)
        kind, interval, elements = given
        if name in made.sets or not kind or not nft_rule.elements(kind, bool(interval), elements, made):
            raise NotUnderstood(f"set {name}")
        made.sets[name] = kind


def _is_place(kind: str, hook: str, priority: str) -> bool:
    """Whether a chain of this kind may be hooked here."""
    if hook not in _HOOKS[kind]:
        return False
    named = re.fullmatch(r"(\w+?)(?: [+-] \d{1,4})?", priority)
    if re.fullmatch(r"-?\d{1,4}", priority):
        return kind == "filter" or int(priority) > -200
    if not named or named[1] not in _NAMED_PRIORITY:
        return False
    hooks = _NAMED_PRIORITY[named[1]]
    return (hooks is None and kind == "filter") or (hooks is not None and hook in hooks)
