"""`boltseal scan --device`: a device's standing from a fake on loopback, and one clear error for what is wrong."""

import json
from pathlib import Path

import pytest

from agent import exits
from agent.__main__ import entry
from collectors.doors import known_hosts
from tests.collectors.fake_ios import ENABLE, PASSWORD, Fake, served
from tests.collectors.twin_device import twin

CONFIG = """\
enable secret 9 $9$SeCrEt-hash
username ana privilege 15 secret 9 $9$SeCrEt-ana
snmp-server community SeCrEt-community RW
line con 0
 login local
line vty 0 4
 login local
 transport input telnet ssh
"""


def scan(fake: Fake, folder: Path, *options: str) -> list[str]:
    for name, text in (("password", PASSWORD), ("enable", ENABLE)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    pin = known_hosts.fingerprint(fake.key)
    named = ["scan", "--device", f"scan@127.0.0.1:{fake.port}", "--device-host-key", pin]
    return [
        *named,
        "--device-password-file",
        str(folder / "password"),
        "--state",
        str(folder / "none"),
        *options,
    ]


def test_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what can be asked of a device is judged, and no secret is shown."""
    with served(Fake(twin({"config": CONFIG}).answers, level=1)) as fake:
        enable = str(tmp_path / "enable")
        code = entry(scan(fake, tmp_path, "--json", "--device-enable-file", enable))
    told = capsys.readouterr()
    whole = json.loads(told.out)
    assert (code, whole["subject"]) == (exits.FAILED, "127-0-0-1")
    answers = {verdict["check"]: verdict["answer"] for verdict in whole["verdicts"]}
    assert answers["management.no-telnet.v1"] == "fail"
    assert answers["snmp.no-write.v1"] == "fail"
    assert answers["management.ssh-version-2.v1"] == "pass"
    assert answers["time.synchronised.v1"] == "pass"
    assert not [check for check in answers if check.startswith(("sshd.", "backup.", "audit."))]
    assert "SeCrEt" not in told.out + told.err


def test_not_privileged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the rights to read the configuration what it would tell is unknown, and nothing is passed for it."""
    with served(Fake(twin({"config": CONFIG}).answers, level=1)) as fake:
        entry(scan(fake, tmp_path, "--json"))
    whole = json.loads(capsys.readouterr().out)
    answers = {verdict["check"]: verdict["answer"] for verdict in whole["verdicts"]}
    assert {answers[f"{name}.v1"] for name in ("management.no-telnet", "snmp.no-write")} == {"unknown"}
    assert answers["management.ssh-version-2.v1"] == "pass"


def test_another_host_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A device that shows another key is not looked at."""
    with served(Fake(twin({}).answers)) as fake:
        code = entry([*scan(fake, tmp_path), "--device-host-key", "SHA256:" + "A" * 43])
        assert fake.lines == []
    assert code not in (exits.OK, exits.FAILED)
    assert "ssh_host_key_changed" in capsys.readouterr().err


def test_option_without_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that would have no effect is refused."""
    entry(["scan", "--device-enable-file", "x", "--state", str(tmp_path)])

    assert "--device-enable-file goes with --device" in capsys.readouterr().err
