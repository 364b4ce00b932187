"""A small catalogue of its own, and scans judged by it, for the tests of what people see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agent.cost import Cost
from agent.judged import Judged, judge
from agent.scan import Scan
from config import criteria, section, shipped
from config.criterion import Catalogue
from config.feeds import Feeds

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_HEAD = """
id = "{id}"
title = "{title}"
level = "{level}"
functions = ["protect"]
requirement = "Do it."
link = "https://www.cbp.gov/"
[[parts]]
id = "{id}.a"
title = "Part"
requirement = "Do it."
documents = [{{ id = "{policy}-policy", title = "A policy", renewal_days = 365 }}]
"""
_CHECK = """
[[checks]]
id = "test.{id}.v1"
part = "{part}.a"
title = "{title}"
level = "{level}"
mfa = {mfa}
rationale = "Because."
references = {{ csf = ["PR.AA-01"] }}
remediation = {{ linux = "Set it." }}
clauses = [{{ fact = "{fact}", operator = "equals", expected = {expected} }}]
[[checks.examples]]
verdict = "unknown"
facts = {{}}
missing = {{ "{fact}" = "not_found" }}
"""


def catalogue() -> Catalogue:
    """Two criteria: 4.1 (must) with a must, a should and an MFA check, 4.4 (should) with one."""
    files = {
        name: shipped.catalogue_files()[name] for name in ("catalogue.toml", "facts.toml", "retired.toml")
    }
    must = _HEAD.format(id="4.1", title="First <of all>", level="must", policy="first")
    for number, level, fact, mfa in (
        ("one", "must", "sshd.installed", "false"),
        ("two", "should", "sshd.running", "false"),
        ("three", "guidance", "sshd.use_pam", "true"),
    ):
        title = f"Check {number} holds"
        must += _CHECK.format(
            id=number, part="4.1", title=title, level=level, mfa=mfa, fact=fact, expected="true"
        )
    should = _HEAD.format(id="4.4", title="Second", level="should", policy="second") + _CHECK.format(
        id="four",
        part="4.4",
        title="Check four holds",
        level="should",
        mfa="false",
        fact="os.id",
        expected='"debian"',
    )
    return criteria.load({**files, "4.1.toml": must.encode(), "4.4.toml": should.encode()})


def judged(
    facts: Mapping[str, Any],
    missing: dict[str, str] | None = None,
    reading: str = "text",
    source: str = "sshd -T",
    feeds: Feeds | None = None,
) -> Judged:
    """A scan that saw these facts, judged."""
    gone = missing or {}
    sources = dict.fromkeys((*facts, *gone), (source,))
    data = section.seal("sshd", 1, "collected", None, facts, gone, sources, b"s")
    scan = Scan("h-1", NOW, NOW, {"sshd": data}, {}, {"sshd": 3}, Cost(1200, 2300, 40_000), "linux")
    return judge(scan, catalogue(), shipped.profile("nist"), reading, feeds or Feeds())


def exploited(names: tuple[str, ...] = ("sudo",)) -> Judged:
    """A scan of a host where updates wait that close a hole of the baseline's list."""
    waiting = [
        {"name": name, "installed": "1", "available": "2", "advisories": ["CVE-2021-3156"]} for name in names
    ]
    system = {"os.id": "rhel", "os.version": "9.4", "os.support_ends_on": "2032-05-31"}
    return judged({**system, "updates.pending_security": waiting}, feeds=shipped.feeds())
