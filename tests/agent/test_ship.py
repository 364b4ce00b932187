"""Shipping against the twin: what is lost, when, and what is left afterwards."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping

import pytest

from agent import alarms, spool
from config.canonical import Json
from tests.agent.conftest import Agent
from tests.agent.twin import Fault, RefusedError, Reply, answer_lost, changing, refusing, unreachable


def test_report(agent: Agent) -> None:
    """A report arrives with its sections, is dropped after its receipt, and the checkpoint is kept."""
    done = agent.once()
    assert (1, 1, 0, None) == (done.sequence, done.sent, done.waiting, done.problem)
    (said,) = agent.server.reports
    assert ["os"] == [subject.name for subject in said.subjects]
    assert {subject.sha256 for subject in said.subjects} == set(agent.server.sections)
    assert [] == agent.files("spool")
    assert agent.state.path("checkpoint").read_text().split("\n")[1] == "3"
    assert (1, None, "manual") == tuple(said.predicate[name] for name in ("sequence", "previous", "trigger"))


def test_unchanged_sections(agent: Agent) -> None:
    """What the server has is not sent again; what changed is."""
    agent.facts = {"os": {"os.id": "debian"}, "host": {"host.role": "server"}}
    agent.once()
    agent.once()
    agent.facts["host"] = {"host.role": "workstation"}
    agent.once()
    assert [2, 0, 1] == [len(body["sections"]) for body in agent.server.bodies]  # type: ignore[arg-type]
    assert [1, 2, 3] == [said.predicate["sequence"] for said in agent.server.reports]


def test_sections_missing(agent: Agent) -> None:
    """A server that lost sections asks for them and gets them."""
    agent.once()
    agent.server.sections.clear()
    done = agent.once()
    assert (1, 0) == (done.sent, done.waiting)
    assert [1, 0, 1] == [len(body["sections"]) for body in agent.server.bodies]  # type: ignore[arg-type]


def test_backlog(agent: Agent) -> None:
    """The server down for days and back: everything arrives, oldest first, with its true time."""
    agent.patience = 0
    for _ in range(3):
        agent.server.faults.append(unreachable)
        assert "server_unreachable" == agent.once("scheduled").problem.code  # type: ignore[union-attr]
        agent.clock.forward(days=1)
    agent.once("catch_up")
    assert [24, 25, 26, 27] == [int(str(said.predicate["started_at"])[8:10]) for said in agent.server.reports]
    assert [1, 2, 3, 4] == [said.predicate["sequence"] for said in agent.server.reports]
    assert [] == agent.files("spool")


FAULTS: dict[str, tuple[Fault, bool]] = {
    "nothing_arrives": (unreachable, False),
    "answer_lost": (answer_lost, True),
    "busy": (refusing(503, "busy"), False),
    "internal_error": (refusing(500, "internal"), False),
    "disk_full": (refusing(507, "disk_full"), False),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(agent: Agent, name: str) -> None:
    """Failed and not stored, failed but stored: either way the report is there once, after one more try."""
    fault, is_stored = FAULTS[name]
    agent.server.faults.append(fault)
    done = agent.once()
    assert (1, 0, None) == (done.sent, done.waiting, done.problem)
    assert 1 == len(agent.server.reports)
    assert 2 == len(agent.server.requests) - 1
    assert is_stored == (len(agent.server.bodies) == 2)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_and_restart(agent: Agent, name: str) -> None:
    """The same with the agent gone in between: the next run finds the spool and finishes."""
    agent.patience = 0
    agent.server.faults.append(FAULTS[name][0])
    assert 1 == agent.once().waiting
    (kept,) = agent.files("spool")
    before = kept.read_bytes()
    done = agent.once(with_scan=False)
    assert (None, 1, 0) == (done.sequence, done.sent, done.waiting)
    assert 1 == len(agent.server.reports)
    assert before != b""


def test_retry_after(agent: Agent) -> None:
    """Retry-After is obeyed, jitter on top; what would take too long is left to a later run."""
    agent.server.faults.extend([refusing(503, "busy", "7"), refusing(429, "rate_limited", "120")])
    done = agent.once()
    assert [8.0] == agent.waits
    assert "rate_limited" == done.problem.code  # type: ignore[union-attr]
    assert 1 == len(agent.files("spool"))


def test_back_off(agent: Agent) -> None:
    """Waits double, within the patience of a run."""
    agent.server.faults.extend([unreachable] * 100)
    agent.once()
    assert [1.0, 2.0, 4.0, 8.0, 16.0] == agent.waits


def _other_digest(value: dict[str, Json]) -> None:
    receipt = value["receipt"]
    assert isinstance(receipt, dict)
    receipt["payload_sha256"] = "0" * 64


def _other_place(value: dict[str, Json]) -> None:
    receipt = value["receipt"]
    assert isinstance(receipt, dict)
    receipt["leaf_index"] = 0


def _no_receipt(value: dict[str, Json]) -> None:
    del value["receipt"]


def _unsigned(value: dict[str, Json]) -> None:
    receipt = value["receipt"]
    assert isinstance(receipt, dict)
    receipt["checkpoint"] = str(receipt["checkpoint"]).replace("\n3\n", "\n4\n")


@pytest.mark.parametrize("change", [_other_digest, _other_place, _no_receipt, _unsigned])
def test_receipt_wrong(agent: Agent, change: Callable[[dict[str, Json]], None]) -> None:
    """A receipt that does not prove itself drops nothing, raises an alarm and leaves the checkpoint."""
    before = agent.state.path("checkpoint").read_bytes()
    agent.server.faults.append(changing(change))
    done = agent.once()
    assert ["receipt_wrong"] == [alarm.code for alarm in done.alarms]
    assert 1 == len(agent.files("spool"))
    assert before == agent.state.path("checkpoint").read_bytes()


def test_log_not_extension(agent: Agent) -> None:
    """A log that was rewritten is an alarm that lasts, and the report stays in the spool."""
    agent.once()
    agent.server.leaves[0] = b"\0" * 32
    done = agent.once()
    assert ["log_not_extension"] == [alarm.code for alarm in done.alarms]
    (alarm,) = done.alarms
    assert alarm.evidence["kept"].split("\n")[1] == "3"  # type: ignore[index,union-attr,call-overload]
    assert 1 == len(agent.files("spool"))
    assert 2 == agent.once(with_scan=False).alarms[0].times
    alarms.acknowledge(agent.state.path("alarms"), agent.clock())
    assert () == alarms.standing(agent.state.path("alarms"))
    assert "log_not_extension" == agent.once(with_scan=False).alarms[0].code


def test_log_restored(agent: Agent) -> None:
    """A server restored from an old copy shows a smaller log: the same alarm."""
    agent.once()
    agent.once()
    last = len(agent.server.leaves) - 1
    del agent.server.leaves[last:]
    agent.server.index = {digest: at for digest, at in agent.server.index.items() if at < last}
    (chain,) = agent.server.chains.values()
    chain.sequence, chain.sha256 = 1, chain.held[1]
    assert ["sequence_gap"] == [alarm.code for alarm in agent.once().alarms]
    assert 1 == len(agent.files("spool"))


@pytest.mark.parametrize("code", ["host_quarantined", "host_revoked"])
def test_refused_for_good(agent: Agent, code: str) -> None:
    """A host that is shut out keeps its spool and says so in every run."""
    (chain,) = agent.server.chains.values()
    chain.state = code.removeprefix("host_")
    assert [code] == [alarm.code for alarm in agent.once().alarms]
    assert [code] == [alarm.code for alarm in agent.once().alarms]
    assert 2 == len(agent.files("spool"))


def test_fork(agent: Agent) -> None:
    """A clone that continues the same chain is told, and keeps what it has."""
    agent.once()
    (chain,) = agent.server.chains.values()
    chain.sequence, chain.sha256 = 2, "f" * 64
    chain.held[2] = "f" * 64
    assert ["sequence_fork"] == [alarm.code for alarm in agent.once().alarms]
    assert 1 == len(agent.files("spool"))


def test_refused_report(agent: Agent) -> None:
    """A report the server calls malformed is an alarm, not a loop."""
    agent.server.faults.extend([refusing(400, "statement_malformed")] * 3)
    done = agent.once()
    assert ["report_refused"] == [alarm.code for alarm in done.alarms]
    assert [] == agent.waits


def _refusing_large(agent: Agent, status: int, code: str = "too_large") -> None:
    """The server refuses, for good, whatever report has large sections."""
    admit = agent.server._report

    def report(body: bytes, headers: Mapping[str, str]) -> Reply:
        if len(gzip.decompress(body)) > 4000:
            raise RefusedError(status, code)
        return admit(body, headers)

    agent.server._report = report  # type: ignore[method-assign]


@pytest.mark.parametrize("status", [400, 413])
def test_refused_for_days(agent: Agent, status: int) -> None:
    """A report that is refused for a day and three runs is given up, signed as a loss; later nights arrive."""
    _refusing_large(agent, status)
    agent.facts = {"os": {"os.id": "x" * 3000}}
    agent.once()
    (refused,) = agent.files("spool")
    agent.facts = {"os": {"os.id": "debian"}}
    agent.clock.forward(hours=23)
    for _ in range(5):  # however often it is tried within a day
        assert "too_large" == agent.once(with_scan=False).problem.code  # type: ignore[union-attr]
    assert [] == agent.server.admitted
    agent.clock.forward(hours=1)
    done = agent.once("scheduled")
    assert (0, None, ["report_refused"]) == (done.waiting, done.problem, [each.code for each in done.alarms])
    assert ["loss", "report"] == [said.kind for said in agent.server.admitted]
    assert refused.name[9:73] == agent.server.admitted[0].predicate["lost_sha256"]
    assert [refused.name] == [path.name for path in agent.files("damaged")]


def test_refused_twice(agent: Agent) -> None:
    """Two refusals, however far apart, are not enough, and those of another report do not count."""
    agent.server.faults.append(refusing(400, "statement_malformed"))
    agent.once()
    agent.clock.forward(days=9)
    agent.server.faults.append(refusing(400, "statement_malformed"))
    agent.once(with_scan=False)
    assert 1 == agent.once(with_scan=False).sent
    agent.clock.forward(days=9)
    agent.server.faults.append(refusing(400, "statement_malformed"))
    assert 1 == agent.once().waiting
    agent.state.path("refused.json").write_bytes(b"damaged")
    agent.server.faults.append(refusing(400, "statement_malformed"))
    assert 1 == agent.once(with_scan=False).waiting
    assert ["report"] == [said.kind for said in agent.server.admitted]


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unknown_key"), (403, "forbidden"), (400, "sequence_gap")]
)
def test_refused_host(agent: Agent, status: int, code: str) -> None:
    """A refusal of the host, not of the report, costs no report however long it lasts."""
    for _ in range(5):
        agent.server.faults.append(refusing(status, code))
        agent.once()
        agent.clock.forward(days=1)
    assert [5, 0] == [len(agent.files("spool")), len(agent.files("damaged"))]


def test_refused_loss(agent: Agent) -> None:
    """Where the loss is refused as well, one report was given up and not one more."""
    for _ in range(6):
        agent.server.faults.extend([refusing(400, "bad")] * 2)
        agent.once()
        agent.server.faults.clear()
        agent.clock.forward(days=1)
    assert ["spool_damaged", None] == [place.lost for place in agent.chain.waiting[:2]]
    assert 1 == len(agent.files("damaged"))


@pytest.mark.parametrize("code", ["sequence_fork", "host_quarantined"])
def test_enrol_afresh(code: str) -> None:
    """Whoever reads of a fork or a quarantine is told what a restored or cloned host needs."""
    assert "snapshot, or made as a clone, must be enrolled afresh" in alarms.TEXTS[code]


@pytest.mark.parametrize("status", [302, 404, 421])
def test_not_our_server(agent: Agent, status: int) -> None:
    """A redirect or a wrong address is no verdict on the report: nothing is dropped or followed."""
    agent.patience = 0
    agent.server.faults.append(refusing(status, "elsewhere"))
    done = agent.once()
    assert () == done.alarms
    assert done.problem is not None
    assert 1 == len(agent.files("spool"))
    assert 2 == len(agent.server.requests)


def test_takes_no_orders(agent: Agent) -> None:
    """Whatever else an answer holds has no effect: not one request more, not one file more."""
    agent.once()
    before = {path.name for path in agent.state.folder.rglob("*")}
    asked = len(agent.server.requests)
    agent.server.more = {
        "run": "id > /tmp/x",
        "fetch": "https://elsewhere.test/",
        "settings": {"profile": "none"},
    }
    agent.once()
    assert asked + 1 == len(agent.server.requests)
    assert before == {path.name for path in agent.state.folder.rglob("*")}


def test_damaged_spool(agent: Agent) -> None:
    """A truncated report is moved aside; a signed loss takes its place and the chain goes on."""
    agent.patience = 0
    for _ in range(3):
        agent.server.faults.append(unreachable)
        agent.once()
    middle = agent.files("spool")[1]
    middle.write_bytes(middle.read_bytes()[:100])
    done = agent.once()
    assert (4, 4, 0, ()) == (done.sequence, done.sent, done.waiting, done.alarms)
    assert ["report", "loss", "report", "report"] == [said.kind for said in agent.server.admitted]
    loss = agent.server.admitted[1].predicate
    assert middle.name[9:73] == loss["lost_sha256"] == agent.server.admitted[2].predicate["previous"]
    assert ("spool_damaged", 2) == (loss["reason"], loss["sequence"])
    assert [middle.name] == [path.name for path in agent.files("damaged")]


def test_removed_spool_file(agent: Agent) -> None:
    """The same for a report that is simply gone."""
    agent.patience = 0
    agent.server.faults.append(unreachable)
    agent.once()
    agent.files("spool")[0].unlink()
    agent.once()
    assert ["loss", "report"] == [said.kind for said in agent.server.admitted]


def test_damaged_after_lost_answer(agent: Agent) -> None:
    """The server has the report, its answer was lost and the file is damaged: the loss names it, no fork."""
    agent.patience = 0
    agent.server.faults.append(answer_lost)
    agent.once()
    agent.files("spool")[0].write_bytes(b"{}")
    done = agent.once()
    assert () == done.alarms
    assert ["report", "loss", "report"] == [said.kind for said in agent.server.admitted]


def test_lost_section(agent: Agent) -> None:
    """A section that is gone makes its report a loss, but only when the server really needs it."""
    agent.patience = 0
    agent.server.faults.append(unreachable)
    agent.once()
    agent.files("sections")[0].unlink()
    assert () == agent.once(with_scan=False).alarms
    assert ["loss"] == [said.kind for said in agent.server.admitted]


def test_asked_for_what_is_none(agent: Agent) -> None:
    """A server that asks for sections that are none gets no loss out of the agent."""
    agent.patience = 0

    def asks(value: dict[str, Json]) -> None:
        value["error"] = {"code": "sections_missing", "message": "", "hint": "", "missing": ["0" * 64]}

    agent.server.faults.extend([refusing(409, "sections_missing")] * 4)
    done = agent.once()
    assert "server_unreachable" == done.problem.code  # type: ignore[union-attr]
    assert 1 == len(agent.files("spool"))
    assert None is agent.chain.waiting[0].lost


def test_spool_full(agent: Agent) -> None:
    """Beyond its size the spool drops the oldest; signed losses tell so, and the newest arrive."""
    agent.patience = 0
    agent.settings = type(agent.settings)(spool_max_bytes=4000)
    agent.facts = {"os": {"os.id": "x" * 200}}
    for number in range(6):
        agent.facts = {"os": {"os.id": f"{number}" * 200}}
        agent.server.faults.append(unreachable)
        agent.once()
    assert spool.used_bytes(agent.state) <= 4000
    lost = [place.sequence for place in agent.chain.waiting if place.lost == "spool_full"]
    assert lost
    assert lost == list(range(1, len(lost) + 1))
    agent.once()
    kinds = [said.kind for said in agent.server.admitted]
    assert 7 == len(kinds)
    assert ["loss"] * kinds.count("loss") + ["report"] * kinds.count("report") == kinds
    assert kinds.count("report") >= 2


def test_clock_offset(agent: Agent) -> None:
    """The server's clock is measured and goes into the next report; it blocks nothing."""
    agent.once()
    ahead = agent.clock.now

    def later() -> object:
        return ahead.replace(year=2027)

    agent.server.clock = later  # type: ignore[assignment]
    agent.once()
    agent.once()
    offsets = [said.predicate["clock_offset_ms"] for said in agent.server.reports]
    assert 500 == offsets[1]
    assert isinstance(offsets[2], int)


def test_come_back(agent: Agent) -> None:
    """The server may say when to come back, within a day; it is remembered for the service."""
    agent.server.next_seconds = 10**9
    agent.once()
    shipping = json.loads(agent.state.path("shipping.json").read_text())
    assert "2026-11-25T12:00:00Z" == shipping["next_attempt_at"]
