"""The reader of nftables files held to nft itself: what it takes for sure, the kernel has loaded.

Valid files, as administrators write them, and the same with one thing wrong, are loaded in namespaces of their own.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from collectors.readers import nft_text

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
CASES = 20_000 if THOROUGH else 400

WHOLE = """\
flush ruleset

define web = { 80, 443 }
define admin = 10.0.0.0/8

table inet filter {
    set banned_hosts {
        type ipv4_addr
        flags interval
        elements = { 192.0.2.0/24, 198.51.100.7,
            203.0.113.1-203.0.113.9 }
    }
    set ports {
        type inet_service; elements = { 22, 8080 };
    }
    chain input {
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        ct state vmap { established : accept, invalid : drop }
        iif lo accept
        iifname "eth0" tcp dport $web accept
        iifname { "wg0", eth1 } accept
        ip saddr @banned_hosts drop
        ip saddr $admin tcp dport @ports counter accept comment "from the office"
        meta l4proto { icmp, ipv6-icmp } accept
        icmp type echo-request limit rate 5/second accept
        icmpv6 type { nd-neighbor-solicit, nd-router-advert } accept
        ip6 saddr fe80::/10 udp dport 546 accept
        tcp dport { ssh, 8000-9000 } ct state new jump side
        udp dport != 53 drop
        pkttype host limit rate 5/second counter reject with icmpx type admin-prohibited
        tcp dport 113 reject with tcp reset
        log prefix "in: " level info flags all
        reject
    }
    chain side { ip saddr 10.0.0.0/8 return; counter packets 0 bytes 0 drop; }
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
}
table ip nat {
    chain prerouting { type nat hook prerouting priority dstnat; policy accept; }
}
"""
MISTAKES = ("dprt", "accpet", "65536", "ip6", "!=", "@none", "1::")
LINES = WHOLE.splitlines(keepends=True)
WORDS = sorted(
    {*re.findall(r"[\w.:/@$-]+|[{}=;,\"!:-]", WHOLE)}
    | {"dprt", "accpet", "65536", "ip6", "!=", "@none", "1::"}
)


def mutated(random: Random) -> str:
    """The file with one to two small mistakes, or with only some of its lines."""
    text = WHOLE
    for _ in range(random.choice((1, 1, 1, 2))):
        spots = [found.span() for found in re.finditer(r"[\w.:/@$-]+|[^\w\s]|\n", text)]
        start, end = random.choice(spots)
        kind = random.choice(("drop", "double", "swap", "letter", "line", "lines", "stop"))
        if kind == "drop":
            text = text[:start] + text[end:]
        elif kind == "double":
            text = text[:end] + " " + text[start:end] + text[end:]
        elif kind == "swap":
            text = text[:start] + random.choice(WORDS) + text[end:]
        elif kind == "letter":
            text = text[:start] + text[start + 1 :]
        elif kind == "line":
            text = text.replace(random.choice(LINES), "", 1)
        elif kind == "lines":
            text = text.replace(random.choice(LINES), random.choice(LINES), 1)
        else:
            text = text[:end] + random.choice(("\n", ";", " ")) + text[end:]
    return text


def services() -> dict[str, int]:
    found = re.findall(r"^(\S+)\s+(\d+)/(?:tcp|udp)\b", Path("/etc/services").read_text(), re.MULTILINE)
    return {name: int(port) for name, port in found}


def understood(text: str, names: dict[str, int]) -> bool:
    try:
        nft_text.check(text, names)
    except nft_text.NotUnderstood:
        return False
    return True


LOAD = """
import ctypes, json, os, sys

nft = ctypes.CDLL("libnftables.so.1")
nft.nft_ctx_new.restype = ctypes.c_void_p
answers = []
for text, dry in json.load(sys.stdin):
    child = os.fork()  # on some mistakes nft itself aborts
    if child == 0:
        context = ctypes.c_void_p(nft.nft_ctx_new(0))
        nft.nft_ctx_buffer_error(context)
        nft.nft_ctx_set_dry_run(context, dry)
        os._exit(nft.nft_run_cmd_from_buffer(context, f"flush ruleset\\n{text}".encode()) != 0)
    answers.append(os.waitpid(child, 0)[1] == 0)
json.dump(answers, sys.stdout)
"""


def loaded(texts: list[str], dry: bool) -> list[bool]:
    """Whether nft loads each text, in a namespace of its own; `dry` for as far as it can tell beforehand."""
    argv = ["unshare", "--net", sys.executable, "-c", LOAD]
    told = subprocess.run(
        argv, input=json.dumps([(text, dry) for text in texts]), capture_output=True, text=True, check=True
    )
    answers: list[bool] = json.loads(told.stdout)
    return answers


@pytest.mark.parametrize(
    "text",
    [
        "table inet filter {\n  set ports {\n type inet_service\n elements = { 22,\n\n 80 }\n }\n}\n",
        "define x = { 22,\n\n 80 }\n",
        "table inet filter {\n chain input {\n type filter hook input priority 0; policy drop;\n masquerade\n}\n}\n",
        "table inet filter {\n chain input { tcp dport 22 accept }\n}\n",
        "table inet filter {\n chain input {\n type filter hook input priority 0\n jump side_a\n}\n"
        " chain side_a {\n jump side_b\n}\n chain side_b {\n jump side_a\n}\n}\n",
        "table inet filter {\n chain input {\n tcp dport 22 accept\r\n}\n}\n",
        'include "/etc/nftables.d/gone.nft"\n',
    ],
)
@pytest.mark.real("nft", "unshare", root=True)
def test_refused(text: str) -> None:
    """What nft was seen to refuse is not taken."""
    assert [False] == loaded([text], dry=False)
    assert not understood(text, {})


@pytest.mark.real("nft", "unshare", root=True)
def test_what_is_understood_is_loaded(record_property: pytest.FixtureRequest) -> None:
    """What is taken for sure, nft loads; and most of what nft would load is taken."""
    names = services()
    texts = [WHOLE, *(mutated(Random(number)) for number in range(CASES))]
    taken = [text for text in texts if understood(text, names)]
    refused = [text for text, well in zip(taken, loaded(taken, dry=False), strict=True) if not well]
    assert not refused, "\n\n".join(refused[:3])
    good = sum(loaded(texts, dry=True))
    record_property("compared", {"taken": len(taken), "loaded": good, "refused": len(texts) - good})  # type: ignore[operator]
    assert WHOLE in taken
    assert len(taken) > good / 2, (len(taken), good)
