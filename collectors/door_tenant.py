"""The door to a tenant of an identity provider: read-only questions to its management API.

Whatever is asked is bounded: bytes of an answer and of a whole look, pages, requests, seconds. A listing is
whole or it is `Unseen`: half a list of users would hide those who lack a second factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

from collectors.door import Door

Record: TypeAlias = Mapping[str, Any]
"""One object of an answer; its fields are not to be believed before `readers.shapes` has looked at them."""

ANSWER_MAX_BYTES: Final = 8 * 1024 * 1024
LOOK_MAX_BYTES: Final = 256 * 1024 * 1024
PAGES_MAX: Final = 500
REQUESTS_MAX: Final = 20_000
ENTRIES_MAX: Final = 100_000
BUDGET_SECONDS: Final = 600.0


class Tenant(Door, Protocol):
    """One tenant. Paths are relative to the API's base address; every method raises `Unseen` when it cannot look."""

    name: str
    """Which tenant it is, as its settings call it."""

    def pages(self, path: str, params: Mapping[str, str] | None = None, key: str = "value") -> list[Record]:
        """Every entry of a listing, over all its pages; `key` names the list, "" where it is the answer."""
        ...

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Record:
        """One object."""
        ...

    def scopes(self) -> tuple[str, ...]:
        """What the provider granted, sorted; `unsupported` where its kind of token does not tell."""
        ...
