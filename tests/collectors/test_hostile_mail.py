"""Name servers and policy servers that hide or garble what they hold: no verdict gets better, nothing breaks."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest

from collectors import discover
from collectors.door import REASONS, Unseen
from collectors.door_mail import Answer
from collectors.findings import Findings
from collectors.look import look_with
from config import shipped
from config.evaluate import Evidence, judge
from tests.collectors.cases import Case, cases, door
from tests.collectors.damage import improved
from tests.collectors.twin_mail import MailTwin

COLLECTOR = discover("mail")["spoofing_mail"]
UNSEEN = ("permission_denied", "timeout", "malformed", "too_large", "budget_spent")
WORDS = (
    "v=spf1 v=DMARC1; v=STSv1; v=DKIM1; -all ~all +all all ?all redirect= include: include:example.com a mx ptr"
    " exists:%{i}.example.com ip4:0.0.0.0/0 ip6:::/0 ip4: p=reject p=none p= sp=reject pct=100 pct=x rua=mailto:"
    " k=rsa k=x p=MIIB t=y id=1 id= mode: enforce mx: *.example.com max_age: 1 ; = \x00 \x1b[2J \ufffd % %{ a/33 :: .."
).split(" ")
ROUNDS = 20


@dataclass
class Damaged(MailTwin):
    """A domain of which one answer, there or not, cannot be seen; it writes down what is asked."""

    hidden: str = ""
    reason: str = ""
    asked: dict[str, None] = field(default_factory=dict)

    def _told(self, name: str, kind: str) -> Answer:
        self._look(f"{name} {kind}")
        return super()._told(name, kind)

    def policy(self, domain: str) -> str:
        self._look(f"policy {domain}")
        return super().policy(domain)

    def _look(self, what: str) -> None:
        self.asked[what] = None
        if what == self.hidden:
            raise Unseen(self.reason, what)


def whole(case: Case) -> Damaged:
    """The case's domain, nothing hidden."""
    made = door(case)
    assert isinstance(made, MailTwin)
    return Damaged(**vars(made))


def answers(domain: MailTwin) -> tuple[Findings, Mapping[str, str]]:
    """What is found, and the verdicts on it."""
    found, _ = look_with(COLLECTOR, domain)
    evidence = Evidence("mail", "mail", found.facts, found.missing, found.sources, domain.now)
    verdicts = judge(evidence, shipped.catalogue(), shipped.profile(), domain.now)
    return found, {one.check: one.answer for one in verdicts}


def hidings(domain: Damaged) -> Iterator[Damaged]:
    """Each question that was asked, unanswered for each reason."""
    for what in domain.asked:
        for reason in UNSEEN:
            yield replace(domain, hidden=what, reason=reason, cache={}, asked={})


def test_damage_never_improves_a_verdict(record_property: pytest.FixtureRequest) -> None:
    """No failure and no unknown becomes a pass or an exemption because an answer did not come."""
    better, count = [], 0
    for case in cases(COLLECTOR.name):
        domain = whole(case)
        _, before = answers(domain)
        assert domain.asked
        for damaged in hidings(domain):
            count += 1
            found, after = answers(damaged)
            assert set(found.missing.values()) <= set(REASONS)
            told = improved(before, after).values()
            better += [f"{case.name}: {damaged.hidden} {damaged.reason}: {one}" for one in told]
    record_property("compared", count)  # type: ignore[operator]
    assert not better, "\n".join(better)


def test_no_text_breaks_it() -> None:
    """Whatever a record or a policy says, facts keep their types and nothing but `Unseen` is raised."""
    chance = random.Random(7)  # the same damage in every run
    for case in cases(COLLECTOR.name):
        domain = whole(case)
        answers(domain)
        names = [one for one in domain.asked if one.endswith(" TXT")]
        for _ in range(ROUNDS):
            text = "".join(
                chance.choice(WORDS) + chance.choice(("", " ", ";", "\n"))
                for _ in range(chance.randrange(12))
            )
            records: list[str] = [text] * chance.randrange(3)
            dns = {**domain.dns, chance.choice(names): records}
            damaged = replace(
                domain, dns=dns, served=chance.choice((domain.served, text)), cache={}, asked={}
            )
            found = COLLECTOR.collect(damaged)
            assert [] == found.close(COLLECTOR.facts), (case.name, dns)
