"""The firewall: claims of the moment and of the next start, against connections from outside before and after it.

Behind each wall listen sshd on port 22, which the rules let in, and a socket on 4444, which none provides for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.hosts.booted import Booted
from tests.hosts.questions import facts

pytestmark = [pytest.mark.slow, pytest.mark.real("systemd-nspawn", "nsenter", "ip", root=True)]

PORT = 4444
SOCKET = {
    "/etc/systemd/system/unprovided.socket": f"[Socket]\nListenStream={PORT}\nAccept=yes\n"
    "[Install]\nWantedBy=sockets.target\n",
    "/etc/systemd/system/unprovided@.service": "[Service]\nExecStart=-/bin/true\nStandardInput=socket\n",
}
RULES = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority 0; policy %s;
        iif lo accept
        ct state established,related accept
        meta l4proto ipv6-icmp accept
        tcp dport 22 accept
        %s
    }
}
"""
NFT, NFT_START = "/etc/nftables.conf", "systemctl enable --now nftables.service"
UFW_ON = ("ufw allow 22/tcp", "ufw --force enable")
FIREWALLD_ON = "systemctl enable --now firewalld.service"

# Its unit counts as started once it is on the bus, which may be before its rules are in the kernel.
SETTLED = "! systemctl -q is-active firewalld || timeout 20 sh -c 'until firewall-cmd -q --state; do sleep 0.1; done'"


@dataclass(frozen=True)
class Wall:
    """What is done to a host, and whether it then keeps strangers out: now, and after the next start."""

    now: bool
    later: bool
    commands: tuple[str, ...]
    rules: str = ""


WALLS = {
    "none": Wall(False, False, ()),
    "ufw": Wall(True, True, UFW_ON),
    "ufw_disabled_unit": Wall(True, False, (*UFW_ON, "systemctl disable ufw.service")),
    "ufw_masked": Wall(True, False, (*UFW_ON, "systemctl mask ufw.service")),
    "ufw_default_allow": Wall(False, False, ("ufw default allow incoming", *UFW_ON)),
    "ufw_ipv4_only": Wall(True, True, ("sed -i s/IPV6=yes/IPV6=no/ /etc/default/ufw", *UFW_ON)),
    "ufw_switched_off": Wall(False, False, (*UFW_ON, "ufw disable")),
    "nft": Wall(True, True, (NFT_START,), RULES % ("drop", "")),
    "nft_rejects": Wall(True, True, (NFT_START,), RULES % ("accept", "reject with icmpx type admin-prohibited")),
    "nft_lets_all_in": Wall(False, False, (NFT_START,), RULES % ("drop", "accept")),
    "nft_by_hand": Wall(True, False, (f"nft -f {NFT}",), RULES % ("drop", "")),
    "nft_flushed": Wall(False, True, (NFT_START, "nft flush ruleset"), RULES % ("drop", "")),
    "nft_broken": Wall(False, False, ("systemctl enable nftables.service",), RULES % ("drop", "tcp dport accept")),
    "nft_masked": Wall(True, False, (NFT_START, "systemctl mask nftables.service"), RULES % ("drop", "")),
    "firewalld": Wall(True, True, (FIREWALLD_ON,)),
    "firewalld_trusted": Wall(False, False, (FIREWALLD_ON, "firewall-cmd -q --set-default-zone=trusted")),
    "firewalld_trusted_interface": Wall(
        False, False,
        (FIREWALLD_ON, "firewall-cmd -q --permanent --zone=trusted --add-interface=host0", "firewall-cmd -q --reload"),
    ),
    "firewalld_stopped": Wall(False, True, (FIREWALLD_ON, "systemctl stop firewalld.service")),
    "iptables_by_hand": Wall(
        True, False,
        ("sh -c 'for t in iptables ip6tables; do $t -A INPUT -p tcp --dport 22 -j ACCEPT; $t -A INPUT -p icmpv6"
         " -j ACCEPT; $t -P INPUT DROP; done'",),
    ),
    "iptables_ipv4_only": Wall(
        False, False, ("iptables -A INPUT -p tcp --dport 22 -j ACCEPT", "iptables -P INPUT DROP")
    ),
}  # fmt: skip
EVERYWHERE = ("none", "ufw", "nft", "firewalld")


def _spread() -> list[object]:
    """The usual walls on every release, each of the others on one of them."""
    releases = ("bullseye", "bookworm", "trixie")
    return [
        pytest.param(release, name, id=f"{name}-{release}", marks=pytest.mark.xdist_group(f"hosts-{release}"))
        for number, name in enumerate(WALLS)
        for release in (releases if name in EVERYWHERE else releases[number % 3 :][:1])
    ]


@pytest.mark.parametrize(("release", "name"), _spread(), indirect=["release"])
def test_wall(name: str, prepared: Callable[[], Booted]) -> None:
    """Nothing is called kept out that comes in, and nothing let in that is kept out, now and after the start."""
    host, wall = prepared(), WALLS[name]
    for path, text in SOCKET.items():
        host.write(path, text)
    if wall.rules:
        host.write(NFT, wall.rules)
    host.boot()
    host.run("systemctl", "enable", "--now", "unprovided.socket")
    for command in wall.commands:
        host.run("sh", "-c", command)
    host.run("sh", "-c", SETTLED)
    said, missing = host.ask(facts, "firewall")
    assert {} == missing
    now = host.answers(PORT)
    host.reboot()
    host.run("sh", "-c", SETTLED)
    host.says("firewall-cmd", "--state")  # on Debian 11 it is running before its rules are there
    later = host.answers(PORT)
    assert (wall.now, wall.later) == ("open" not in now.values(), "open" not in later.values())
    assert said["firewall.default_inbound"] == weakest(now)
    assert said["firewall.active"] or not wall.now
    assert said["firewall.persisted"] == ("open" not in later.values())
    host.end()


def weakest(answers: dict[str, str]) -> str:
    """The fact's word for what becomes of the luckier of the connections."""
    words = {"open": "accept", "rejected": "reject", "dropped": "drop"}
    return next(words[each] for each in words if each in answers.values())
