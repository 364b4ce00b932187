"""What Windows records in its security log: the effective audit policy, by the identifiers of its subcategories.

The identifiers are the same in every language; names and the output of auditpol are not. The question wants an
administrator's rights. Deletions are recorded only where a folder asks for it as well, so they are never claimed.
"""

from __future__ import annotations

from collectors import audit as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, service
from collectors.findings import Fact, Findings, Json, Seen

FACTS = {name: linux.FACTS[name] for name in ("audit.active", "audit.covers")} | {
    "audit.subcategories": Fact(
        "records{guid: str, name: str, success: bool, failure: bool}",
        "subcategories of Windows' audit policy that matter here, and what of each is recorded",
    ),
}
API = "AuditQuerySystemPolicy"
SUCCESS, FAILURE = 1, 2
_TAIL = "-69ae-11d9-bed3-505054503030"
NAMES = {
    f"0cce9210{_TAIL}": "security state change",
    f"0cce9215{_TAIL}": "logon",
    f"0cce9217{_TAIL}": "account lockout",
    f"0cce921b{_TAIL}": "special logon",
    f"0cce9228{_TAIL}": "sensitive privilege use",
    f"0cce922b{_TAIL}": "process creation",
    f"0cce922f{_TAIL}": "audit policy change",
    f"0cce9235{_TAIL}": "user account management",
    f"0cce9237{_TAIL}": "security group management",
    f"0cce923f{_TAIL}": "credential validation",
}
COVERS = {
    "identity": {"user account management": SUCCESS, "security group management": SUCCESS},
    "logon": {"logon": SUCCESS | FAILURE},
    "privilege": {"special logon": SUCCESS},
    "time": {"security state change": SUCCESS},
}
"""What must be recorded of which subcategory for a word of audit.covers; a change of the clock is one of state."""


def collect(host: Windows) -> Findings:
    """The policy in effect."""
    findings = Findings()
    findings.look("audit.active", _active, host)
    findings.look("audit.covers", _covers, host)
    findings.look("audit.subcategories", _subcategories, host)
    return findings


def _active(host: Windows) -> Seen:
    log = service(host, "EventLog")
    return Seen(log is not None and log.running and any(_policy(host).values()), API, "service EventLog")


def _covers(host: Windows) -> Seen:
    policy = _policy(host)
    words: list[Json] = [
        word
        for word, wanted in COVERS.items()
        if all(policy[name] & flags == flags for name, flags in wanted.items())
    ]
    return Seen(words, API)


def _subcategories(host: Windows) -> Seen:
    policy = _policy(host)
    records: list[Json] = [
        {
            "guid": guid,
            "name": name,
            "success": bool(policy[name] & SUCCESS),
            "failure": bool(policy[name] & FAILURE),
        }
        for guid, name in NAMES.items()
    ]
    return Seen(records, API)


def _policy(host: Windows) -> dict[str, int]:
    answers = host.audited(tuple(NAMES))
    if len(answers) != len(NAMES):
        raise Unseen("malformed", API, "not every subcategory")
    return dict(zip(NAMES.values(), answers, strict=True))
