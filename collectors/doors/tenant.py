"""A real tenant: an API of a provider, asked page by page with tokens that fit the question.

What differs between providers stands in `Provider`; `connect` makes the door from a settings file.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from collectors.door import Unseen
from collectors.door_tenant import BUDGET_SECONDS, ENTRIES_MAX, PAGES_MAX, Record
from collectors.doors import tenant_settings
from collectors.doors.connecting import ConnectError
from collectors.doors.tenant_token import Token, Tokens
from collectors.doors.tenant_wire import Reply, Wire, origin, place, session

PROVIDERS: Final = ("entra", "google", "okta")
_SHARE: Final = 0.9
_BESIDE: Final = frozenset({"kind", "etag", "etags", "nextPageToken"})


@dataclass(frozen=True)
class Provider:
    """How one provider is asked: `base` address, the scope for a path, how a token is sent, where the next page is."""

    name: str
    base: str
    tokens: Tokens
    scope_of: Callable[[str], str]
    next_page: Callable[[Reply, Any, str], str | None]
    scopes: Callable[[Mapping[str, Token]], tuple[str, ...]]
    bases: Mapping[str, str] = field(default_factory=dict)
    """Other base addresses, by how a path begins."""
    bearer: str = "Bearer"
    leaves_out_empty: bool = False
    """An empty list is left out of the answer, as Google does."""


@dataclass
class Api:
    """The door to a tenant; see `collectors.door_tenant.Tenant`."""

    platform: str
    provider: Provider
    wire: Wire
    now: datetime
    cache: dict[str, object] = field(default_factory=dict)
    _asked: dict[tuple[str, str | None], list[Record] | Unseen] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Which tenant it is."""
        return self.provider.name

    def scopes(self) -> tuple[str, ...]:
        """What the provider granted."""
        return self.provider.scopes(self.provider.tokens.held)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Record:
        """One object. Asked once a look, so that all facts are made of the same answer."""
        url = self._url(path, params)
        return self._once((url, None), lambda: self._object(path, url))[0]

    def pages(self, path: str, params: Mapping[str, str] | None = None, key: str = "value") -> list[Record]:
        """Every entry of a listing. Asked once a look; a listing that broke off stays unseen."""
        url = self._url(path, params)
        return self._once((url, key), lambda: self._pages(path, url, key))

    def _once(self, asked: tuple[str, str | None], ask: Callable[[], list[Record]]) -> list[Record]:
        if asked not in self._asked:
            try:
                self._asked[asked] = ask()
            except Unseen as unseen:
                self._asked[asked] = unseen
        kept = self._asked[asked]
        if isinstance(kept, Unseen):
            raise kept
        return kept

    def _object(self, path: str, url: str) -> list[Record]:
        told = self._ask(path, url).json()
        if not isinstance(told, dict):
            raise Unseen("malformed", place(url), "no object")
        return [told]

    def _pages(self, path: str, first: str, key: str) -> list[Record]:
        found: list[Record] = []
        url: str | None = first
        seen: set[str] = set()
        while url is not None:
            if origin(url) != origin(first):
                raise Unseen("malformed", place(first), "the next page lies at another origin")
            if url in seen:
                raise Unseen("malformed", place(first), "the pages go round in a circle")
            seen.add(url)
            reply = self._ask(path, url)
            told = reply.json()
            found += _entries(told, key, url, self.provider.leaves_out_empty)
            if len(found) > ENTRIES_MAX or len(seen) > PAGES_MAX:
                raise Unseen(
                    "too_large", place(first), f"more than {ENTRIES_MAX} entries or {PAGES_MAX} pages"
                )
            url = self.provider.next_page(reply, told, first)
        return found

    def _ask(self, path: str, url: str) -> Reply:
        scope = self.provider.scope_of(path)
        for fresh in (False, True):
            token = self.provider.tokens.of(scope, fresh)
            sent = {"Authorization": f"{self.provider.bearer} {token.text}"}
            reply = self.wire.ask("GET", url, sent)
            if reply.status != 401:
                return reply
        raise Unseen("permission_denied", place(url), "HTTP 401 with a fresh token")

    def _url(self, path: str, params: Mapping[str, str] | None) -> str:
        base = next(
            (at for begin, at in self.provider.bases.items() if path.startswith(begin)), self.provider.base
        )
        query = urlencode(params or {}, quote_via=quote, safe="$,")  # a space as %20: OData knows no plus
        return f"{base}/{path}" + (f"?{query}" if query else "")


def _entries(told: Any, key: str, url: str, leaves_out: bool) -> list[Record]:
    listed = told if key == "" else told.get(key) if isinstance(told, dict) else None
    if leaves_out and isinstance(told, dict) and key not in told and told.keys() <= _BESIDE:
        return []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Unseen("malformed", place(url), f"no list of objects in {key or 'the answer'}")
    return listed


def connect(platform: str, settings: str | Path, budget_seconds: float = BUDGET_SECONDS) -> Api:
    """The door to the tenant that a settings file names.

    ConnectError for settings that cannot be used; nothing is asked before the first question of a collector. The
    door stops a little before its time, so that what was seen until then is told.
    """
    if platform not in PROVIDERS:
        raise ConnectError(
            "tenant_unknown", f"no such provider: {platform}", f"there are {', '.join(PROVIDERS)}"
        )
    module = importlib.import_module(f"collectors.doors.tenant_{platform}")
    try:
        table = tenant_settings.read(settings, module.SETTINGS)
        ca, proxy = table.values.get("ca_file"), table.values.get("proxy")
        verify = _authority(table.folder / ca) if ca else True
        wire = Wire(session(proxy, module.base(table)), verify, time.monotonic() + budget_seconds * _SHARE)
        return Api(platform, module.provider(table, wire), wire, datetime.now(UTC))
    except ValueError as error:
        raise ConnectError("tenant_settings_unusable", str(error), "see docs/sources.md") from None


def _authority(path: Path) -> str:
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    return str(path)
