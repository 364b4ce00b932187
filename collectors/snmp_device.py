"""SNMP of a network device: who may read or write by it, from where, and whether anybody on the way can listen.

A community's name is its password, so it is never told. SNMP below version 3 with privacy sends everything in clear.
Users of version 3 stand in no configuration, so the device is asked for them; each belongs to a group, which does.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_filters, cli_ios, cli_snmp
from collectors.readers.cli_text import Line, starting

FACTS = {
    "snmp.communities": Fact(
        "records{access: str, acl: bool?}",
        "the communities of versions 1 and 2c, without their names: access is ro or rw; acl: an access list that"
        " is defined keeps somebody out",
    ),
    "snmp.well_known_communities": Fact("int", "how many communities have a name that every attacker tries"),
    "snmp.versions": Fact("list[str]", "what is answered: 2c (1 as well), 3 noauth, 3 auth, 3 priv"),
    "snmp.users": Fact(
        "records{name: str, auth: str?, privacy: str?}",
        "the users of version 3: auth and privacy are the protocols (sha, md5, aes128, des …) or none, null for"
        " a word that is not known",
    ),
}
_WELL_KNOWN = frozenset(
    "public private cisco community snmp snmpd admin manager monitor read write secret default test all".split()
)
_KEPT = ("0", "6", "7", "8")


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    findings.look("snmp.communities", _communities, device)
    findings.look("snmp.well_known_communities", _well_known, device)
    findings.look("snmp.versions", _versions, device)
    findings.look("snmp.users", _users, device)
    return findings


def _each(device: Device) -> Iterator[tuple[Line, str, list[str]]]:
    """Each community: its command, its name, and the words behind the name."""
    for line, rest in starting(cli_ios.config(device), "snmp-server community"):
        words = rest.split() or [""]
        if words[0] in _KEPT and len(words) > 2 and words[1].lower() not in ("ro", "rw", "view"):
            words = words[1:]
        yield line, words[0], words[1:]


def _communities(device: Device) -> Seen:
    known = cli_filters.lists(cli_ios.config(device))
    found, records = [*_each(device)], []
    for _, _, words in found:
        access, name = "ro", None
        rest = [*words]
        while rest:
            word = rest.pop(0)
            if word.lower() in ("ro", "rw"):
                access = word.lower()
            elif word in ("view", "ipv6"):
                rest = rest[1:]
            else:
                name = word
        records.append({"access": access, "acl": cli_filters.restricts(known, "ip", name)})
    return Seen(records, *cli_ios.source(*(line for line, _, _ in found)))  # type: ignore[arg-type]


def _well_known(device: Device) -> Seen:
    found = [line for line, name, _ in _each(device) if name.lower() in _WELL_KNOWN]
    return Seen(len(found), *cli_ios.source(*found))


def _versions(device: Device) -> Seen:
    communities = [line for line, _, _ in _each(device)]
    found = {"2c": communities[0]} if communities else {}
    for line, rest in starting(cli_ios.config(device), "snmp-server group"):
        words = rest.split()[1:]
        if words[:1] == ["v3"] and len(words) > 1:
            found.setdefault(f"3 {words[1]}", line)
        elif words[:1] in (["v1"], ["v2c"]):
            found.setdefault("2c", line)
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))


def _users(device: Device) -> Seen:
    cli_ios.version(device)
    found = cli_snmp.users(device.show(cli_snmp.USERS))
    if found:
        return Seen([one._asdict() for one in found], cli_snmp.USERS)
    # A device without any says nothing at all. That is believed where no group of version 3 is there to be in.
    for line, rest in starting(cli_ios.config(device), "snmp-server group"):
        if rest.split()[1:2] == ["v3"]:
            raise Unseen(
                "malformed", cli_snmp.USERS, f"no user is shown, and {cli_ios.source(line)[0]} has a group"
            )
    return Seen([], cli_snmp.USERS, cli_ios.RUNNING)
