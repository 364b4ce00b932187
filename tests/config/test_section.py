"""Sections: sealed by a collector's host, read by strangers."""

import json
from typing import Any

import pytest

from config import canonical, section
from config.canonical import Json
from config.errors import InputError
from config.section import Section
from config.settings import SECTION_MAX_BYTES

SECRET = b"secret"
FACTS: dict[str, Json] = {
    "sshd.installed": True,
    "sshd.max_auth_tries": 4,
    "sshd.weak_algorithms": ["3des-cbc"],
}
MISSING = {"sshd.running": "permission_denied"}
SOURCES = {"sshd.installed": ("/usr/sbin/sshd",), "sshd.running": ("/proc",)}


def sealed(secret: bytes = SECRET) -> bytes:
    """A good section's bytes."""
    return section.seal("sshd", 1, "collected", None, FACTS, MISSING, SOURCES, secret)


def changed(**fields: Any) -> bytes:
    """A good section's bytes with some fields set, or removed where they are `...`."""
    document = {**json.loads(sealed()), **fields}
    return canonical.encode({name: value for name, value in document.items() if value is not ...})


def test_round_trip() -> None:
    """A section reads back as it was sealed, in canonical form."""
    got = section.decode(sealed())

    assert Section("sshd", 1, "collected", None, FACTS, MISSING, SOURCES, got.salt) == got
    assert canonical.decode_canonical(sealed())


def test_digest_changes_only_with_content() -> None:
    """Equal content of one host has equal bytes; other content or another host has another salt."""
    other = section.seal(
        "sshd", 1, "collected", None, {**FACTS, "sshd.max_auth_tries": 5}, MISSING, SOURCES, SECRET
    )

    salts = {section.decode(data).salt for data in (sealed(), other, sealed(b"another"))}

    assert sealed() == sealed()
    assert 3 == len(salts)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("collected", None), ("failed", "timeout"), ("not_applicable", "no desktop is installed")],
)
def test_outcomes(outcome: str, reason: str | None) -> None:
    """A failure names one of the closed reasons; what does not apply says why in words."""
    got = section.decode(section.seal("screen_lock", 2, outcome, reason, {}, {}, {}, SECRET))

    assert (outcome, reason) == (got.outcome, got.reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"salt": ...},
        {"more": 1},
        {"collector": 1},
        {"collector": "../etc"},
        {"collector": ""},
        {"version": 0},
        {"version": True},
        {"version": "1"},
        {"outcome": "passed"},
        {"outcome": None},
        {"reason": "because"},
        {"reason": 1},
        {"outcome": "failed"},
        {"outcome": "failed", "reason": "because"},
        {"outcome": "not_applicable"},
        {"outcome": "not_applicable", "reason": ""},
        {"facts": []},
        {"facts": None},
        {"missing": {"sshd.installed": "timeout"}},
        {"missing": {"sshd.running": "because"}},
        {"missing": {"sshd.running": None}},
        {"sources": {"sshd.elsewhere": []}},
        {"sources": {"sshd.installed": "/usr/sbin/sshd"}},
        {"sources": {"sshd.installed": [1]}},
        {"salt": "a" * 31},
        {"salt": None},
    ],
)
def test_malformed(fields: dict[str, Any]) -> None:
    """Missing, unknown and ill-typed fields are refused, and facts that contradict themselves."""
    with pytest.raises(InputError, match="section_malformed"):
        section.decode(changed(**fields))


def test_malformed_bytes() -> None:
    """Other JSON is no section, and a section is one line."""
    for data in (b"[]", b"1", sealed() + b"\n", json.dumps(json.loads(sealed()), indent=1).encode()):
        with pytest.raises(InputError, match="section_malformed"):
            section.decode(data)


def test_too_large() -> None:
    """A section has a limit of its own, on both sides."""
    facts = {"os.id": "a" * SECTION_MAX_BYTES}
    with pytest.raises(InputError, match="too_large"):
        section.seal("os", 1, "collected", None, facts, {}, {}, SECRET)
