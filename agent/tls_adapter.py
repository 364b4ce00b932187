"""The requests adapter that uses a TLS context of ours; a module of its own, since it imports requests."""

from __future__ import annotations

import ssl
from typing import Any

from requests.adapters import HTTPAdapter


class ContextAdapter(HTTPAdapter):
    """Connections, also those through a proxy, are made with the given context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As the base class does, with the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """As the base class does, with the context."""
        return super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)
