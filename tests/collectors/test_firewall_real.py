"""The firewall's claims against real connections: generated rule sets, loaded into a namespace of their own.

Nothing that is called unreachable may be reached, and nothing called open to anyone may be closed.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from collectors.door import Unseen
from collectors.readers import exposure, interfaces, iptables, kernel_rules, nft, ruleset
from tests.collectors.twin import Twin
from tests.collectors.walls import ANYONE, HERE, KNOCKS, NAMED, UNPROVIDED, Knock, Wall, wall

pytestmark = pytest.mark.real("ip", "nft", "iptables-nft", root=True)
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
CASES = 2000 if THOROUGH else 324
BATCHES = 6
QUICK, PATIENT = 0.03, 1.2


@pytest.fixture
def between() -> Iterator[Wall]:
    with wall() as made:
        yield made


TESTS = (
    "tcp dport 22",
    "tcp dport { 22, 443 }",
    "tcp dport != 22",
    "tcp dport 80-443",
    "tcp dport < 1024",
    "tcp dport >= 8080",
    "udp dport 53",
    "th dport { 53, 80 }",
    "meta l4proto tcp",
    "meta l4proto { tcp, udp }",
    "meta nfproto ipv6",
    "meta protocol ip",
    "ip saddr 10.0.0.0/8",
    "ip saddr != 10.0.0.0/8",
    "ip saddr { 10.77.0.9, 192.0.2.1 }",
    "ip saddr 10.77.0.1-10.77.0.20",
    "ip6 saddr fd00::/8",
    "ip saddr 0.0.0.0/0",
    "ip daddr 11.0.0.1",
    "ip daddr 192.0.2.7",
    "ip6 daddr 2a00:77::1",
    "iifname eth0",
    "iifname { lo, eth1 }",
    'iifname "eth*"',
    "iif != lo",
    "iifname . tcp dport { eth0 . 22, eth1 . 80 }",
    "ip saddr . tcp dport { 10.77.0.9 . 22, 10.77.0.9 . 80 }",
    "ct state new",
    "ct state established,related",
    "ct state { new, untracked }",
    "ct status dnat",
    "fib daddr type local",
    "fib daddr type broadcast",
    "tcp flags & (fin | syn | rst | ack) == syn",
    "tcp flags syn",
    "tcp flags & (fin | syn) == (fin | syn)",
    "meta mark 0x7",
    "meta pkttype host",
    "limit rate 1000/second burst 1000 packets",
    "limit rate over 1000/second burst 1000 packets",
    "ct count over 5000",
    "ip protocol tcp",
    "tcp dport @ports",
    "ip saddr @people",
    "udp dport != @ports",
    "meta ipsec missing",
    "iifgroup 0",
)
VERDICTS = (
    "accept",
    "drop",
    "reject",
    "accept",
    "drop",
    "counter",
    "continue",
    "log",
    "return",
    "jump side",
    "goto side",
)
MAPS = (
    "tcp dport vmap { 22 : accept, 80-443 : jump side, 5432 : drop }",
    "tcp dport vmap @verdicts",
    "meta l4proto vmap { tcp : jump side, udp : drop }",
    "ct state vmap { new : jump side, established : accept, invalid : drop }",
    "iifname vmap { lo : accept, eth0 : goto side }",
    "ip saddr vmap { 10.0.0.0/8 : accept, 12.0.0.0/9 : jump side }",
    "iifname . meta l4proto vmap { eth0 . tcp : jump side, eth0 . udp : accept }",
)
PRE = (
    "tcp dport 8080 redirect to :80",
    "tcp dport 443 redirect to :22",
    "tcp dport 80 dnat ip to 11.0.0.1:22",
    "udp dport 53 redirect to :4444",
)


def rules(random: Random, side: bool = False) -> str:
    lines = []
    for _ in range(random.randint(0, 5)):
        if random.random() < 0.15 and not side:
            lines.append(random.choice(MAPS))
            continue
        tests = " ".join(random.sample(TESTS, random.choice((0, 1, 1, 1, 2))))
        verdict = random.choice([one for one in VERDICTS if not (side and "side" in one)])
        lines.append(
            f"{tests} {'accept' if 'limit rate 1000' in tests else verdict}"
        )  # so slow is no stranger
    return "\n".join(lines)


def nftables(random: Random) -> str:
    """A rule set: one or two tables, a side chain, sets, something before the routing."""
    policy = random.choice(("accept", "drop", "drop"))
    text = f"""flush ruleset
