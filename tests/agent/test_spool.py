"""The spool after every kind of crash and damage."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent import exits, spool, state
from agent.chain import Chain
from agent.identity import load_key
from agent.report import report
from agent.scan import scan
from config import canonical
from config.errors import InputError
from config.settings import AgentSettings
from tests.agent.conftest import Agent, enrol_with
from tests.agent.disks import fill, read_only, small_disk
from tests.agent.twin import Clock, ServerTwin, unreachable
from tests.collectors.twin import Twin as HostTwin


def spooled(agent: Agent, count: int) -> list[Path]:
    """Some reports that wait, and their files."""
    agent.patience = 0
    for _ in range(count):
        agent.server.faults.append(unreachable)
        agent.once()
    return agent.files("spool")


def test_crash_before_account(agent: Agent) -> None:
    """Killed between the spool file and the account: the report is taken up, its number is not used twice."""
    spooled(agent, 1)
    before = agent.state.path("chain.json").read_bytes()
    spooled(agent, 1)
    agent.state.path("chain.json").write_bytes(before)
    agent.once()
    assert [1, 2, 3] == [said.predicate["sequence"] for said in agent.server.reports]


def test_crash_after_account(agent: Agent, tmp_path: Path) -> None:
    """Killed between the acknowledgement and the removal: the left-over goes, nothing is sent again."""
    (path,) = spooled(agent, 1)
    kept = path.read_bytes()
    agent.once(with_scan=False)
    path.write_bytes(kept)
    asked = len(agent.server.requests)
    agent.once(with_scan=False)
    assert [] == agent.files("spool")
    assert asked == len(agent.server.requests)


def test_account_gone(agent: Agent) -> None:
    """The account is made anew from the last receipt and the spool, when these leave no gap."""
    agent.once()
    spooled(agent, 2)
    agent.state.path("chain.json").unlink()
    agent.once()
    assert [1, 2, 3, 4] == [said.predicate["sequence"] for said in agent.server.reports]


@pytest.mark.parametrize("removed", [0, -1])
def test_account_and_report_gone(agent: Agent, removed: int) -> None:
    """With a gap nothing is guessed: the number of a report that may exist is never used twice."""
    paths = spooled(agent, 3)
    paths[removed].unlink()
    agent.state.path("chain.json").write_bytes(b"damaged")
    with pytest.raises(InputError, match="state_chain_damaged"):
        agent.once()
    assert 2 == len(agent.files("spool"))


@pytest.mark.parametrize("reports", [0, 1, 3])
def test_everything_gone(agent: Agent, reports: int) -> None:
    """With account, receipt and last scan gone nothing tells how far it was: no fork, one error, enrol afresh."""
    for _ in range(reports):
        agent.once()
    for name in ("chain.json", "shipping.json", "last_scan.json"):
        agent.state.path(name).unlink(missing_ok=True)
    asked = len(agent.server.requests)
    for _ in range(2):
        with pytest.raises(InputError, match="state_chain_damaged") as raised:
            agent.once()
    assert "enrol with a fresh one" in raised.value.hint
    assert exits.STATE == exits.exit_code(raised.value)
    assert asked == len(agent.server.requests)
    assert [] == agent.files("spool")
    assert "active" == next(iter(agent.server.chains.values())).state


def stray(agent: Agent, after: Chain, sequence: int, digest: str | None = None) -> Path:
    """A spool file, placed by its name at `sequence`, whose report itself follows on `after`."""
    looked = scan(HostTwin({}), "h-1", {}, b"s" * 32, 9.0, agent.clock)
    text, sha256 = report(looked, "h-1", after, "manual", None, load_key(agent.state))
    path = agent.state.path("spool") / f"{sequence:08d}-{digest or sha256}.json"
    path.write_bytes(canonical.encode({"envelope": text, "sections": []}))
    return path


def test_continues(agent: Agent) -> None:
    """A file that no account names is taken up when its report has the next number and names the head."""
    agent.once()
    path = stray(agent, agent.chain, 2)
    assert [path.name[9:73]] == [place.sha256 for place in spool.open_chain(agent.state).waiting]


@pytest.mark.parametrize("wrong", ["sequence", "previous", "digest"])
def test_continues_not(agent: Agent, wrong: str) -> None:
    """And is moved aside when one of these is another, or its bytes are not what its name says."""
    agent.once()
    head = agent.chain
    after = {"sequence": replace(head, sequence=8), "previous": replace(head, sha256="e" * 64)}.get(
        wrong, head
    )
    path = stray(agent, after, 2, "d" * 64 if wrong == "digest" else None)
    assert () == spool.open_chain(agent.state).waiting
    assert [path.name] == [each.name for each in agent.files("damaged")]


def test_stray_files(agent: Agent) -> None:
    """Files that are no part of the chain are moved aside, not sent."""
    (path,) = spooled(agent, 1)
    shutil.copy(path, path.with_name(f"00000009-{path.name[9:]}"))
    shutil.copy(path, path.with_name(f"00000001-{'0' * 64}.json"))
    agent.once(with_scan=False)
    assert 1 == len(agent.server.reports)
    assert 2 == len(agent.files("damaged"))


@pytest.mark.parametrize("how", ["truncated", "empty", "other_bytes", "not_canonical", "other_report"])
def test_damage(agent: Agent, how: str) -> None:
    """Each kind of damage is seen before anything is sent."""
    first, second = spooled(agent, 2)
    data = first.read_bytes()
    first.write_bytes(
        {
            "truncated": data[:-1],
            "empty": b"",
            "other_bytes": data.replace(b"A", b"B"),
            "not_canonical": b" " + data,
            "other_report": second.read_bytes(),
        }[how]
    )
    with pytest.raises(InputError, match="spool_damaged"):
        spool.get(agent.state, agent.chain.waiting[0])


@pytest.mark.real("mount", "umount", root=True)
def test_disk_full(tmp_path: Path, clock: Clock, server: ServerTwin) -> None:
    """On a full disk the oldest make room for the newest; the losses are signed, and the chain goes on."""
    with small_disk(tmp_path / "disk", 512) as disk:
        opened = state.create(disk)
        enrol_with(opened, server, clock)
        agent = Agent(opened, server, clock, patience=0)
        kept = spooled(agent, 4)
        fill(disk, leave_bytes=12_288)
        agent.facts = {"os": {"os.id": "x" * 9_000}}
        spooled(agent, 1)
        left = agent.files("spool")
        assert kept[-1] in left or len(left) < 4
        assert 5 == agent.chain.head[0]
        assert None is agent.chain.waiting[-1].lost
        assert "spool_full" == agent.chain.waiting[0].lost
        (disk / "filler").unlink()
        agent.once()
        kinds = [said.kind for said in server.admitted]
        assert 6 == len(kinds)
        assert "report" == kinds[4]


@pytest.mark.real("mount", "umount", root=True)
def test_disk_full_of_others(tmp_path: Path, clock: Clock, server: ServerTwin) -> None:
    """Where dropping does not help, it stops early, says so, and nothing kept is lost for nothing."""
    with small_disk(tmp_path / "disk", 1024) as disk:
        opened = state.create(disk)
        enrol_with(opened, server, clock)
        agent = Agent(opened, server, clock, patience=0)
        spooled(agent, 5)
        agent.facts = {"os": {"os.id": "x" * 400_000}}
        fill(disk, leave_bytes=0)
        done = agent.once()
        assert ("disk_full", None) == (done.problem.code if done.problem else "", done.sequence)
        (disk / "filler").unlink()
        agent.facts = {"os": {"os.id": "debian"}}
        agent.once()
        assert 0 == len(agent.files("spool"))
        assert list(range(1, 7)) == [said.predicate["sequence"] for said in server.admitted]


@pytest.mark.real("mount", "umount", root=True)
def test_read_only(agent: Agent) -> None:
    """A state folder that became read-only is one clear error, and nothing is lost."""
    spooled(agent, 1)
    with read_only(agent.state.folder), pytest.raises(InputError, match="state_read_only"):
        agent.once()
    agent.once()
    assert [1, 2] == [said.predicate["sequence"] for said in agent.server.reports]


def test_too_many(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spool of ten thousand places takes no more and says so; what waits is sent all the same."""
    monkeypatch.setattr(spool, "PLACES_MAX", 2)
    spooled(agent, 2)
    done = agent.once()
    assert "state_spool_full" == done.problem.code  # type: ignore[union-attr]
    assert (None, 2, 0) == (done.sequence, done.sent, done.waiting)
    assert 3 == agent.once().sequence


def test_newest_stays(agent: Agent) -> None:
    """However small the limit, the newest report stays."""
    agent.settings = AgentSettings(spool_max_bytes=1)
    assert 1 == len(spooled(agent, 3))
