"""Signing: reports and losses in their places."""

from __future__ import annotations

from datetime import UTC, datetime

from agent import chain as chains
from agent.chain import Chain
from agent.cost import Cost
from agent.report import loss, privileges, report
from agent.scan import Scan
from config import envelope, keys, section, statement
from config.statement import Statement

KEY = keys.generate()
A, B = "a" * 64, "b" * 64
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def opened(text: str) -> Statement:
    """The statement, once its signature is verified."""
    return statement.decode(envelope.verify(envelope.decode(text.encode()), [KEY.public]).payload)


def found(role: str | None = "server") -> Scan:
    """A scan of two sections."""
    facts = {"host.role": role} if role else {}
    missing = {} if role else {"host.role": "timeout"}
    sealed = {
        "os": section.seal("os", 1, "collected", None, {"os.id": "debian"}, {}, {}, b"s"),
        "host": section.seal("host", 1, "collected", None, facts, missing, {}, b"s"),
    }
    return Scan("h-1", NOW, NOW, sealed, {}, {}, Cost(1, 2, 3), "linux")


def test_report() -> None:
    """Sections by name, the next number, the digest of the one before, waiting or not."""
    chain = chains.add(Chain(6, A), B)
    text, digest = report(found(), "h-1", chain, "scheduled", -3, KEY)
    said = opened(text)
    assert digest == statement.digest(envelope.decode(text.encode()).payload)
    assert ["host", "os"] == [subject.name for subject in said.subjects]
    told = said.predicate
    assert (8, B, "scheduled", -3, "server", privileges()) == tuple(
        told[name] for name in ("sequence", "previous", "trigger", "clock_offset_ms", "role", "privileges")
    )
    assert {"id": "h-1"} == told["observer"]


def test_unknown_role() -> None:
    """A role that was not seen is not made up."""
    text, _ = report(found(None), "h-1", Chain(), "manual", None, KEY)
    assert ("unknown", 1, None) == tuple(
        opened(text).predicate[name] for name in ("role", "sequence", "previous")
    )


def test_loss() -> None:
    """The same place gives the same bytes each time; the next report names what was lost."""
    chain = chains.lose(chains.add(Chain(6, A), B), 7, "spool_full", "2026-11-24T12:00:00Z")
    text, digest = loss(chain.waiting[0], "h-1", chain, KEY)
    assert (text, digest) == loss(chain.waiting[0], "h-1", chain, KEY)
    said = opened(text)
    assert [B] == [subject.sha256 for subject in said.subjects]
    assert (7, A, B, "spool_full") == tuple(
        said.predicate[name] for name in ("sequence", "previous", "lost_sha256", "reason")
    )
    after, _ = report(found(), "h-1", chain, "manual", None, KEY)
    assert B == opened(after).predicate["previous"]
