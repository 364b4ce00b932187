"""The firewall collector, by its cases in fixtures/firewall.toml."""

import subprocess
from pathlib import Path

import pytest

from collectors.door import Unseen
from collectors.readers import iptables, nft, ruleset
from collectors.readers.ruleset import Chain, Rule
from tests.collectors.cases import FIXTURES, Case, cases, check


@pytest.mark.parametrize("case", cases("firewall"), ids=str)
def test_firewall(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)


# Each rule set is loaded into a network namespace of its own, which has lo alone: IPv4 and IPv6, any interface.
RULES = {
    "nothing": ("", False, "accept"),
    "as Debian ships it": (
        "table inet filter { chain input { type filter hook input priority filter; }; }",
        False,
        "accept",
    ),
    "policy": ("{ policy drop; tcp dport 22 accept; }", True, "drop"),
    "policy undone by a rule": ("{ policy drop; tcp dport 22 accept; accept; }", True, "accept"),
    "last rule": ("{ policy accept; tcp dport 22 accept; drop; }", True, "drop"),
    "last rule for IPv4 alone": (
        "{ policy accept; reject with icmp type port-unreachable; }",
        True,
        "accept",
    ),
    "last rule for both": ("{ policy accept; reject with icmpx type admin-prohibited; }", True, "reject"),
    "resets are for TCP": ("{ policy accept; reject with tcp reset; }", True, "accept"),
    "every address": ("{ policy drop; ip saddr 0.0.0.0/0 accept; }", True, "accept"),
    "every port": ("{ policy drop; tcp dport 1-65535 accept; }", True, "accept"),
    "every port but one": ("{ policy drop; tcp dport != 23 accept; }", True, "accept"),
    "every network but one": ("{ policy accept; ip saddr != 10.0.0.0/8 drop; }", True, "accept"),
    "new connections": ("{ policy drop; ct state new,established accept; }", True, "accept"),
    "replies": (
        (
            "{ policy drop; ct state vmap { established : accept, related : accept, invalid : drop };"
            " iif lo accept; meta l4proto { icmp, icmpv6 } accept; udp sport 67 udp dport 68 accept;"
            ' ip6 saddr fe80::/10 accept; iifname { "wg0", "wg1" } accept; iifname "veth*" accept;'
            " tcp dport { 22, 8000-9000 } ct state new accept; pkttype host limit rate 5/second counter reject;"
            " fib daddr type { broadcast, multicast } drop; ip daddr 224.0.0.251 udp dport 5353 accept; }"
        ),
        True,
        "reject",
    ),
    "host's own address": ("{ policy drop; ip daddr 192.0.2.7 accept; }", True, None),
    "slowly": ("{ policy drop; limit rate 10/second accept; }", True, "accept"),
    "in two halves": (
        "{ policy drop; ip saddr 0.0.0.0/1 accept; ip saddr 128.0.0.0/1 accept; }",
        True,
        "accept",
    ),
    "ports in two halves": (
        "{ policy drop; tcp dport 1-30000 accept; tcp dport 30001-65535 accept; }",
        True,
        "accept",
    ),
    "a group of interfaces, which is every one's": ("{ policy drop; iifgroup 0 accept; }", True, None),
    "a mark that nothing has": ("{ policy drop; meta mark 7 accept; }", True, "drop"),
    "a mark that everything has": ("{ policy drop; meta mark 0 accept; }", True, None),
    "not by IPsec": ("{ policy drop; meta secpath missing accept; }", True, "accept"),
    "what does not begin is dropped": ("{ policy accept; tcp flags != syn drop; }", True, "accept"),
    "a set that holds all": (
        "table inet a { set s { type inet_service; elements = { 22, * }; };"
        " chain i { type filter hook input priority 0; policy drop; tcp dport @s accept; }; }",
        True,
        "accept",
    ),
    "before the routing": (
        "table inet a { chain i { type filter hook prerouting priority -300; policy drop; }; }",
        True,
        "drop",
    ),
    "two chains": (
        (
            "table inet a { chain i { type filter hook input priority 0; policy accept; accept; };"
            " chain j { type filter hook input priority 10; policy drop; }; }"
        ),
        True,
        "drop",
    ),
    "jumps": (
        (
            "table inet a { chain out { return; accept; }; chain last { reject; };"
            " chain i { type filter hook input priority 0; policy accept; jump out; goto last; accept; }; }"
        ),
        True,
        "reject",
    ),
    "goto skips the rest": (
        (
            "table inet a { chain side { tcp dport 1 accept; };"
            " chain i { type filter hook input priority 0; policy accept; goto side; drop; }; }"
        ),
        True,
        "accept",
    ),
    "named set and map": (
        (
            "table inet a { set s { type ifname; elements = { eth8, eth9 }; };"
            " map m { type ifname : verdict; elements = { eth7 : accept }; };"
            " chain i { type filter hook input priority 0; policy drop; iifname @s accept; iifname vmap @m; }; }"
        ),
        True,
        "drop",
    ),
    "forwarding alone": (
        "table inet a { chain i { type filter hook forward priority 0; policy drop; }; }",
        False,
        "accept",
    ),
    "translation alone": (
        "table ip a { chain i { type nat hook input priority 0; policy accept; }; }",
        False,
        "accept",
    ),
}


