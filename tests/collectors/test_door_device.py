"""The door to network devices, against a fake that behaves as the vendor's documentation says, and hostile ones."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import netmiko
import pytest

from collectors import discover
from collectors.door import Unseen
from collectors.door_device import COMMANDS, ENABLE, SESSION
from collectors.doors import device, device_text, known_hosts
from collectors.doors.connecting import ConnectError
from collectors.doors.ssh_login import Credentials
from collectors.look import look_with
from tests.collectors.cases import cases
from tests.collectors.fake_ios import ENABLE as SECRET
from tests.collectors.fake_ios import PASSWORD, Fake, served
from tests.collectors.twin_device import Twin, running, twin

CONFIG = "\n".join(
    [
        "hostname edge1",
        "enable secret 9 $9$SeCrEt-hash",
        "username ana privilege 15 secret 9 $9$SeCrEt-ana",
        "snmp-server community SeCrEt-community RO",
        *(f"ip host printer{number} 10.1.{number // 250}.{number % 250}" for number in range(120)),
        "line con 0",
        "line vty 0 4",
        " login local",
        " transport input ssh",
    ]
)
ANSWERS = twin({"config": CONFIG}).answers
CONFIGS = {"long": CONFIG} | {
    name: next(case.data["config"] for case in cases(name) if "config" in case.data)
    for name in ("management_device",)
}


def credentials(
    fake: Fake, folder: Path, enable: str | None = None, pin: str | None = None
) -> device.Credentials:
    """What a user would set up for the fake."""
    files = {"password": PASSWORD, "enable": enable or ""}
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    known = folder / "known_hosts"
    known.write_text("")
    ssh = Credentials(
        password_file=str(folder / "password"),
        known_hosts=str(known),
        host_key=pin or known_hosts.fingerprint(fake.key),
    )
    return device.Credentials(ssh, str(folder / "enable") if enable else None)


def opened(fake: Fake, folder: Path, enable: str | None = None, budget: float = 30) -> device.Remote:
    return device.connect(f"scan@127.0.0.1:{fake.port}", credentials(fake, folder, enable), budget)


def allowed_lines() -> set[str]:
    return {*COMMANDS["ios"], *SESSION["ios"], ENABLE["ios"]}


@pytest.mark.parametrize("keeps_paging", [False, True])
def test_every_command_gives_the_devices_text(tmp_path: Path, keeps_paging: bool) -> None:
    """Each command's answer is the text, whole, whether or not the device obeys about paging."""
    with served(Fake(ANSWERS, keeps_paging=keeps_paging)) as fake:
        remote = opened(fake, tmp_path)
        try:
            for command in COMMANDS["ios"]:
                assert _plain(ANSWERS[command]) == _plain(remote.show(command)), command
                assert remote.show(command) == remote.show(command)
        finally:
            remote.close()
        assert {*fake.lines} <= allowed_lines()
        assert len(fake.lines) == len(COMMANDS["ios"]) + len(SESSION["ios"]), "each is sent once"


def test_netmiko_gets_the_same(tmp_path: Path, record_property: pytest.FixtureRequest) -> None:
    """An independent client reads the same answers out of the same device."""
    compared = 0
    for name, config in CONFIGS.items():
        with served(Fake({**ANSWERS, "show running-config": running(config)})) as fake:
            remote = opened(fake, tmp_path)
            peer = netmiko.ConnectHandler(
                device_type="cisco_ios", host="127.0.0.1", port=fake.port, username="scan", password=PASSWORD
            )
            try:
                for command in COMMANDS["ios"]:
                    ours = remote.show(command)
                    theirs = peer.send_command(command)
                    assert isinstance(theirs, str)
                    compared += 1
                    assert _plain(theirs).endswith(_plain(ours)), (name, command)
            finally:
                peer.disconnect()
                remote.close()
    record_property("compared", compared)  # type: ignore[operator]


def test_collectors_find_the_same_as_in_the_twin(tmp_path: Path) -> None:
    """Through the real door every collector finds what it finds in the in-memory twin, and no secret."""
    with served(Fake(ANSWERS)) as fake:
        remote = opened(fake, tmp_path)
        try:
            for name, collector in discover("device").items():
                found, _ = look_with(collector, remote)
                assert look_with(collector, Twin(ANSWERS))[0] == found, name
                assert "SeCrEt" not in repr(found)
        finally:
            remote.close()


def test_enable_is_sent_only_with_a_secret(tmp_path: Path) -> None:
    """Without a secret the configuration is not seen; with one it is, and the secret is sent once."""
    with served(Fake(ANSWERS, level=1)) as fake:
        remote = opened(fake, tmp_path)
        with pytest.raises(Unseen) as refused:
            remote.show("show running-config")
        remote.close()
        assert refused.value.reason == "unsupported"
        assert "enable" not in fake.lines

        remote = opened(fake, tmp_path, SECRET)
        assert "username ana" in remote.show("show running-config")
        remote.close()
        assert fake.lines.count("enable") == 1


def test_enable_with_a_wrong_secret(tmp_path: Path) -> None:
    """Nothing is seen, the reason says why, and the secret stands nowhere."""
    with served(Fake(ANSWERS, level=1)) as fake:
        remote = opened(fake, tmp_path, "SeCrEt-wrong")
        with pytest.raises(Unseen) as refused:
            remote.show("show version")
        remote.close()
    assert refused.value.reason == "permission_denied"
    assert "SeCrEt" not in str(refused.value)


