"""The in-memory twin of the door to a directory: entries of a fixture, and what may not be looked at.

    [cases.entries."CN=ana,CN=Users,DC=corp,DC=test"]
    objectSid = { sid = "S-1-5-21-1-2-3-1105" }     # binary
    pwdLastSet = { time = 2026-11-01T00:00:00Z }     # a FILETIME
    maxPwdAge = { span = 86400 }                     # seconds, stored as negative 100 ns
    userAccountControl = 512                         # numbers, texts and truths as a directory writes them
    member = ["CN=…", "CN=…"]                        # several values
    nTSecurityDescriptor = { allow = { "S-1-5-11" = 4 } }   # an access list: identifier and mask

    [cases.root]                                     # the root DSE
    [cases.unseen]
    "CN=…" = "permission_denied"                     # a search there gives this reason

    [cases.files]                                    # files of SYSVOL, below the domain's folder
    "Policies/{…}/GPT.INI" = "text"                  # or { utf16 = "…" }, { hex = "…" }, { unseen = "timeout" }

An entry that is `false` is not there. `hidden = true` in an entry: no search shows it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, Scope
from tests.collectors.twin import MOMENT

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


@dataclass
class Twin(Directory):
    """A directory of a test."""

    entries: Mapping[str, Entry]
    root: Entry
    base: str
    platform: str
    unseen: Mapping[str, str]
    files: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = MOMENT
    cache: dict[str, object] = field(default_factory=dict)

    def search(
        self, base: str, matching: str, attributes: Sequence[str], scope: Scope = "subtree"
    ) -> tuple[Entry, ...]:
        for name, reason in self.unseen.items():
            if base.lower() == name.lower():
                raise Unseen(reason, base)
        if base.lower() not in self.entries:
            raise Unseen("not_found", base)
        wanted = {name.lower() for name in attributes}
        within = [one for one in self.entries.values() if _within(one.dn.lower(), base.lower(), scope)]
        return tuple(
            Entry(one.dn, {name: values for name, values in one.attributes.items() if name in wanted})
            for one in within
            if fits(one, matching) and "hidden" not in one.attributes
        )

    def policy_file(self, path: str) -> bytes:
        given = {name.lower(): value for name, value in self.files.items()}.get(path.lower(), False)
        if given is False:
            raise Unseen("not_found", path)
        if isinstance(given, str):
            return given.encode()
        ((kind, value),) = given.items()
        if kind == "unseen":
            raise Unseen(value, path)
        return bytes.fromhex(value) if kind == "hex" else ("\ufeff" + value).encode("utf-16-le")


def twin(data: Mapping[str, Any]) -> Twin:
    """The directory of a case."""
    given = {dn: values for dn, values in data.get("entries", {}).items() if values is not False}
    entries = {dn.lower(): _entry(dn, values) for dn, values in given.items()}
    root = _entry("", data["root"])
    base = (root.texts("defaultNamingContext") or root.texts("namingContexts"))[0]
    platform = "ad" if root.values("defaultNamingContext") else "openldap"
    return Twin(
        entries, root, base, platform, data.get("unseen", {}), data.get("files", {}), data.get("now", MOMENT)
    )


def _entry(dn: str, given: Mapping[str, Any]) -> Entry:
    return Entry(
        dn,
        {
            name.lower(): tuple(_value(one) for one in (value if isinstance(value, list) else [value]))
            for name, value in given.items()
            if value != []
        },
    )


def _value(given: Any) -> bytes:
    if isinstance(given, bool):
        return b"TRUE" if given else b"FALSE"
    if not isinstance(given, dict):
        return str(given).encode()
    ((kind, value),) = given.items()
    if kind == "sid":
        return sid(value)
    if kind == "time":
        return str(int((value - _EPOCH).total_seconds()) * 10_000_000).encode()
    if kind == "span":
        return str(-value * 10_000_000).encode()
    if kind == "hex":
        return bytes.fromhex(value)
    return descriptor(value)


def sid(text: str) -> bytes:
    """A security identifier as bytes."""
    _, revision, authority, *parts = text.split("-")
    numbers = b"".join(struct.pack("<I", int(one)) for one in parts)
    return bytes([int(revision), len(parts)]) + int(authority).to_bytes(6, "big") + numbers


def descriptor(allowed: Mapping[str, int]) -> bytes:
    """A self-relative security descriptor that allows each identifier its mask."""
    lines = b"".join(
        struct.pack("<BBHI", 0, 0, 8 + len(sid(who)), mask) + sid(who) for who, mask in allowed.items()
    )
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(lines), len(allowed), 0) + lines
    return struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + acl


def _within(dn: str, base: str, scope: str) -> bool:
    if scope == "base":
        return dn == base
    below = dn.endswith("," + base)
    return (below and "," not in dn[: -len(base) - 1]) if scope == "one" else dn == base or below


def fits(one: Entry, matching: str) -> bool:
    """Whether an entry fits a filter of (name=value), (name=*), and &, | and ! of such."""
    inner = matching.removeprefix("(").removesuffix(")")
    if inner[0] in "&|!":
        parts = [fits(one, part) for part in re.findall(r"\([^()]*\)", inner[1:])]
        return not parts[0] if inner[0] == "!" else all(parts) if inner[0] == "&" else any(parts)
    name, _, value = inner.partition("=")
    if value == "*":
        return name.lower() == "objectclass" or bool(one.values(name))
    return value.lower() in (text.lower() for text in one.texts(name))
