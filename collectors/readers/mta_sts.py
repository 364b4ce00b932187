"""MTA-STS (RFC 8461): the TXT record that announces a policy, the policy itself, and whom it covers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Unseen
from collectors.door_mail import Mail

_ID: Final = re.compile(r";[ \t]*id=([A-Za-z0-9]{1,32})[ \t]*(?:;|$)")
AGE_MAX: Final = 31557600


@dataclass(frozen=True)
class Policy:
    """A policy. `mode` is enforce, testing or none, or malformed: senders then act as if there were none."""

    mode: str
    patterns: tuple[str, ...] = ()
    max_age_seconds: int | None = None


def announced(texts: tuple[str, ...]) -> bool:
    """Whether the TXT records at `_mta-sts.<domain>` announce a policy: exactly one, with an id (section 3.1)."""
    found = [text for text in texts if re.match(r"v=STSv1[ \t]*;", text)]
    return len(found) == 1 and _ID.search(found[0]) is not None


def served(door: Mail) -> Policy:
    """The policy that senders would find; one that is announced and not served is absent to them."""
    try:
        return parse(door.policy(door.domain))
    except Unseen as unseen:
        if unseen.reason != "not_found":
            raise
        return Policy("absent")


def parse(text: str) -> Policy:
    """The policy file (section 3.2); of a key that is named twice the first counts, `mx` apart."""
    found: dict[str, str] = {}
    patterns: list[str] = []
    for line in re.split(r"\r?\n", text):
        name, colon, value = line.partition(":")
        if colon and name.strip() == "mx":
            patterns.append(value.strip().lower().rstrip("."))
        elif colon:
            found.setdefault(name.strip(), value.strip())
    age = found.get("max_age", "")
    mode = found.get("mode", "")
    whole = found.get("version") == "STSv1" and mode in ("enforce", "testing", "none")
    if not whole or not re.fullmatch(r"[0-9]{1,10}", age) or (mode != "none" and not patterns):
        return Policy("malformed", tuple(patterns))
    return Policy(mode, tuple(patterns), min(int(age), AGE_MAX))


def covers(policy: Policy, hosts: tuple[str, ...]) -> bool:
    """Whether every mail exchanger fits a pattern; `*.` stands for exactly one label (section 4.1)."""
    return all(any(_fits(host.lower(), pattern) for pattern in policy.patterns) for host in hosts)


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:] and "." in host
    return host == pattern