def test_another_host_key(tmp_path: Path) -> None:
    """Nothing is sent to a device that shows another key than the pinned one, or an unknown one."""
    with served(Fake(ANSWERS)) as fake:
        pinned = credentials(fake, tmp_path, pin="SHA256:" + "A" * 43)
        unknown = device.Credentials(pinned.ssh._replace(host_key=None))
        for given, code in ((pinned, "ssh_host_key_changed"), (unknown, "ssh_host_key_unknown")):
            with pytest.raises(ConnectError) as error:
                device.connect(f"scan@127.0.0.1:{fake.port}", given)
            assert error.value.code == code
        assert fake.lines == []


def test_wrong_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A refused login says so, without the password in error or log."""
    with served(Fake(ANSWERS)) as fake, caplog.at_level(logging.DEBUG):
        given = credentials(fake, tmp_path)
        (tmp_path / "password").write_text("SeCrEt-wrong")
        with pytest.raises(ConnectError) as error:
            device.connect(f"scan@127.0.0.1:{fake.port}", given)
    assert error.value.code == "ssh_login_refused"
    assert "SeCrEt-wrong" not in str(error.value) + caplog.text


async def _silent(process: "asyncssh.SSHServerProcess[Any]", fake: Fake) -> None:
    await asyncio.sleep(30)


async def _prompts(process: "asyncssh.SSHServerProcess[Any]", fake: Fake) -> None:
    while True:
        process.stdout.write("edge1#\r\n")
        await asyncio.sleep(0.01)


async def _floods(process: "asyncssh.SSHServerProcess[Any]", fake: Fake) -> None:
    await _greets(process)
    for _ in range(50 * 16):
        process.stdout.write("x" * 65_535 + "\n")
        await process.stdout.drain()


async def _closes(process: "asyncssh.SSHServerProcess[Any]", fake: Fake) -> None:
    await _greets(process)
    process.stdout.write("show version\r\nCisco IOS Soft")


async def _answers_late(process: "asyncssh.SSHServerProcess[Any]", fake: Fake) -> None:
    """Echo and prompt, but of another command."""
    await _greets(process)
    process.stdout.write("show clock\r\n12:00\r\nedge1#")
    await asyncio.sleep(30)


async def _greets(process: "asyncssh.SSHServerProcess[Any]") -> None:
    process.stdout.write("edge1#")
    for line in SESSION["ios"]:
        await process.stdin.readuntil("\r")
        process.stdout.write(f"{line}\r\nedge1#")
    await process.stdin.readuntil("\r")


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (_silent, "timeout"),
        (_prompts, "timeout"),
        (_floods, "too_large"),
        (_closes, "malformed"),
        (_answers_late, "malformed"),
    ],
)
def test_hostile_devices(
    tmp_path: Path, session: Callable[[Any, Fake], Awaitable[None]], reason: str
) -> None:
    """Each ends with its reason, within the budget, for this command and for all that follow."""
    with served(Fake(ANSWERS, session=session)) as fake:
        remote = opened(fake, tmp_path, budget=2 if reason == "timeout" else 60)
        try:
            for command in ("show version", "show version", "show privilege"):
                with pytest.raises(Unseen) as seen:
                    remote.show(command)
                assert seen.value.reason == reason
        finally:
            remote.close()


def test_no_other_command(tmp_path: Path) -> None:
    """A command outside the table is a mistake of the caller's, and nothing is sent."""
    with served(Fake(ANSWERS)) as fake:
        remote = opened(fake, tmp_path)
        with pytest.raises(ValueError, match="reload"):
            remote.show("reload")
        remote.close()
        assert fake.lines == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"\x1b[1;31mred\x1b[0m\x07", "red"),
        (b" --More-- " + b"\b" * 10 + b" " * 10 + b"\b" * 10 + b" ip address", " ip address"),
        (b" --More-- \r          \r interface", " interface"),
        (b"showw\b ver", "show ver"),
        (b"\xff\xfe\x00x", "\ufffd\ufffdx"),
        (b"\b\b\bx", "x"),
        (b"\x1b]0;title\x07text", "text"),
    ],
)
def test_what_a_terminal_would_show(given: bytes, shown: str) -> None:
    """Control characters, colours, backspaces and overwriting leave the text that somebody would read."""
    assert shown == device_text.shown(given)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("show version\n  ^\n% Invalid input detected at '^' marker.\n\nedge1#", "unsupported"),
        ("show version\n% Incomplete command.\nedge1#", "unsupported"),
        ("show version\nCommand authorization failed.\n\nedge1#", "permission_denied"),
        ("show version\n% Authorization failed.\nedge1#", "permission_denied"),
        ("show version\nCisco IOS\n% Authorization failed\nedge1#", "permission_denied"),
        ("show clock\n12:00\nedge1#", "malformed"),
        ("show version\nCisco IOS\nedge2#", "malformed"),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    """What a device refuses, or answers to something else, is no answer."""
    with pytest.raises(Unseen) as seen:
        device_text.answer(text, "show version", "edge1#")
    assert seen.value.reason == reason


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
