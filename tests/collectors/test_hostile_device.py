"""Network devices that hide, cut off or mix up their answers: no secret is told, no verdict gets better."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from collectors import discover
from collectors.door import REASONS
from collectors.door_device import COMMANDS
from collectors.findings import Findings
from collectors.look import look_with
from config import shipped
from config.evaluate import Evidence, judge
from tests.collectors.cases import Case, cases
from tests.collectors.damage import improved
from tests.collectors.twin import MOMENT
from tests.collectors.twin_device import Twin, twin

COLLECTORS = discover("device")
CASES = [case for name in COLLECTORS for case in cases(name)]
SECRET = "SeCrEt"
"""Every secret of the fixtures begins so."""
USUAL = twin({}).answers
REFUSED = ("permission_denied", "timeout", "too_large", "unsupported", "malformed", "budget_spent")


def damaged(device: Twin) -> Iterator[tuple[str, Twin]]:
    """Each answer refused, emptied, cut off in each of its lines, or another command's."""
    for command in COMMANDS["ios"]:
        text = device.answers[command]
        lines = text.splitlines(keepends=True)
        told = {reason: f"!{reason}" for reason in REFUSED} | {
            "empty": "",
            "noise": "\ufffd\x07 % ^ marker\n",
        }
        lines = lines if not text.startswith("!") else []
        told |= {f"cut_{at}": "".join(lines[:at]) for at in range(1, len(lines)) if tells(command, lines[at])}
        told |= {f"torn_{at}": text[:-at] for at in (2, 5, 9) if lines}
        told |= {f"swapped_{other}": device.answers[other] for other in COMMANDS["ios"] if other != command}
        # What most cases answer alike is damaged in each of them in a quarter of its places, another one each.
        places = [*told.items()]
        if text == USUAL[command]:
            places = places[sum(map(len, device.answers.values())) % 4 :: 4]
        for kind, answer in places:
            yield (
                f"{command} {kind}",
                replace(device, answers={**device.answers, command: answer}, cache={}, asked=[]),
            )


def tells(command: str, following: str) -> bool:
    """Whether a cut before this line can be told. Between two users only the prompt behind the answer tells it."""
    return command != "show snmp user" or not following.startswith(("User name:", "\n"))


def answers(found: Findings) -> Mapping[str, str]:
    evidence = Evidence("device", "device", found.facts, found.missing, found.sources, MOMENT)
    return {one.check: one.answer for one in judge(evidence, shipped.catalogue(), shipped.profile(), MOMENT)}


def whole(device: Twin) -> Findings:
    """What all collectors find together."""
    together = Findings()
    for collector in COLLECTORS.values():
        found, _ = look_with(collector, device)
        together.facts |= found.facts
        together.missing |= found.missing
        together.sources |= found.sources
    return together


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.subject}-{case.name}")
def test_no_secret_is_told(case: Case) -> None:
    """No secret of any configuration is in a fact, a source or a reason of any collector."""
    for collector in COLLECTORS.values():
        found, _ = look_with(collector, twin(case.data))
        told = json.dumps([found.facts, found.missing, found.sources, found.reason])
        assert SECRET not in told


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.subject}-{case.name}")
def test_damage_never_improves_a_verdict(case: Case, record_property: pytest.FixtureRequest) -> None:
    """No failure and no unknown becomes a pass or an exemption, and nothing raises."""
    device, better, count = twin(case.data), [], 0
    before, judged = answers(whole(device)), set[str]()
    for name, other in damaged(device):
        count += 1
        found = whole(other)
        assert set(found.missing.values()) <= set(REASONS)
        told = json.dumps([found.facts, found.missing])
        if told in judged:  # most cuts come to the same
            continue
        judged.add(told)
        better += [f"{name}: {one}" for one in improved(before, answers(found)).values()]
    record_property("compared", count)  # type: ignore[operator]
    assert not better, "\n".join(better)


def test_nothing_but_the_table_is_asked() -> None:
    """All collectors together ask for every command of the table, and a word outside it is refused."""
    device = twin({})
    whole(device)

    assert set(COMMANDS["ios"]) == set(device.asked)
    with pytest.raises(ValueError, match="reload"):
        device.show("reload")
    assert all(one.startswith("show ") for several in COMMANDS.values() for one in several)
