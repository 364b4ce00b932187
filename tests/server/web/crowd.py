"""A fleet with many different answers, admitted as real hosts are; its facts are those of the checks' own examples."""

import random
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from config import canonical, section, shipped
from config.canonical import Json
from config.criterion import Check
from server.home import Home
from tests.server.twin import SECRET, Answer, Twin, new_token

PLACES = ("dispatch", "warehouse", "gate", "customs", "yard", "office", "billing", "scale")
EXAMPLES_AT = datetime.fromisoformat("2026-11-24T12:00:00Z")
"""The moment at which the catalogue's examples are judged."""
SOURCES: Mapping[str, str] = {"sshd": "sshd -T", "password": "/etc/security/pwquality.conf:12"}
EXPLOITED = (0, 11)
"""Hosts on which an update waits that closes a known-exploited hole, by the shipped list."""
HOLE: Mapping[str, Json] = {
    "updates.pending_security": [
        {
            "name": "policykit-1",
            "source_package": "policykit-1",
            "installed": "0.105-31",
            "available": "0.105-31+deb11u1",
            "advisories": ["CVE-2021-4034"],
        }
    ]
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Server(Protocol):
    """A server in this process or in another."""

    home: Home

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer: ...


def fill(server: Server, now: datetime, count: int = 24, seed: int = 7) -> list[Twin]:
    """Enrol hosts and let most of them report: one never does, one has long been silent."""
    chance = random.Random(seed)
    checks = list(shipped.catalogue().checks.values())
    common = chance.sample(checks, 9)  # what is wrong with many
    secret = new_token(server.home, now, count, tags=("depot",))
    twins = []
    for index in range(count):
        place = PLACES[index % len(PLACES)]
        twin = Twin(f"{place}-{index // len(PLACES) + 1:02}")
        assert twin.enrol(server, secret).status == 201
        twins.append(twin)
        if index == 1:
            continue
        wrong = [each for each in common if chance.random() < 0.5] + chance.sample(checks, 3)
        hidden = chance.sample(checks, 2)
        then = now - timedelta(days=12) if index == 2 else now - timedelta(minutes=chance.randrange(30, 500))
        told = facts(checks, wrong, then)
        if index in EXPLOITED:
            told |= HOLE
            hidden = [each for each in hidden if each.part != "4.3.b"]
        sections = sealed(told, hidden)
        said = twin.report(sections, then)
        answer = twin.ship(server, said, sections)
        assert answer.status == 200, answer.body
    return twins


def facts(checks: Sequence[Check], wrong: Sequence[Check], then: datetime) -> dict[str, Json]:
    """What a host says that passes all checks but some, as far as their examples agree with each other."""
    told: dict[str, Json] = {}
    for verdict, own in (("fail", wrong), ("pass", checks)):
        for check in own:
            for example in (each for each in check.examples if each.verdict == verdict):
                if example.profile == "nist" and (verdict == "pass" or not set(example.facts) & set(told)):
                    told |= {name: value for name, value in example.facts.items() if name not in told}
                    break
    shift = then - EXAMPLES_AT
    moved: dict[str, Json] = {name: _moved(value, shift) for name, value in told.items()}
    return moved


def sealed(told: Mapping[str, Json], hidden: Sequence[Check] = ()) -> list[bytes]:
    """The sections of facts, a subject each; what some checks ask could not be seen."""
    unseen = {clause.fact for check in hidden for clause in check.clauses}
    made = []
    for subject in sorted({name.partition(".")[0] for name in told}):
        own = {name: value for name, value in told.items() if name.startswith(f"{subject}.")}
        missing = dict.fromkeys(unseen & set(own), "permission_denied")
        seen = {name: value for name, value in own.items() if name not in missing}
        places = dict.fromkeys(own, (SOURCES.get(subject, f"/etc/{subject}.conf:1"),))
        made.append(section.seal(subject, 1, "collected", None, seen, missing, places, SECRET))
    return made


def _moved(value: Any, shift: timedelta) -> Any:
    if isinstance(value, list):
        return [_moved(each, shift) for each in value]
    if isinstance(value, dict):
        return {name: _moved(each, shift) for name, each in value.items()}
    if isinstance(value, str) and _TIME.fullmatch(value):
        return canonical.encode_time(canonical.decode_time(value) + shift)
    return value
