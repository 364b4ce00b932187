"""`boltseal verify`: what it says of a bundle that holds, and of one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import exits, verify
from agent.__main__ import entry
from config import bundle_check
from config.checked import BundleError, Checked
from config.errors import InputError
from config.standing import Standing

KEY = "0123456789abcdef" * 4


def checked(ok: bool) -> Checked:
    """What a check found."""
    manifest = {"moment": "2026-11-24T12:00:00Z"}
    return Checked(
        ok,
        ("1. First.", "2. Second."),
        ("no timestamp",),
        ("2 reports lost",),
        {"hosts": 1},
        manifest,
        Standing(()),
    )


def holds(data: bytes, fingerprint: str) -> Checked:
    """A check that finds everything right."""
    assert (b"a bundle", KEY) == (data, fingerprint)
    return checked(ok=True)


def differs(data: bytes, fingerprint: str) -> Checked:
    """A check that finds a member altered, whose name would steer a terminal."""
    raise BundleError(InputError("bundle_member_altered", "a\x1b[2Jb: altered", "hint"), checked(ok=False))


def run(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    check: Callable[[bytes, str], Checked],
    *argv: str,
    key: str = KEY,
) -> int:
    """The command on a file, with this check."""
    monkeypatch.setattr(bundle_check, "check", check)
    (tmp_path / "bundle.zip").write_bytes(b"a bundle")
    return entry(["verify", str(tmp_path / "bundle.zip"), "--server-key", key, *argv])


@pytest.mark.parametrize("key", [KEY, KEY.upper(), ":".join(KEY[at : at + 2] for at in range(0, 64, 2))])
def test_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    """Numbered steps, what could not be proven, warnings, the standing; however the fingerprint is written."""
    assert exits.OK == run(monkeypatch, tmp_path, holds, key=key)
    out = capsys.readouterr().out
    for words in (
        "1. First.",
        "2. Second.",
        "not proven: no timestamp",
        "2 reports lost",
        "2026-11-24T12:00:00Z",
    ):
        assert words in out
    assert out.endswith("The bundle is proven.\n")


def test_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What had been proven, then the first difference; a stranger's words cannot steer the terminal."""
    assert exits.FAILED == run(monkeypatch, tmp_path, differs)
    out = capsys.readouterr().out
    assert out.index("2. Second.") < out.index("a?[2Jb: altered [bundle_member_altered]")
    assert "\x1b" not in out
    assert "proven." not in out.splitlines()[-1]


@pytest.mark.parametrize(("check", "ok"), [(holds, True), (differs, False)])
def test_json(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    check: Callable[[bytes, str], Checked],
    ok: bool,
) -> None:
    """The same for programs."""
    assert (exits.OK if ok else exits.FAILED) == run(monkeypatch, tmp_path, check, "--json")
    value = json.loads(capsys.readouterr().out)
    assert (ok, ok) == (value["ok"], value["difference"] is None)
    assert ["1. First.", "2. Second."] == value["proven"]


@pytest.mark.parametrize("key", ["", "short", "g" * 64])
def test_fingerprint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    """What is no fingerprint is refused before anything is read."""
    assert exits.USAGE == run(monkeypatch, tmp_path, holds, key=key)
    assert "[fingerprint_malformed]" in capsys.readouterr().err


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file, no verdict."""
    for path in (tmp_path / "none", tmp_path):
        assert exits.USAGE == entry(["verify", str(path), "--server-key", KEY])
        assert "[file_unreadable]" in capsys.readouterr().err


def test_too_large(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file larger than any bundle is refused without being read whole."""
    monkeypatch.setattr(verify, "BUNDLE_MAX_BYTES", 4)
    assert exits.USAGE == run(monkeypatch, tmp_path, holds)
    assert "[file_unreadable]" in capsys.readouterr().err
