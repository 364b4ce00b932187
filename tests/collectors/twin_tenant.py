"""The in-memory twin of a tenant's door: listings and objects by path, as JSON from the vendors' documents.

Keys of a case: `pages` and `objects` map a path (with `?` and the filter, where it is asked with one) to JSON text or
to "!reason detail"; `scopes` is what was granted, or such a word. A path that is not named may not be asked: it is
`permission_denied`, as without its right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors.door import Unseen
from collectors.door_tenant import Record
from tests.collectors.twin import MOMENT


@dataclass
class TenantTwin:
    """One made-up tenant."""

    platform: str
    listings: Mapping[str, str]
    objects: Mapping[str, str]
    granted: list[str] | str = "!unsupported"
    name: str = "contoso.example"
    now: datetime = MOMENT
    cache: dict[str, object] = field(default_factory=dict)

    def pages(self, path: str, params: Mapping[str, str] | None = None, key: str = "value") -> list[Record]:
        """See `collectors.door_tenant.Tenant`."""
        found = _told(self.listings, path, params)
        assert isinstance(found, list), path
        return found

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Record:
        """See `collectors.door_tenant.Tenant`."""
        found = _told(self.objects, path, params)
        assert isinstance(found, dict), path
        return found

    def scopes(self) -> tuple[str, ...]:
        """See `collectors.door_tenant.Tenant`."""
        if isinstance(self.granted, str):
            raise Unseen(self.granted[1:], "the token")
        return tuple(self.granted)


def _told(by_path: Mapping[str, str], path: str, params: Mapping[str, str] | None) -> Any:
    asked = (params or {}).get("$filter") or (params or {}).get("type") or (params or {}).get("filter")
    text = by_path.get(f"{path}?{asked}") or by_path.get(path) or "!permission_denied"
    if text.startswith("!"):
        reason, _, detail = text[1:].partition(" ")
        raise Unseen(reason, path, detail)
    return json.loads(text)


def twin(data: dict[str, Any]) -> TenantTwin:
    """The door of a case."""
    return TenantTwin(
        data["platform"],
        data.get("pages", {}),
        data.get("objects", {}),
        data.get("scopes", "!unsupported"),
        now=data.get("now", MOMENT),
    )
