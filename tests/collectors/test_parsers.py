"""Readers given anything at all: they answer or say `Unseen`, and in a time that grows with the text alone.

Configuration of a hostile host is such a text. Each alphabet below is what some reader's patterns are made of,
since random letters would be passed over at once.
"""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.readers import (
    addresses,
    antivirus,
    apt,
    apt_conf,
    apt_lists,
    audit_rules,
    backup_jobs,
    clocks,
    dnf,
    drop_ins,
    forwarding,
    history,
    iptables,
    modprobe,
    nft,
    packages,
    repos,
    rsyslog,
    schedules,
    sources,
    tunnels,
    unit_settings,
    usbguard,
    versions,
    zypper,
)
from tests.collectors.twin import MOMENT

PARSERS: dict[str, Callable[[str], object]] = {
    "addresses": lambda text: (addresses.plain(text), addresses.is_away(text)),
    "antivirus": lambda text: (antivirus.clamav_date(text), antivirus.mdatp_field(text, "healthy")),
    "apt policy": apt.parse_policy,
    "apt release": apt_lists.parse_release,
    "apt list name": lambda text: apt_lists.list_name(text, text),
    "apt_conf": lambda text: apt_conf.read(text, apt_conf.Settings("x")),
    "apt_conf dump": apt_conf.parse_dump,
    "audit_rules": lambda text: audit_rules.covers(audit_rules.parse(text)),
    "backup_jobs": lambda text: (backup_jobs._borgmatic(text), backup_jobs._session(text)),
    "borg address": backup_jobs._canonical,
    "clocks": lambda text: clocks.ntp_state(f"leap_{text}"),
    "chrony": lambda text: clocks.chrony_state(text, MOMENT),
    "dnf": dnf.parse_advisories,
    "patch-info": zypper.parse_patches,
    "unit": lambda text: list(unit_settings.assignments(text)),
    "drop_ins": lambda text: drop_ins.parse(text, "Journal"),
    "rsyslog": lambda text: (rsyslog.hears_host(text), rsyslog.destinations(rsyslog.uncommented(text))),
    "log agent": forwarding.names_away,
    "syslog_ng": forwarding.syslog_ng,
    "history": history.last_upgrade,
    "iptables": lambda text: iptables.parse(f"*filter\n:INPUT DROP\n{text}\nCOMMIT\n", "ipv4"),
    "modprobe": lambda text: modprobe.parse(text, "x", modprobe.Rules([], {})),
    "nft": nft.parse,
    "dpkg": packages.parse_dpkg,
    "rpm": packages.parse_rpm,
    "repos": lambda text: repos.parse(text, "x", True),
    "schedules": lambda text: schedules._commands("/x", text, False),
    "sources": lambda text: (sources.one_line(text, "x"), sources.deb822(text, "x")),
    "third party": lambda text: sources.is_third_party(text, "debian", ""),
    "wireguard": tunnels.wireguard,
    "openvpn": tunnels.openvpn,
    "ipsec.conf": tunnels.ipsec_conf,
    "swanctl": tunnels.swanctl,
    "networkmanager": tunnels.networkmanager,
    "usbguard": lambda text: usbguard.decision(text.splitlines(), "block"),
    "versions": lambda text: (versions.debian_key(text), versions.natural_key(text)),
    "zypper": zypper.parse,
}
WORDS = (
    "a 0 ² ~ - : ; , . = == ! @ @@ # ? & / // * ( ) { } [ ] < > \" ' \\ \n \n\n \t \r \0 \x85 \u2028 \ufeff *.*"
    " -A INPUT -j DROP ! action( type= log destination network( repositories: path: AllowedIPs conn"
    " connections remote_ts"
    " Package: Status: Version: install ok"
    " installed Start-Date: Upgrade: Installed: Candidate: Packages 500 deb"
    " Types: URIs: [connection] type=vpn vpn [x] baseurl= blacklist install #clear /* */ -a always,exit -F -w -S"
    " route server client key= <update-list> Backup {x} Success 2026-11-24 25:61:61 Suite: Valid-Until: leap_"
).split(" ")
TEXT = st.lists(st.sampled_from([*WORDS, " ", "\n"]), max_size=60).map("".join) | st.text(max_size=200)
LONG = [
    *(
        "a",
        "0",
        " ",
        "\n",
        "\t",
        "{",
        "[",
        "(",
        '"',
        "\\",
        "/*",
        "//",
        ":",
        "@",
        "=",
        "~",
        "?key",
        "a ",
        "a.",
        "- ",
    ),
    *(
        "action(",
        "log {",
        "destination d {",
        'network("',
        "deb [",
        "conn a\n",
        "  - a\n",
        "-A INPUT ! ",
        "x [ctime ",
    ),
    *(
        "Start-Date: 2",
        "Installed: ",
        "a Backup {",
        'x="',
        "a\n ",
        "-F a=",
        "Label: ",
        "repositories:\n",
        " #",
    ),
]


@pytest.mark.parametrize("name", PARSERS)
@given(text=TEXT)
def test_anything(name: str, text: str) -> None:
    """Any text gives an answer or a reason, never another exception."""
    try:
        PARSERS[name](text)
    except Unseen as unseen:
        assert unseen.reason == "malformed"  # noqa: PT017  what else it says may differ


@pytest.mark.parametrize("name", PARSERS)
def test_long(name: str) -> None:
    """Ten times the text takes ten times as long, not a hundred: 100,000 characters cost no second."""
    for piece in LONG:
        text = piece * (100_000 // len(piece))
        started = time.process_time()
        try:
            PARSERS[name](text)
        except Unseen as unseen:
            assert unseen.reason == "malformed", piece  # noqa: PT017
        assert time.process_time() - started < 2, piece
