"""A mail domain out of a fixture.

domain = "example.com"
selectors = ["s1"]
organisation = "example.com"       # by the public suffix list; the domain itself where left out
policy = "version: STSv1 …"       # served over HTTPS; "!not_found" and the like are reasons

[cases.dns]                        # a name that is not there has no such name (NXDOMAIN)
"example.com TXT" = ["v=spf1 -all"]
"example.com MX" = ["mx1.example.com"]      # by preference
"slow.example A" = "!timeout"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from collectors.door import Door, Unseen
from collectors.door_mail import Answer, Mail
from tests.collectors.twin import MOMENT


@dataclass
class MailTwin(Mail):
    """Answers what the fixture says, and nothing else."""

    domain: str
    selectors: tuple[str, ...]
    organisation: str
    served: str
    dns: dict[str, list[str] | str]
    authentic: bool = False
    platform: str = "mail"
    now: datetime = MOMENT
    cache: dict[str, object] = field(default_factory=dict)

    def txt(self, name: str) -> Answer:
        return self._told(name, "TXT")

    def mx(self, name: str) -> Answer:
        return self._told(name, "MX")

    def addresses(self, name: str, kind: Literal["A", "AAAA"] = "A") -> Answer:
        return self._told(name, kind)

    def organisational(self, name: str) -> str:
        return self.organisation

    def policy(self, domain: str) -> str:
        where = f"https://mta-sts.{domain}/.well-known/mta-sts.txt"
        if self.served.startswith("!"):
            raise Unseen(self.served[1:], where)
        return self.served

    def _told(self, name: str, kind: str) -> Answer:
        assert name == name.lower()
        assert not name.endswith(".")
        told = self.dns.get(f"{name} {kind}")
        if isinstance(told, str):
            raise Unseen(told[1:], f"{name} {kind}")
        exists = any(one.partition(" ")[0] == name for one in self.dns)
        return Answer(tuple(told or ()), exists, self.authentic and told is not None)


def twin(data: dict[str, Any]) -> Door:
    """The door of a case."""
    return MailTwin(
        data.get("domain", "example.com"),
        tuple(data.get("selectors", ())),
        data.get("organisation", data.get("domain", "example.com")),
        data.get("policy", "!not_found"),
        data.get("dns", {}),
        data.get("authentic", False),
        now=data.get("now", MOMENT),
    )
