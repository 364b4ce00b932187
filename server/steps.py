"""What to do next about a criterion, as one sentence: the worst that binds first, what is only recommended last."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from config.standing import STATUSES, CheckStanding, CriterionStanding, PartStanding

_EACH = (("this host", "each host"), ("this machine", "each machine"), ("this server", "each server"))

Called = Callable[[str, str, int], str]
"""Says of a check, an answer and a number of subjects which these are: "2 hosts and 1 directory"."""


@dataclass(frozen=True)
class Step:
    """A sentence, and the evidence that it speaks of."""

    text: str
    part: str
    check: str
    """Empty where the sentence is about documents or about the whole."""
    counted_as: str
    hosts: int


def hosts(check: str, counted_as: str, count: int) -> str:
    """So many hosts: what subjects are called where nobody observes others."""
    return "1 host" if count == 1 else f"{count:,} hosts"


def next_step(criterion: CriterionStanding, expected: int, called: Called = hosts) -> Step | None:
    """Return the first thing to do, or None where nothing is left.

    Args:
        criterion: its standing over the fleet.
        expected: how many hosts are enrolled and not revoked.
        called: what says which subjects a check is about.
    """
    if criterion.status == "not_applicable":
        return None
    has_checks = any(part.checks for part in criterion.parts)
    if not expected and has_checks:
        return Step("Enrol a host: no machine has reported yet", "", "", "", 0)
    return next(_steps(criterion, called), None)


def lowered(title: str) -> str:
    """A check's title as it continues a sentence: names and abbreviations keep their capital."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _steps(criterion: CriterionStanding, called: Called) -> Iterator[Step]:
    binding = [(part, check) for part, check in _checks(criterion) if _binds(criterion, part, check)]
    others = [
        (part, check)
        for part, check in _checks(criterion)
        if (part, check) not in binding and check.level != "guidance"
    ]
    yield from _failing(binding, "Fix", called)
    yield from _unknown(binding, called)
    yield from _stale(binding, called)
    yield from _documents(criterion)
    yield from _failing(others, "Recommended: fix", called)


def _checks(criterion: CriterionStanding) -> Iterator[tuple[PartStanding, CheckStanding]]:
    return ((part, check) for part in criterion.parts for check in part.checks)


def _binds(criterion: CriterionStanding, part: PartStanding, check: CheckStanding) -> bool:
    is_part_binding = part.level == "must" or criterion.level == "should"
    return is_part_binding and (check.level == "must" or (part.level == "should" and check.level == "should"))


def _failing(
    checks: Iterable[tuple[PartStanding, CheckStanding]], verb: str, called: Called
) -> Iterator[Step]:
    for part, check in sorted(checks, key=_worst_first):
        if check.failed:
            goal = _goal(check, check.failed)
            text = f"{verb} {called(check.check, 'fail', check.failed)} so that {goal}"
            yield Step(text, part.id, check.check, "fail", check.failed)


def _worst_first(each: tuple[PartStanding, CheckStanding]) -> tuple[int, int]:
    return STATUSES.index(each[1].status), -each[1].failed


def _unknown(checks: Iterable[tuple[PartStanding, CheckStanding]], called: Called) -> Iterator[Step]:
    for part, check in sorted(checks, key=lambda each: -each[1].unknown):
        if check.unknown:
            goal = _goal(check, check.unknown)
            text = f"Find out why {called(check.check, 'unknown', check.unknown)} can't show that {goal}"
            yield Step(text, part.id, check.check, "unknown", check.unknown)


def _stale(checks: Iterable[tuple[PartStanding, CheckStanding]], called: Called) -> Iterator[Step]:
    for part, check in sorted(checks, key=lambda each: -each[1].stale):
        if check.stale:
            # Too old may be the report, or what the answer rests on: package lists, or a feed.
            whose = called(check.check, "stale", check.stale)
            text = f"Get newer evidence from {whose} that {_goal(check, check.stale)}"
            yield Step(text, part.id, check.check, "stale", check.stale)


def _documents(criterion: CriterionStanding) -> Iterator[Step]:
    wanted = [(part, each) for part in criterion.parts for each in part.documents if each.status != "met"]
    if wanted:
        part, first = wanted[0]
        one = lowered(first.title).partition(",")[0]
        text = f"Have ready: {one}" if len(wanted) == 1 else f"Have {len(wanted)} documents ready"
        yield Step(text, part.id, "", "", 0)


def _goal(check: CheckStanding, hosts: int) -> str:
    goal = lowered(check.title)
    if hosts > 1:
        for one, each in _EACH:
            goal = goal.replace(one, each)
    return goal
