"""`boltseal scan --mail-domain`: a domain's standing from a name server on loopback, and errors that say what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent import exits
from agent.__main__ import entry
from collectors.doors import mail
from tests.collectors.dns_server import serving

TABLE: dict[str, list[str] | str] = {
    "example.com TXT": ['"v=spf1 ip4:192.0.2.1 -all"'],
    "example.com MX": ["10 mx.example.com."],
    "_dmarc.example.com TXT": ['"v=DMARC1; p=reject; pct=10"'],
    "s1._domainkey.example.com TXT": "!servfail",
}


def test_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of ten in a hundred fails, what a server does not answer is unknown, and only that."""
    connect = mail.connect
    with serving(TABLE) as server:

        def here(*given: object) -> mail.Dns:
            door = connect(*given)  # type: ignore[arg-type]
            door._resolver.port = server.port
            return door

        monkeypatch.setattr(mail, "connect", here)
        argv = ["scan", "--mail-domain", "Example.com", "--dkim-selector", "s1", "--resolver", "127.0.0.1"]
        code = entry([*argv, "--state", str(tmp_path / "none"), "--json"])
    whole = json.loads(capsys.readouterr().out)
    assert code in (exits.OK, exits.FAILED)
    assert "mail-example-com" == whole["subject"]
    found = {each["check"]: each["answer"] for each in _verdicts(whole)}
    assert ("pass", "fail", "unknown") == (
        found["spoofing.spf-refuses-others.v1"],
        found["spoofing.dmarc-enforced.v1"],
        found["spoofing.dkim-published.v1"],
    )


def _verdicts(told: Any) -> list[dict[str, Any]]:
    """Every object of the JSON that names a check and its answer."""
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    own = [told] if isinstance(told, dict) and {"check", "answer"} <= told.keys() else []
    return [*own, *(each for one in inner for each in _verdicts(one))]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--mail-domain", "localhost"], "no mail domain"),
        (["--mail-domain", "example.com", "--resolver", "name"], "IP"),
        (["--mail-domain", "example.com", "--dkim-selector", "a/b"], "selector"),
        (["--dkim-selector", "s1"], "--dkim-selector goes with --mail-domain"),
    ],
)
def test_wrong(given: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is typed wrong is said at once, and nothing is asked."""
    assert exits.OK != entry(["scan", *given, "--state", str(tmp_path / "none")])
    assert named in capsys.readouterr().err
