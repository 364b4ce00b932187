"""Files of group policies: what is well made is read, and whatever is torn is `malformed`, never a value."""

from __future__ import annotations

import contextlib
import random
import struct
from collections.abc import Callable

import pytest

from collectors.door import Unseen
from collectors.readers import audit_csv, policy_text, registry_pol
from collectors.readers.registry_pol import Order

LOGON = "0cce9215-69ae-11d9-bed3-505054503030"
HEAD = "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Setting Value\r\n"
CSV = (
    HEAD
    + f',System,"Anmelden, lokal",{{{LOGON.upper()}}},Erfolg,,3\r\n,,Option:CrashOnAuditFail,,Disabled,,0\r\n'
)
TEMPLATE = (
    "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nMinimumPasswordLength = 14\r\n[Event Audit]\r\n"
    "AuditLogonEvents = 3\r\n[Registry Values]\r\nMACHINE\\A\\B=4,2\r\nMACHINE\\A\\C=7,x,y\r\nMACHINE\\A\\D=4,\r\n"
)


def order(key: str, value: str, kind: int, data: bytes) -> bytes:
    """One line of a Registry.pol."""
    names = f"[{key}\0;{value}\0;".encode("utf-16-le")
    return names + struct.pack("<IHIH", kind, 0x3B, len(data), 0x3B) + data + b"]\0"


POL = (
    b"PReg\x01\0\0\0" + order("Software\\X", "Count", 4, b"\x05\0\0\0") + order("Software\\X", "Text", 1, b";]\0\0")
    + order("Software\\Ünï", "**del.Count", 1, b" \0\0\0")
)  # fmt: skip
PARSERS: dict[str, tuple[Callable[[bytes, str], object], bytes]] = {
    "pol": (registry_pol.orders, POL),
    "csv": (audit_csv.audit, CSV.encode()),
    "csv16": (audit_csv.audit, ("\ufeff" + CSV).encode("utf-16-le")),
    "inf": (policy_text.template, ("\ufeff" + TEMPLATE).encode("utf-16-le")),
    "ini": (policy_text.version, b"[General]\r\nVersion=196609\r\n"),
}


def test_registry_values() -> None:
    """Numbers, other values, and orders to delete."""
    assert registry_pol.orders(POL, "x") == (
        Order("software\\x", "count", 5),
        Order("software\\x", "text", None),
        Order("software\\ünï", "**del.count", None),
    )


@pytest.mark.parametrize("coding", ["utf-8-sig", "latin-1", "utf-16"])
def test_audit(coding: str) -> None:
    """Numbers count, in whatever language the rest is; options are no subcategories."""
    assert audit_csv.audit(CSV.encode(coding), "x") == audit_csv.Audit({LOGON: 3}, False)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f",System,n,{{{LOGON}}},Success and Failure,,4", audit_csv.Audit({LOGON: 0}, False)),
        (f",System,n,{{{LOGON}}},Success and Failure,,0", audit_csv.Audit({}, False)),
        (f",S-1-5-21-1-2-3-500,n,{{{LOGON}}},,Success,2", audit_csv.Audit({}, True)),
        (f",System,n,{{{LOGON}}},Success,,7", None),
        (f",System,n,{{{LOGON}}},Success", None),
        (f',System,"n,{{{LOGON}}},Success,,3', None),
    ],
)
def test_audit_lines(line: str, told: audit_csv.Audit | None) -> None:
    """The text of a setting does not count; a line that is not understood spoils the file."""
    if told is not None:
        assert audit_csv.audit((HEAD + line).encode(), "x") == told
        return
    with pytest.raises(Unseen, match="malformed"):
        audit_csv.audit((HEAD + line).encode(), "x")


def test_template() -> None:
    """Registry values of 32 bits are numbers, every other is none."""
    told = policy_text.template(("\ufeff" + TEMPLATE).encode("utf-16-le"), "x")

    assert told.registry == {"machine\\a\\b": 2, "machine\\a\\c": None, "machine\\a\\d": None}
    assert told.recorded == {"auditlogonevents": 3}


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe[", b"[Unicode]\r\n[Event Audit]\r\nAuditLogonEvents = 9", b"\0" * 64, b"<html>"]
)
def test_no_template(data: bytes) -> None:
    """An empty or another file is no template that sets nothing."""
    with pytest.raises(Unseen, match="malformed"):
        policy_text.template(data, "x")


def test_version() -> None:
    """The lower half is the machine's; two versions are none."""
    assert policy_text.version(b"[General]\r\nVersion=196610\r\ndisplayName=x", "x") == 2
    for data in (b"", b"[General]\nVersion=", b"Version=1\nVersion=2", b"Version=99999999999"):
        with pytest.raises(Unseen, match="malformed"):
            policy_text.version(data, "x")


@pytest.mark.parametrize("kind", PARSERS)
def test_torn(kind: str) -> None:
    """Cut anywhere or damaged anywhere, a file is read or `Unseen`, and nothing else is raised."""
    parse, data = PARSERS[kind]
    chance = random.Random(kind)
    attempts = [data[:at] for at in range(len(data))]
    attempts += [
        data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        for at in range(len(data))
        for _ in range(3)
    ]
    for attempt in attempts:
        with contextlib.suppress(Unseen):
            parse(attempt, "x")


def test_cut_registry_values() -> None:
    """A Registry.pol that was cut is never a shorter list, but at the end of a line."""
    whole = registry_pol.orders(POL, "x")
    for at in range(len(POL)):
        try:
            told = registry_pol.orders(POL[:at], "x")
        except Unseen:
            continue
        assert told == whole[: len(told)]
        assert POL[:at].endswith(b"]\0") or at == 8


def test_endless() -> None:
    """There are bounds for lines and entries."""
    with pytest.raises(Unseen, match="too_large"):
        registry_pol.orders(b"PReg\x01\0\0\0" + order("k", "v", 4, b"\0" * 4) * 20_001, "x")
    with pytest.raises(Unseen, match="too_large"):
        audit_csv.audit((HEAD + "\r\n" * 5_001).encode(), "x")