@pytest.mark.real("nft", "unshare", root=True)
@pytest.mark.parametrize("name", RULES)
def test_kernel(name: str) -> None:
    """What the kernel lists of a loaded rule set leads to the default that its author meant."""
    rules, active, default = RULES[name]
    if rules.startswith("{"):
        rules = f"table inet t {{ chain i {{ type filter hook input priority 0; {rules[1:-1]} }}; }}"
    told = subprocess.run(
        ["unshare", "--net", "sh", "-c", "nft -f - && nft -j list ruleset"],
        input=rules,
        capture_output=True,
        text=True,
        check=True,
    )
    chains = nft.parse(told.stdout)
    assert active == ruleset.is_filtering(chains)
    if default is None:
        with pytest.raises(Unseen, match="unsupported"):
            ruleset.default_inbound(chains, ["eth0"], ["ipv4", "ipv6"])
    else:
        assert default == ruleset.default_inbound(chains, ["eth0"], ["ipv4", "ipv6"])


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"nftables": [{}]}', '{"nftables": [1]}', "no json", "[" * 9999]
)
def test_no_answer(text: str) -> None:
    """What is no answer of nft is malformed, never an empty rule set."""
    with pytest.raises(Unseen, match="malformed"):
        nft.parse(text)


def test_recorded_firewalld() -> None:
    """Rules of firewalld 1.3.3 with its zone "public", and with the zone turned into one that lets all in."""
    text = (FIXTURES / "recorded" / "firewalld.json").read_text()
    assert "reject" == ruleset.default_inbound(nft.parse(text), ["eth0"], ["ipv4", "ipv6"])
    opened = text.replace('{"goto": {"target": "filter_IN_public"}}', '{"accept": null}')
    assert "accept" == ruleset.default_inbound(nft.parse(opened), ["eth0"], ["ipv4", "ipv6"])


def test_recorded_ufw() -> None:
    """Rules of ufw 0.36 with its default of deny."""
    chains = iptables.parse((FIXTURES / "recorded" / "ufw-iptables-save.txt").read_text(), "ipv4")
    assert "drop" == ruleset.default_inbound(chains, ["eth0"], ["ipv4"])
    assert ruleset.is_filtering(chains)


def test_chains_in_a_circle() -> None:
    """A circle of jumps, which no kernel would load, ends with a reason."""
    jump = Rule((), "jump", "a")
    chains = {("inet", "t", "a"): Chain([jump], frozenset({"ipv4"}))}
    with pytest.raises(Unseen, match="malformed"):
        ruleset.default_inbound(chains, ["eth0"], ["ipv4"])
