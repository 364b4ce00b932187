"""The door to a directory: one search after the other, over LDAP.

Values are bytes, as the directory sent them; names of attributes are looked up without regard to case. An
answer that was not sent whole (a page is missing, a limit was met, a part lies on another server) is an
`Unseen` and never a shorter list. What the account that asks may not read is left out by directories without
a word: collectors must not take that for absence, see `readers.ad_rights`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from collectors.door import Door, Unseen

ENTRIES_MAX: Final = 200_000
BYTES_MAX: Final = 256 * 1024 * 1024
PAGE_ENTRIES: Final = 500
ANSWER_MAX_SECONDS: Final = 30
"""For connecting, and for each piece of an answer."""

Scope = Literal["base", "one", "subtree"]


class Entry(NamedTuple):
    """One entry: its name, and values by the name of the attribute in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def values(self, name: str) -> tuple[bytes, ...]:
        """All values of an attribute; none where it is not there or may not be read."""
        return self.attributes.get(name.lower(), ())

    def one(self, name: str) -> bytes | None:
        """The only value of an attribute. `malformed` where there are several."""
        values = self.values(name)
        if len(values) > 1:
            raise Unseen("malformed", f"{name} of {self.dn}", "several values")
        return values[0] if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """All values as text; bytes that are not UTF-8 become U+FFFD."""
        return tuple(value.decode("utf-8", "replace") for value in self.values(name))

    def text(self, name: str) -> str | None:
        """The only value as text."""
        value = self.one(name)
        return None if value is None else value.decode("utf-8", "replace")

    def number(self, name: str) -> int | None:
        """The only value as a whole number. `malformed` where it is none."""
        value = self.one(name)
        try:
            return None if value is None else int(value.decode("ascii"))
        except ValueError:
            raise Unseen("malformed", f"{name} of {self.dn}", "no number") from None

    def truth(self, name: str) -> bool | None:
        """The only value as TRUE or FALSE. `malformed` where it is neither."""
        value = self.one(name)
        if value is None:
            return None
        if value not in (b"TRUE", b"FALSE"):
            raise Unseen("malformed", f"{name} of {self.dn}", "neither TRUE nor FALSE")
        return value == b"TRUE"


class Directory(Door, Protocol):
    """One directory, seen by one account."""

    root: Entry
    """What the server says of itself (the root DSE)."""
    base: str
    """Name of the tree that is looked at: a domain, or a suffix."""

    def search(
        self, base: str, matching: str, attributes: Sequence[str], scope: Scope = "subtree"
    ) -> tuple[Entry, ...]:
        """The entries that fit, all of them. `not_found` where the base is not there or may not be seen."""
        ...

    def policy_file(self, path: str) -> bytes:
        """A file of the domain's group policies: `Policies/{GUID}/GPT.INI`. Active Directory alone has such."""
        ...


def entry(door: Directory, dn: str, attributes: Sequence[str]) -> Entry:
    """One entry by its name. `not_found` where it is not there or may not be seen."""
    found = door.search(dn, "(objectClass=*)", attributes, "base")
    if not found:
        raise Unseen("not_found", dn)
    return found[0]


def needed(found: Entry, *names: str) -> None:
    """`permission_denied` for the first of these attributes that every such entry has and this one does not show."""
    for name in names:
        if not found.values(name):
            raise Unseen("permission_denied", f"{name} of {found.dn}")
