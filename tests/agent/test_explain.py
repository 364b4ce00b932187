"""`boltseal explain`."""

from __future__ import annotations

import json

import pytest

from agent import exits
from agent.__main__ import entry


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an id: all thirteen, and what to type next."""
    assert exits.OK == entry(["explain"])
    out = capsys.readouterr().out
    assert all(f"4.{number} " in out for number in range(1, 14))
    assert exits.OK == entry(["explain", "--json"])
    assert 13 <= len(json.loads(capsys.readouterr().out))


def test_one(capsys: pytest.CaptureFixture[str]) -> None:
    """One criterion, its checks with thresholds and remedies."""
    assert exits.OK == entry(["explain", "4.8", "--profile", "stig", "--mfa-reading", "conference"])
    out = capsys.readouterr().out
    assert out.startswith("4.8 ")
    assert "profile stig" in out
    assert "conference" in out
    assert exits.OK == entry(["explain", "4.8", "--json"])
    value = json.loads(capsys.readouterr().out)
    assert ("4.8", "nist", "text") == (value["id"], value["profile"], value["mfa_reading"])
    assert all({"id", "level", "wants", "remediation"} <= set(check) for check in value["checks"])
    assert value["documents"]


@pytest.mark.parametrize(
    ("argv", "code"), [(["9.9"], "criterion_unknown"), (["4.8", "--profile", "x"], "profile_unknown")]
)
def test_unknown(argv: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What there is none of is named, with what there is."""
    assert exits.USAGE == entry(["explain", *argv])
    assert f"[{code}]" in capsys.readouterr().err
