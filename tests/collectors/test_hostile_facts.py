"""Damage never improves a verdict: what cannot be seen any more must not turn a failure into a pass.

Every case of every collector is taken; every path and command that the collector asked for there is damaged
in every way of `damage`, one at a time: in the first case that asks for it, and of the further cases in a
quarter, for macOS in a few. HYPOTHESIS_PROFILE=thorough takes them all.
"""

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import NamedTuple
from zlib import crc32

import pytest

from collectors import discover, every
from collectors.door import REASONS, Command
from collectors.findings import Findings
from collectors.look import look_with
from config import shipped
from config.criterion import Catalogue
from config.evaluate import Evidence, judge
from tests.collectors.cases import Case, cases, twin
from tests.collectors.damage import improved, lies, rewritten, unseeable, watched
from tests.collectors.twin import MOMENT, Node, Twin

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
ONE_OF = {"linux": 4, "macos": 64}
COLLECTORS = sorted({*discover(), *discover("macos")})
NO_FILE = ("fifo", "folder", "loop")

EXCEPT = {
    # sshd cannot be asked, so its files are read by the own reader: an answer, not the want of one.
    ("sshd", "tool_missing"),
    ("sshd", "permission_denied"),
    ("sshd", "exit_127"),
    # Nothing in these answers tells that they are whole.
    ("auditctl", "torn"),
    ("dmsetup", "torn"),
    # Real programs skip what is no regular file in a folder of drop-ins, and so do we: it says nothing.
    *product(("/etc/sudoers.d", "/private/etc/sudoers.d", "/etc/dconf/db/local.d"), NO_FILE),
    ("/etc/ssh/sshd_config.d", "folder"),
    # A folder of drop-ins that is a loop of links holds none for systemd either.
    ("/etc/systemd/system", "loop"),
}
"""Program or folder, and damage, that may improve a verdict, with the reason why."""


class Attempt(NamedTuple):
    """A host with one thing wrong. `strict`: what was there cannot be seen any more, rather than says else."""

    name: str
    host: Callable[[], Twin]
    strict: bool


def attempts(case: Case) -> Iterator[Attempt]:
    """Every damage to everything that the collector asks for in this case."""
    whole = twin(case)
    host = watched(whole)
    look_with(every()[case.subject], host)
    for path in with_parents(host.paths):
        node = host.nodes.get(path, Node(kind="none"))
        kinds = [(kind, one, hides(path, node, kind)) for kind, one in unseeable(path, node).items()]
        if path in host.nodes:
            kinds += [(kind, one, False) for kind, one in rewritten(node).items()]
        for kind, one, strict in kinds:
            yield Attempt(f"{path} {kind}", partial(with_node, whole, path, one), strict)
    for argv in dict.fromkeys(host.asked):
        for kind, told in lies(argv, host.commands.get(argv, "tool_missing")).items():
            strict = (argv[0], kind) not in EXCEPT and kind != "shouting"
            yield Attempt(f"{' '.join(argv)} {kind}", partial(with_answer, whole, argv, told), strict)


def with_node(whole: Twin, path: str, node: Node) -> Twin:
    """The same host with something else in one place; made only where it is tried."""
    return replace(whole, cache={}, asked=[], nodes={**whole.nodes, path: node})


def with_answer(whole: Twin, argv: tuple[str, ...], told: Command | str) -> Twin:
    """The same host with another answer; made only where it is tried."""
    return replace(whole, cache={}, asked=[], commands={**whole.commands, argv: told})


def hides(path: str, node: Node, kind: str) -> bool:
    """Whether something that was to be seen no longer is.

    What was not there and now is a folder or a pipe is something new; and what is no folder any more holds
    nothing, for the real programs as well.
    """
    if node.unseen or (posixpath.dirname(path), kind) in EXCEPT:
        return False
    return node.kind == "file" or (node.kind == "dir" and kind in ("loop", "unreadable", "late"))


def with_parents(paths: Iterable[str]) -> list[str]:
    """The paths, and every folder on the way to them."""
    found: dict[str, None] = {}
    for path in paths:
        at = path
        while at != "/":
            found[at] = None
            at = posixpath.dirname(at)
    return [*found]


@cache
def catalogue(subject: str) -> Catalogue:
    """The checks that rest on a fact of this collector."""
    facts, whole = every()[subject].facts.keys(), shipped.catalogue()
    checks = {
        name: check
        for name, check in whole.checks.items()
        if not facts.isdisjoint(clause.fact for clause in (*check.clauses, *check.applies_when))
    }
    return replace(whole, checks=checks)


def answers(case: Case, found: Findings) -> Mapping[str, str]:
    moment = case.data.get("now", MOMENT)
    platform = every()[case.subject].platform
    evidence = Evidence("host", platform, found.facts, found.missing, found.sources, moment)
    return {
        one.check: one.answer for one in judge(evidence, catalogue(case.subject), shipped.profile(), moment)
    }


@pytest.mark.no_cover  # what it runs is measured elsewhere, and counting its lines doubles its time
@pytest.mark.parametrize("subject", COLLECTORS)
def test_damage_never_improves_a_verdict(subject: str, record_property: pytest.FixtureRequest) -> None:
    """No failure and no unknown becomes a pass or an exemption, and nothing raises."""
    collector = every()[subject]
    one_of = 1 if THOROUGH else ONE_OF[collector.platform]
    better, count, tried = [], 0, set[str]()
    for case in cases(subject):
        before = answers(case, look_with(collector, twin(case))[0])
        for attempt in attempts(case):
            if attempt.name in tried and crc32(f"{subject} {case.name} {attempt.name}".encode()) % one_of:
                continue
            tried.add(attempt.name)
            count += 1
            try:
                found, _ = look_with(collector, attempt.host())
            except Exception as error:  # noqa: BLE001  named with the damage that led to it
                better.append(f"{case.name}: {attempt.name}: {error!r}")
                continue
            assert {*found.facts, *found.missing} == set(collector.facts)
            assert set(found.missing.values()) <= set(REASONS)
            told = improved(before, answers(case, found)) if attempt.strict else {}
            better += [f"{case.name}: {attempt.name}: {one}" for one in told.values()]
    record_property("compared", count)  # type: ignore[operator]
    assert not better, "\n".join(better)
