"""What a judged scan shows, on terminal and page alike: worst first, musts and shoulds apart, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from agent.console import plain
from agent.judged import Judged
from config import __version__
from config.criterion import PLATFORMS
from config.standing import CheckStanding, CriterionStanding
from config.verdict import Verdict

LINES_MAX: Final = 6
"""Checks shown under one criterion, unless all are asked for."""
SOURCES_MAX: Final = 3
EXPLOITED_MAX: Final = 5
_ANSWERS: Final = ("fail", "unknown", "pass", "not_applicable")
_LEVELS: Final = ("must", "should", "guidance")


@dataclass(frozen=True)
class Line:
    """One check with its verdict."""

    level: str
    title: str
    verdict: Verdict

    @property
    def told(self) -> str:
        """What was found; for an unknown always with its reason."""
        verdict = self.verdict
        if verdict.answer != "unknown" or verdict.reason in verdict.detail:
            return verdict.detail
        return f"{verdict.reason}: {verdict.detail}"

    @property
    def sources(self) -> str:
        """Where the facts were read, bounded."""
        shown = ", ".join(plain(source) for source in self.verdict.sources[:SOURCES_MAX])
        left = len(self.verdict.sources) - SOURCES_MAX
        return shown + (f" and {left} more" if left > 0 else "")


@dataclass(frozen=True)
class Block:
    """One criterion: its standing, what its checks answered, the lines to show and how many are left out."""

    criterion: CriterionStanding
    answers: dict[str, int]
    documents: tuple[str, ...]
    lines: tuple[Line, ...]
    left: int

    @property
    def tally(self) -> str:
        """Such as "12 pass, 3 fail, 1 unknown"."""
        told = [f"{count} {answer.replace('_', ' ')}" for answer, count in self.answers.items() if count]
        return ", ".join(told) or "nothing to look at here"


def blocks(judged: Judged, level: str, everything: bool) -> list[Block]:
    """The criteria of one level, in catalogue order."""
    return [_block(judged, one, everything) for one in judged.standing.criteria if one.level == level]


def headings(judged: Judged) -> Iterator[tuple[str, str]]:
    """Name and value of what was looked at, when, and what decided."""
    scan = judged.scan
    reading = {"text": "guidance, as published", "conference": "required, as CBP presented it"}
    yield PLATFORMS.get(scan.platform, "host").capitalize(), scan.subject
    yield "Observed", f"{scan.finished_at:%Y-%m-%d %H:%M} UTC"
    yield "Thresholds", f"profile {judged.profile.name} ({judged.profile.title})"
    yield "MFA read as", f"{judged.mfa_reading} ({reading[judged.mfa_reading]})"
    yield "Feeds", f"{judged.feeds} (the baseline of boltseal {__version__})"
    yield "Catalogue", f"{judged.catalogue.version}, {judged.catalogue.digest[:16]}"


def exploited(judged: Judged) -> str | None:
    """The holes that are known to be exploited and whose fix waits: what comes before all else."""
    rows: Any = judged.evidence.facts.get("updates.known_exploited")
    if not rows:
        return None
    named = [f"{plain(row['name'])} ({row['cve']}, known since {row['known_since']})" for row in rows]
    left = len(named) - EXPLOITED_MAX
    return ", ".join(named[:EXPLOITED_MAX]) + (f" and {left} more" if left > 0 else "")


def tallies(judged: Judged) -> Iterator[tuple[str, dict[str, int]]]:
    """Must and should, each with how many of its checks gave which answer; never added up."""
    for level in _LEVELS[:2]:
        answers = dict.fromkeys(_ANSWERS, 0)
        for criterion in judged.standing.criteria:
            for check in _checks(criterion):
                if check.level == level:
                    answers[judged.by_check[check.check].answer] += 1
        yield level, answers


def remarks(judged: Judged) -> Iterator[str]:
    """What a person should know beside the table."""
    scan = judged.scan
    for name, error in scan.errors.items():
        yield f"The collector {name} broke off ({error}); its facts are unknown."
    if denied := judged.unseen("permission_denied"):
        more = "root sees more" if PLATFORMS.get(scan.platform, "host") == "host" else "other rights see more"
        yield f"{_count(denied, 'fact')} may not be read by this user; {more}."
    if spent := judged.unseen("budget_spent"):
        yield f"{_count(spent, 'fact')} not looked at, since the time was spent."
    cost = scan.cost
    yield (
        f"{_count(len(scan.sections), 'collector')} in {cost.wall_ms / 1000:.1f} s, "
        f"{cost.cpu_ms / 1000:.1f} s of CPU, {cost.peak_rss_kib / 1024:.0f} MiB at most."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _block(judged: Judged, criterion: CriterionStanding, everything: bool) -> Block:
    checks = _checks(criterion)
    lines = [Line(check.level, check.title, judged.by_check[check.check]) for check in checks]
    lines.sort(key=lambda line: (_ANSWERS.index(line.verdict.answer), _LEVELS.index(line.level)))
    wanted = [line for line in lines if everything or line.verdict.answer in ("fail", "unknown")]
    shown = wanted if everything else wanted[:LINES_MAX]
    answers = {answer: sum(line.verdict.answer == answer for line in lines) for answer in _ANSWERS}
    documents = tuple(document.title for part in criterion.parts for document in part.documents)
    return Block(criterion, answers, documents, tuple(shown), len(wanted) - len(shown))


def _checks(criterion: CriterionStanding) -> list[CheckStanding]:
    return [check for part in criterion.parts for check in part.checks]
