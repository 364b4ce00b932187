"""Somebody who opens pages: Django's test client, and a reader of what comes back."""

import html
import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Page:
    """An answer, read."""

    status: int
    markup: str
    data: bytes
    response: Any

    @property
    def text(self) -> str:
        """What a person reads."""
        return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", self.markup))).strip()

    @property
    def heading(self) -> str:
        """The page's one heading."""
        (found,) = re.findall(r"<h1[^>]*>(.*?)</h1>", self.markup, re.DOTALL)
        return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", found))).strip()

    @property
    def location(self) -> str:
        """Where it leads."""
        return str(self.response.headers["Location"])

    def links(self) -> list[str]:
        """Every address that the page leads to on this server."""
        return [html.unescape(each) for each in re.findall(r'href="(/[^"]*)"', self.markup)]


class Visitor:
    """One browser without scripts."""

    def __init__(self, enforce_csrf_checks: bool = False) -> None:
        scope: dict[str, Any] = {"SERVER_NAME": "localhost", "wsgi.url_scheme": "https"}
        self.client = Client(enforce_csrf_checks, **scope)

    def get(self, path: str, **headers: str) -> Page:
        """Open an address."""
        return _page(self.client.get(path, headers=headers))

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Page:
        """Send a form."""
        return _page(self.client.post(path, data or {}, headers=headers))


def _page(response: Any) -> Page:
    is_text = response.headers.get("Content-Type", "").startswith(("text/", "application/json"))
    return Page(
        response.status_code, response.content.decode() if is_text else "", response.content, response
    )
