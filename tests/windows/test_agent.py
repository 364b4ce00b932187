"""The whole agent under Wine, against a real server on Linux: state, enrolment, reports, service.

Wine keeps of an access list only what the modes of Unix can say, inherits none, and makes every process an
administrator: that inheritance and the rights of ordinary users are as Windows documents them is not held here.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent import enrol, exits
from server.home import Home
from tests.ends.conftest import RealServer, boltseal, founded_today, serving
from tests.windows import wine

__all__ = ["founded_today"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("mmdebstrap", "unshare", root=True),
    pytest.mark.xdist_group("wine"),
]

Said = dict[str, Any]


@dataclass
class Lived:
    """A life of an agent: what its commands said, its server, and the bundle at the end of it."""

    said: Said
    server: RealServer
    bundle: Path
    token: str
    drive: Path
    """Where the files that the Windows wrote lie on Linux."""


@pytest.fixture(scope="module")
def lived(founded_today: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """inside_agent.py, run once for all tests."""
    scratch = tmp_path_factory.mktemp("agent")
    with serving(founded_today, scratch) as server:
        text = server.enrolment_string()
        said = json.loads(wine.python(scratch, "-m", "tests.windows.inside_agent", text))
        server.export(scratch / "bundle.zip")
        token = json.loads(base64.urlsafe_b64decode(text.removeprefix(enrol.PREFIX) + "=="))["token"]
        yield Lived(said, server, scratch / "bundle.zip", token, scratch / "upper/w/prefix/drive_c")


def test_before(lived: Lived) -> None:
    """Without a state there is a word about it."""
    assert lived.said["before"]["code"] == lived.said["run_before"]["code"] == exits.STATE
    assert "state_missing" in lived.said["before"]["complaint"]


def test_enrolled(lived: Lived) -> None:
    """Enrolled by a file as PowerShell writes it; the server is told how the key is kept."""
    assert lived.said["enroll"]["code"] == exits.OK, lived.said["enroll"]
    assert lived.said["folder"] == r"C:\ProgramData\Boltseal"
    (enrolment,) = lived.server.statements("enrolment")
    told = enrolment.predicate
    assert ("os_sealed", "Serial number") == (told["protection"], told["serial"])  # the latter is Wine's


def test_reports(lived: Lived) -> None:
    """Every report arrived, in order, and says with which rights this Windows was looked at."""
    reports = [said.predicate for said in lived.server.statements()]
    assert ["enrolment", "manual", "catch_up"] == [said["trigger"] for said in reports]
    assert {("windows", "administrator")} == {(said["platform"], said["privileges"]) for said in reports}
    once = lived.said["once"]
    assert (exits.OK, 2, 1, 0) == (
        once["code"],
        *(once["told"][name] for name in ("sequence", "sent", "waiting")),
    )
    status = lived.said["status"]["told"]
    assert (2, 0, []) == (status["last_scan"]["sequence"], status["spool"]["waiting"], status["alarms"])
    assert status["next_slot"]


def test_bundle(lived: Lived) -> None:
    """The auditor's verification proves what a Windows agent signed."""
    verified = boltseal("verify", str(lived.bundle), "--server-key", lived.server.key_id)
    assert exits.OK == verified.returncode, verified.stdout
    assert "The bundle is proven." in verified.stdout


def test_doctor(lived: Lived) -> None:
    """It finds key, server, clock and spool in order."""
    found = lived.said["doctor"]["told"]
    assert {"state", "space", "key", "spool", "server", "clock"} <= {
        each["subject"] for each in found if each["level"] == "ok"
    }, found
    assert [] == [each for each in found if each["level"] == "bad"]


def test_private(lived: Lived) -> None:
    """Nobody else may read anything of the state, and the key is sealed by DPAPI."""
    kept = lived.said["kept"]
    assert {"key.pem", "secret", "spool", "identity.json"} < kept["strangers"].keys()
    assert {()} == {tuple(each) for each in kept["strangers"].values()}
    assert (True, "") == (kept["sealed"], kept["opens"])


def test_refused(lived: Lived) -> None:
    """A key or folder that others may read, a key that was not sealed here, a second agent: each has its word."""
    kept = lived.said["kept"]
    assert ("key_readable_by_others", "key_malformed") == (kept["key_exposed"], kept["key_changed"])
    assert exits.STATE == kept["exposed"]["code"] == kept["locked"]["code"]
    assert "state_exposed" in kept["exposed"]["complaint"]
    assert "S-1-1-0" in kept["exposed"]["complaint"]
    assert "state_locked" in kept["locked"]["complaint"]
    assert exits.OK == kept["unlocked"]["code"]
    assert "not taken" in kept["secret"]


def test_busy(lived: Lived) -> None:
    """A file that is being read is replaced as soon as the reader is done."""
    assert lived.said["busy"] is True


def test_service(lived: Lived) -> None:
    """The service control manager runs it, it scans in a child and ships, and nobody serves the folder beside it."""
    service = lived.said["service"]
    for action in ("install", "again", "start", "status", "stop", "remove"):
        assert exits.OK == service[action]["code"], service
    assert "running" == service["status"]["told"].strip()
    assert "state_locked" in service["second"]["complaint"]
    assert "service_missing" in service["gone"]["complaint"]
    assert "Report 3 is sealed" in service["log"]


def test_service_registered(lived: Lived) -> None:
    """It starts with Windows, late, and its path is quoted. Wine takes what to do after a failure, and forgets it."""
    values = {name.lower(): value for name, value in lived.said["service"]["values"].items()}
    assert values["imagepath"] == r'"Z:\w\cp311\python.exe" -I -B -m agent service run'
    assert (2, 1, 0x10) == tuple(values[name] for name in ("start", "delayedautostart", "type"))
    assert values["objectname"] == "LocalSystem"


def test_token(lived: Lived) -> None:
    """The token is in no file of the state and in no word of any command."""
    state = lived.drive / "ProgramData/Boltseal"
    files = [path for path in state.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert lived.token.encode() not in b"".join(path.read_bytes() for path in files)
    assert lived.token not in json.dumps(lived.said)
