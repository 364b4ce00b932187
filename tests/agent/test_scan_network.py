"""`boltseal scan --network`: what a network exposes as a standing, and one clear error for each mistake in a range."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import exits
from agent.__main__ import entry
from tests.collectors import network_hosts
from tests.collectors.network_hosts import HOSTS

CHECKOUT = Path(__file__).parents[2]
COUNTS = {"closed_ports": 0, "silent_ports": 0, "finished": True}
BEFORE = {
    "exposure.scanned_range": {"value": [f"{HOSTS['web']}/32"]},
    "exposure.hosts_seen": {"value": [{"address": HOSTS["web"], **COUNTS}]},
    "exposure.services": {"value": [{"address": HOSTS["web"], "port": 22}]},
}


def scan(folder: Path, *options: str) -> list[str]:
    return ["scan", "--network", *options, "--state", str(folder / "none")]


@pytest.mark.real("nmap", "ip", "nft", "sshd", "openssl", root=True)
@pytest.mark.slow
@pytest.mark.xdist_group("network")
def test_scan(tmp_path: Path) -> None:
    """TLS 1.0 and a stranger at a known address fail; nothing is asked that only a host can answer."""
    (tmp_path / "known").write_text(f"{HOSTS['web']} 02:00:00:00:00:99\n")
    (tmp_path / "n.toml").write_text(f'owner = "Example"\nranges = ["{HOSTS["web"]}"]\nknown = "known"\n')
    (tmp_path / "before.json").write_text(json.dumps({"facts": BEFORE}))
    since = ["--network-since", str(tmp_path / "before.json")]
    arguments = [*scan(tmp_path, str(tmp_path / "n.toml")), *since, "--json"]
    with network_hosts.network(tmp_path):
        where = ["ip", "netns", "exec", network_hosts.name("hub"), sys.executable, "-m", "agent"]
        ended = subprocess.run([*where, *arguments], cwd=CHECKOUT, capture_output=True, check=False)
    told: dict[str, Any] = json.loads(ended.stdout)
    assert (ended.returncode, told["subject"]) == (exits.FAILED, "network-10-99-0-11-32")
    answers = {verdict["check"]: verdict["answer"] for verdict in told["verdicts"]}
    assert told["changes"] == [f"{HOSTS['web']}:8443: open now, unnamed"]
    assert all(check.startswith("exposure.") for check in answers)
    assert answers == {
        "exposure.certificates-valid.v1": "pass",
        "exposure.no-cleartext-login.v1": "unknown",  # nobody can name what speaks TLS on 8443
        "exposure.no-database.v1": "unknown",
        "exposure.no-file-share.v1": "unknown",
        "exposure.no-management.v1": "unknown",
        "exposure.no-open-udp-management.v1": "pass",
        "exposure.no-remote-desktop.v1": "unknown",
        "exposure.no-unknown-devices.v1": "fail",
        "exposure.no-weak-ssh.v1": "fail",
        "exposure.no-weak-tls.v1": "fail",
        "exposure.scan-complete.v1": "pass",
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["10.0.0.0/24"], "the owner of the range must be named"),
        (["10.0.0.5/24", "--network-owner", "Example"], "10.0.0.0/24 would be"),
        (["10.0.0.0/8", "--network-owner", "Example"], "too many"),
        (["8.8.8.8", "--network-owner", "Example"], "is not private"),
        (["8.8.8.8", "--network-owner", "Example", "--network-allow-public", "9.9.9.9"], "is not private"),
        (["router", "--network-owner", "Example"], "'router' is no range"),
        (["--script=x", "--network-owner", "Example"], "--network"),
        (
            ["10.0.0.1", "--network-owner", "Example", "--network-known", "/nowhere"],
            "/nowhere cannot be read",
        ),
        (["10.0.0.1", "--network-owner", "Example", "--network-since", "/nowhere"], "there is no such file"),
        (["/nowhere.toml"], "/nowhere.toml cannot be read"),
        (["/nowhere.toml", "--network-owner", "Example"], "no other --network- option"),
    ],
)
def test_mistakes(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is looked at, and one sentence says why."""
    try:
        ended = entry(scan(tmp_path, *options))
    except SystemExit as left:
        ended = int(left.code or 0)
    assert ended == exits.USAGE
    assert sentence in capsys.readouterr().err


def test_options_of_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They would be without effect."""
    assert entry(["scan", "--network-owner", "Example", "--state", str(tmp_path)]) == exits.USAGE
    assert "--network-owner goes with --network" in capsys.readouterr().err
