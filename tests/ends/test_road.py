"""The road of one report: enrolled, scanned, sealed, admitted, judged, bundled, doubted."""

from __future__ import annotations

import json
from pathlib import Path

from agent import exits
from tests.ends.conftest import RealServer, boltseal


def test_road(server: RealServer, tmp_path: Path) -> None:
    """The real commands on the real machine, from the enrolment string to the verified bundle."""
    folder = str(tmp_path / "state")
    text = server.enrolment_string()
    enrolled = boltseal("enroll", "-", "--state", folder, input=text)
    assert exits.OK == enrolled.returncode, enrolled.stderr
    assert server.key_id in enrolled.stdout
    assert "Report 1 is sealed and spooled." in enrolled.stdout
    again = boltseal("enroll", text, "--state", folder, "--no-scan")
    assert exits.OK == again.returncode, again.stderr
    done = boltseal("once", "--state", folder, "--json")
    assert exits.OK == done.returncode, done.stderr
    assert (2, 1, 0, None) == tuple(
        json.loads(done.stdout)[name] for name in ("sequence", "sent", "waiting", "problem")
    )
    reports = server.statements()
    assert ["enrolment", "manual"] == [said.predicate["trigger"] for said in reports]
    assert 15 < len(reports[0].subjects)
    status = json.loads(boltseal("status", "--state", folder, "--json").stdout)
    assert (2, 0, []) == (status["last_scan"]["sequence"], status["spool"]["waiting"], status["alarms"])
    assert status["identity"]["host_id"] in server.command("host", "list").stdout
    doctor = boltseal("doctor", "--state", folder, "--json")
    assert {"server", "clock", "key", "spool", "packages"} <= {
        each["subject"] for each in json.loads(doctor.stdout) if each["level"] == "ok"
    }, doctor.stdout
    server.export(tmp_path / "bundle.zip")
    verified = boltseal("verify", str(tmp_path / "bundle.zip"), "--server-key", server.key_id)
    assert exits.OK == verified.returncode, verified.stdout
    assert "The bundle is proven." in verified.stdout
    for path in tmp_path.joinpath("state").rglob("*"):
        assert path.is_dir() or json.loads(_packed(text))["token"].encode() not in path.read_bytes()


def _packed(text: str) -> bytes:
    import base64

    packed = text.removeprefix("boltseal1.")
    return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))


def test_same_standing(server: RealServer, tmp_path: Path) -> None:
    """What `scan` shows with no server is what the server and the auditor find: same verdicts from the same facts."""
    folder = str(tmp_path / "state")
    assert exits.OK == boltseal("enroll", server.enrolment_string(), "--state", folder).returncode
    scanned = json.loads(boltseal("scan", "--state", folder, "--json").stdout)
    server.export(tmp_path / "bundle.zip")
    verified = boltseal("verify", str(tmp_path / "bundle.zip"), "--server-key", server.key_id, "--json")
    checks = {
        check["check"]: check
        for one in json.loads(verified.stdout)["criteria"]
        for part in one["parts"]
        for check in part["checks"]
    }
    names = {"pass": "passed", "fail": "failed", "unknown": "unknown", "not_applicable": "not_applicable"}
    answers = {verdict["check"]: verdict["answer"] for verdict in scanned["verdicts"]}
    # What is asked of other platforms is in the catalogue all the same, and nothing is counted there.
    counted = {check for check, own in checks.items() if any(own[name] for name in names.values())}
    assert answers.keys() == counted
    differing = {check: answer for check, answer in answers.items() if not checks[check][names[answer]]}
    # Between the two looks a service may have started or an update come; more than that would be a difference of kind.
    assert len(differing) <= 3, differing
