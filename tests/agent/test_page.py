"""The page: one file, no script, nothing fetched, every text escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from agent.page import page
from tests.agent.judging import exploited, judged


@pytest.fixture(scope="module")
def shown() -> str:
    """A page with a hostile source."""
    source = "/etc/<script>alert(1)</script>\x1b"
    return page(judged({"sshd.installed": False}, {"sshd.use_pam": "timeout"}, source=source))


class Tags(HTMLParser):
    """Collects tags and attributes; void elements aside, each must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open one."""
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost."""
        assert self.open.pop() == tag


def test_page(shown: str) -> None:
    """Well-formed, self-contained, without script, link or image."""
    tags = Tags()
    tags.feed(shown)
    assert [] == tags.open
    assert tags.seen.isdisjoint({"script", "link", "img", "iframe", "a", "form"})
    assert tags.attributes.isdisjoint({"src", "href", "style", "onclick"})
    assert "default-src 'none'" in shown
    assert not re.search(r"url\(|@import|https?://", shown)


def test_content(shown: str) -> None:
    """What the table shows with --all, escaped."""
    assert "First &lt;of all&gt;" in shown
    assert "/etc/&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "\x1b" not in shown
    for words in ("✕ not met", "Check one holds", "Check two holds", "timeout", "A policy", "profile nist"):
        assert words in shown


def test_exploited() -> None:
    """A hole that is known to be exploited comes before the criteria."""
    text = page(exploited(("<b>sudo",)))
    assert text.index("&lt;b&gt;sudo (CVE-2021-3156") < text.index("<h2>Must</h2>")
    assert "<dt>Feeds</dt><dd>kev of " in text


def test_same() -> None:
    """The same scan gives the same bytes."""
    assert page(judged({"sshd.installed": True})) == page(judged({"sshd.installed": True}))