table inet main {{
    set ports {{ type inet_service; flags interval; elements = {{ 22, 8000-9000 }}; }}
    set people {{ type ipv4_addr; flags interval; elements = {{ 10.77.0.0/16 }}; }}
    map verdicts {{ type inet_service : verdict; elements = {{ 22 : accept, 80 : drop }}; }}
    chain side {{
{rules(random, side=True)}
    }}
    chain in {{ type filter hook input priority 0; policy {policy};
ct state established accept
{rules(random)}
    }}
}}
"""
    if random.random() < 0.3:
        hook = random.choice(("prerouting priority -300", "input priority 10", "input priority -10"))
        text += f"table {random.choice(('inet', 'ip', 'ip6'))} other {{ chain x {{ type filter hook {hook};\n"
        text += random.choice(
            ("", "tcp dport 80 drop", "tcp dport 22 accept", "notrack", "drop", "udp dport 53 drop")
        )
        text += "\n}; }\n"
    if random.random() < 0.2:
        text += "table inet nat { chain pre { type nat hook prerouting priority -100;\n"
        text += random.choice(PRE) + "\n}; }\n"
    if random.random() < 0.15:
        text += "table netdev early { chain e { type filter hook ingress device eth0 priority 0;\n"
        text += (
            random.choice(("tcp dport 22 drop", "ip saddr 10.0.0.0/8 drop", "udp dport 53 drop")) + "\n}; }\n"
        )
    return text


def claims(host: Twin) -> dict[Knock, str | None]:
    """What is claimed of each socket."""
    return {one: exposure.reach(host, one[0], HERE[one[1]], one[2]) for one in KNOCKS}


def default(host: Twin) -> str:
    try:
        where = interfaces.outside(host), kernel_rules.families(host)
        return ruleset.default_inbound(kernel_rules.rules(host).chains, *where)
    except Unseen as unseen:
        return unseen.reason


def compare(between: Wall, host: Twin, text: str, counts: Counter[str]) -> None:
    """Knock, and hold what is claimed to it; what seems closed and is claimed open gets a second, longer try."""
    claimed, by_default = claims(host), default(host)
    moved = {
        one
        for one in KNOCKS
        for line in text.splitlines()
        if line.startswith(f"{one[0]} dport {one[2]} ") and line in PRE
    }
    anyone = between.knock(ANYONE, KNOCKS, QUICK, moved)
    named = between.knock(NAMED, KNOCKS, QUICK, moved)
    late = {one for one in KNOCKS if claimed[one] == "anyone" and one not in anyone | moved}
    if late:
        anyone |= between.knock(ANYONE, late, PATIENT, moved)
    for one in KNOCKS:
        counts[str(claimed[one])] += 1
        assert claimed[one] != "nobody" or one not in anyone | named, (one, text)
        assert claimed[one] != "some" or one not in anyone, (one, text)
        assert claimed[one] != "anyone" or one in anyone | moved, (one, text)
    counts[f"default {by_default}"] += 1
    is_open = any(one[2] == UNPROVIDED for one in anyone)
    assert by_default not in ("drop", "reject") or not is_open, text


@pytest.mark.parametrize("batch", range(BATCHES))
def test_nftables(batch: int, between: Wall, record_property: pytest.FixtureRequest) -> None:
    """Every claim about a generated rule set is what a stranger meets."""
    counts: Counter[str] = Counter()
    for number in range(batch, CASES, BATCHES):
        text = nftables(Random(number))
        if not between.works("nft", "-f", "-", text=text):
            counts["refused"] += 1  # two tests of one rule contradict each other
            continue
        host = between.seen({nft.LIST: between.run(*nft.LIST)})
        compare(between, host, text, counts)
    record_property("compared", dict(counts))  # type: ignore[operator]
    assert counts["None"] < sum(counts[word] for word in ("anyone", "some", "nobody")) / 3, counts


OPTIONS = (
    "-p tcp",
    "-p udp",
    "-p tcp -m tcp --dport 22",
    "-p tcp -m tcp ! --dport 22",
    "-p tcp -m tcp --dport 80:443",
    "-p tcp -m multiport --dports 22,443,8080",
    "-p udp -m udp --dport 53",
    "-i eth0",
    "! -i lo",
    "-i eth+",
    "-m conntrack --ctstate NEW",
    "-m conntrack --ctstate RELATED,ESTABLISHED",
    "-m state --state NEW",
    "-m conntrack --ctstatus DNAT",
    "-m mark --mark 0x7",
    "-m addrtype --dst-type LOCAL",
    "-m addrtype ! --dst-type LOCAL",
    "-m pkttype --pkt-type unicast",
    '-m comment --comment "-j ACCEPT -p tcp"',
    "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
    "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN",
    "-p tcp -m connlimit --connlimit-above 5000",
    "-m recent --set --name seen",
)
ONLY = {
    "ipv4": ("-s 10.0.0.0/8", "! -s 10.0.0.0/8", "-s 0.0.0.0/0", "-d 11.0.0.1/32", "-d 192.0.2.7/32",
             "-m iprange --src-range 10.77.0.1-10.77.0.20"),
    "ipv6": ("-s fd00::/8", "! -s fd00::/8", "-d 2a00:77::1/128", "-d 2a00:77::2/128"),
}  # fmt: skip
TARGETS = ("ACCEPT", "DROP", "REJECT", "RETURN", "LOG", "ACCEPT", "DROP", "side")


def saved(random: Random, family: str) -> str:
    """Rules as iptables-restore takes them."""
    policy = random.choice(("ACCEPT", "DROP"))
    lines = [
        "*filter",
        f":INPUT {policy} [0:0]",
        ":FORWARD ACCEPT [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        ":side - [0:0]",
    ]
    for chain in ("side", "INPUT"):
        for _ in range(random.randint(0, 5)):
            options = random.sample((*OPTIONS, *ONLY[family]), random.choice((0, 1, 1, 2)))
            if sum(one.startswith("-p ") for one in options) > 1:
                options = options[:1]
            target = random.choice([one for one in TARGETS if chain != one])
            jump = random.choice(("-j", "-g")) if target == "side" else "-j"
            lines.append(
                " ".join([f"-A {chain}", *sorted(options, key=lambda one: "-p " not in one), jump, target])
            )
    return "\n".join([*lines, "COMMIT", ""])


def kinds() -> list[str]:
    """Where iptables can put its rules here: newer kernels may be built without the older tables."""
    try:
        older = subprocess.run(
            ["unshare", "--net", "iptables-legacy", "-L"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return ["nft"]
    return ["nft", "legacy"] if older.returncode == 0 else ["nft"]


@pytest.mark.parametrize("kind", kinds())
def test_iptables(kind: str, between: Wall, record_property: pytest.FixtureRequest) -> None:
    """The same of iptables' rules: in nftables, and in the older tables where this kernel has them."""
    counts: Counter[str] = Counter()
    tools = {family: f"{name}-{kind}" for family, name in (("ipv4", "iptables"), ("ipv6", "ip6tables"))}
    between.run("nft", "flush", "ruleset")
    try:
        for number in range(CASES // 5):
            random = Random(number)
            texts = [saved(random, family) for family in tools]
            if not all(
                between.works(f"{tool}-restore", text=text)
                for tool, text in zip(tools.values(), texts, strict=True)
            ):
                counts["refused"] += 1
                continue
            argvs = iptables.LEGACY_SAVE if kind == "legacy" else iptables.SAVE
            answers: dict[tuple[str, ...], str] = {
                argv: between.run(f"{tools[family]}-save") for family, argv in argvs.items()
            }
            host = between.seen({nft.LIST: between.run(*nft.LIST), **answers})
            compare(between, host, "\n".join(texts), counts)
    finally:
        for tool in tools.values():
            between.run(f"{tool}-restore", text="*filter\n:INPUT ACCEPT\nCOMMIT\n")
    record_property("compared", dict(counts))  # type: ignore[operator]
