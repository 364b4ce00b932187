"""Feeds at both ends: what the server judged by, the auditor judges by again, and finds when it was altered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from agent import exits, once
from agent.once import Looking
from collectors import Collector, os, updates
from collectors.findings import Findings
from config import bundle, canonical, envelope, statement
from tests.collectors.twin import Twin as HostTwin
from tests.ends.conftest import RealAgent, RealServer, boltseal
from tests.server.feeds import vendors
from tests.server.twin import rows

CHECK = "updates.no-known-exploited.v1"


def _scan(agent: RealAgent) -> None:
    """A host on which sudo's fix waits; its advisory names the CVE."""
    update = {
        "name": "sudo",
        "source_package": "sudo",
        "installed": "1.9.5p2-3",
        "available": "1.9.5p2-3+deb11u1",
        "advisories": ["CVE-2021-3156"],
    }
    refreshed = canonical.encode_time(datetime.now(UTC) - timedelta(hours=1))
    told = {"updates.pending_security": [update], "updates.lists_refreshed_at": refreshed}
    collectors = {
        "os": _seeing(os, {"os.id": "debian", "os.version": "11"}),
        "updates": _seeing(updates, told),
    }
    looking = Looking(lambda: HostTwin({}), collectors)
    assert () == once.once(agent.state, agent.settings, "manual", looking, agent._hands).alarms


def _seeing(module: ModuleType, facts: Mapping[str, Any]) -> Collector:
    """A collector that sees these facts of a real one's."""

    def collect(host: object) -> Findings:
        findings = Findings()
        for fact, value in facts.items():
            findings.fact(fact, value, "a test")
        return findings

    name = module.__name__.rpartition(".")[2]
    return Collector(name, 1, {fact: module.FACTS[fact] for fact in facts}, collect)


def _import(server: RealServer, folder: Path, days: int, *cves: str) -> None:
    """A list of so many days ago, brought in beside the running server."""
    released = canonical.encode_time(datetime.now(UTC) - timedelta(days=days))
    file = folder / f"{days}.json"
    rows = [vendors.kev_row(each) for each in cves]
    file.write_text(json.dumps(vendors.kev(vulnerabilities=rows, count=len(rows), dateReleased=released)))
    done = server.command("feed", "import", "kev", "--older", str(file))
    assert exits.OK == done.returncode, done.stderr


def _at_server(server: RealServer) -> str:
    """The server's own answer, asked for as a person does."""
    (host,) = rows(server.home, "SELECT host_id FROM host")
    told = json.loads(server.command("host", "show", host[0], "--json").stdout)
    return next(str(each["answer"]) for each in told["verdicts"] if each["check"] == CHECK)


def _at_auditor(server: RealServer, file: Path) -> str:
    """The auditor's, out of the bundle."""
    server.export(file)
    done = boltseal("verify", str(file), "--server-key", server.key_id, "--json")
    assert exits.OK == done.returncode, done.stdout
    criteria = json.loads(done.stdout)["criteria"]
    checks = [check for one in criteria for part in one["parts"] for check in part["checks"]]
    own = next(each for each in checks if each["check"] == CHECK)
    names = {"passed": "pass", "failed": "fail", "unknown": "unknown", "stale": "unknown"}
    return next(answer for name, answer in names.items() if own[name])


def test_lists(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """Exploited, not exploited, too old to tell: server and auditor say the same, each time."""
    _scan(agent)
    wanted = (
        (1, ("CVE-2021-3156",), "fail"),
        (2, ("CVE-2021-4034",), "pass"),
        (400, ("CVE-2021-4034",), "unknown"),
        (399, ("CVE-2021-4034", "CVE-2021-3156"), "fail"),
    )
    for days, cves, answer in wanted:
        _import(server, tmp_path, days, *cves)
        assert (answer, answer) == (_at_server(server), _at_auditor(server, tmp_path / f"{days}.zip"))
    assert exits.OK == server.command("check").returncode


def test_altered(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """A list without the hole, sealed into the bundle with its own key: the log adopted another."""
    _scan(agent)
    _import(server, tmp_path, 1, "CVE-2021-3156")
    data = server.export(tmp_path / "bundle.zip")
    opened = bundle.OpenBundle(data)
    members = {name: opened.read(name) for name in opened.members if name != bundle.MANIFEST}
    feed = json.loads(members["feeds/kev.json"])
    members["feeds/kev.json"] = canonical.encode({**feed, "cves": {}})
    said = dict(statement.decode(envelope.decode(opened.read(bundle.MANIFEST)).payload, 1 << 24).predicate)
    del said["archive_sha256"]
    (tmp_path / "altered.zip").write_bytes(bundle.seal(members.items(), said, server.home.key("bundle")))
    done = boltseal("verify", str(tmp_path / "altered.zip"), "--server-key", server.key_id)
    assert exits.FAILED == done.returncode
    assert "feed: the files are not those adopted last" in done.stdout
