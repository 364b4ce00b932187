"""`script/demo --lab`: killed in the middle, then run to its end in the same folder; all is shown, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from server.home import Home
from tests.house.tree import ROOT
from tests.server.running import Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("lab"),
    pytest.mark.real(
        "systemd-nspawn", "nsenter", "unshare", "setpriv", "nmap", "ip", "nft", "sshd", "openssl", root=True
    ),
]
SUBJECTS = {
    "directory.corp.test": ("corp.test", "ad"),
    "network.lab-network": ("lab-network", "network"),
    "host.linux2": ("linux2", "linux"),
    "device.fake-edge1": ("fake-edge1", "device"),
}
EXPECTED = {
    "directory.corp.test": {
        "password.min-length.v1": "fail",  # a policy of services asks for 8
        "accounts.password-required.v1": "fail",
        "directory.no-anonymous-access.v1": "pass",
    },
    "network.lab-network": {
        "exposure.no-cleartext-login.v1": "fail",
        "exposure.no-unknown-devices.v1": "fail",
        "exposure.scan-complete.v1": "pass",
    },
    "host.linux2": {"accounts.no-empty-password.v1": "pass", "sshd.no-password-login.v1": "fail"},
    "device.fake-edge1": {"management.no-telnet.v1": "fail"},
}
_TOKEN = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from server import founding
founding.set_up_django(Path(sys.argv[1]))
from server import api_tokens
from server.store.models import Person
person = Person.objects.get(username="admin")
print(api_tokens.new(person, datetime.now(UTC), timedelta(hours=1), ("read",), "a test")[1])
"""


def demo(folder: Path, *options: str, path: str = "") -> subprocess.Popen[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script, where = str(ROOT / "script/demo.py"), str(folder)
    command = [sys.executable, script, "--lab", "--dir", where, "--port", str(port), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        env={**os.environ, "PATH": path + os.environ["PATH"]},
    )  # fmt: skip


def left(folder: Path) -> list[str]:
    """What is still there of a lab in this folder: processes, mounts, interfaces, files."""
    found = [str(path) for path in (folder / "lab", folder / "agent/agent.toml") if path.exists()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            mounted = (process / "mountinfo").read_text()
        except OSError:
            continue
        if int(process.name) != os.getpid() and (str(folder) in said or str(folder) in mounted):
            found.append(f"{process.name}: {said}")
    found += [name for _, name in socket.if_nameindex() if name.startswith("bslab")]
    return found


class Ran(NamedTuple):
    """The demo's folder, what the whole run said, and what was left when it had ended."""

    folder: Path
    said: str
    left: list[str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A whole run, after one on a machine that boots no systemd, killed while the agent looked."""
    folder = tmp_path_factory.mktemp("lab") / "demo"
    broken = tmp_path_factory.mktemp("broken") / "systemd-nspawn"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    killed = demo(folder, path=f"{broken.parent}:")
    assert killed.stdout
    said = ""
    while "one run of the agent" not in said:
        line = killed.stdout.readline()
        assert line, said
        said += line
    assert "only its SSH server runs" in said
    assert "second Linux host (Debian 12): up" in said
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)  # ends when nobody holds its output any more
    deadline = time.monotonic() + 10
    files = [str(folder / "lab"), str(folder / "agent/agent.toml")]  # the next run takes these away
    while left(folder) != files and time.monotonic() < deadline:
        time.sleep(0.1)
    assert files == left(folder)
    whole = demo(folder, "--exit")
    said, _ = whole.communicate(timeout=200)
    assert 0 == whole.returncode, said
    return Ran(folder, said, left(folder))


@pytest.fixture(scope="module")
def told(ran: Ran) -> Iterator[Any]:
    """What the server's API says of an address."""
    home = Home(ran.folder / "server")
    asked = [sys.executable, "-c", _TOKEN, str(home.folder)]
    secret = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    server = Running(home, "--listen", "127.0.0.1:0", log=ran.folder / "again.log")

    def ask(path: str) -> Any:
        answer = server.request("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status == 200, (path, answer.body)
        return answer.body if isinstance(answer.body, dict) else json.loads(answer.body)

    yield ask
    server.stop()


def test_nothing_is_left(ran: Ran) -> None:
    """No process, mount, interface, credential or setting of the lab."""
    assert [] == ran.left


def test_every_subject_is_shown(ran: Ran, told: Any) -> None:
    """Each is there with a chain of its own, most of its facts, and what is known to be wrong with it."""
    own = json.loads((ran.folder / "agent/identity.json").read_text())["host_id"]
    rows = {row["host"]["host_id"]: row for row in told("hosts")["rows"]}
    assert {own, *(f"{own}~{name}" for name in SUBJECTS)} == set(rows)
    for name, (hostname, platform) in SUBJECTS.items():
        subject = told(f"hosts/{own}~{name}")
        host = subject["host"]
        assert (hostname, platform, own) == (host["hostname"], host["platform"], host["observer"])
        seen = [fact for fact in subject["facts"] if not fact["reason"]]
        assert len(seen) > len(subject["facts"]) / 2, (name, subject["facts"])
        answers = {verdict["check"]: verdict["answer"] for verdict in subject["verdicts"]}
        assert EXPECTED[name] == {check: answers.get(check) for check in EXPECTED[name]}, (name, answers)
        assert f"  {hostname}" in ran.said


def test_bundle(ran: Ran) -> None:
    """The auditor finds all of it again."""
    assert "4 observed, as of" in ran.said
    assert "The bundle is proven." in ran.said
