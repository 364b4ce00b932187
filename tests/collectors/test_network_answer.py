"""What nmap prints, read: a good answer, and answers with one thing wrong; the command line it is asked with."""

import pytest

from collectors.door import Unseen
from collectors.door_network import Scanned
from collectors.doors import network, network_answer
from collectors.readers.network_range import declare

PORT = (
    '<port protocol="tcp" portid="443"><state state="open" reason="syn-ack"/>'
    '<service name="http" product="nginx" tunnel="ssl" method="probed" conf="10"/>'
    '<script id="ssl-cert" output="Signature Algorithm: sha256"/></port>'
)
PORTS = (
    '<ports><extraports state="closed" count="7"><extrareasons reason="reset" count="5" proto="tcp"/>'
    '<extrareasons reason="port-unreach" count="2" proto="udp"/></extraports>'
    '<extraports state="filtered" count="3"/>' + PORT + "</ports>"
)
HOST = (
    '<host><status state="up" reason="arp-response"/><address addr="10.0.0.5" addrtype="ipv4"/>'
    '<address addr="02:00:00:00:00:AA" addrtype="mac" vendor="Example"/>' + PORTS + "</host>"
)
END = '<runstats><finished exit="success"/><hosts up="1" down="0" total="1"/></runstats>'
GOOD = f"<nmaprun>{HOST}{END}</nmaprun>"


def read(text: str, own: frozenset[str] = frozenset()) -> Scanned:
    return network_answer.read(text.encode(), "syn", "nmap", own)


def test_good_answer() -> None:
    """What python-nmap drops is there: TLS around the service, counts of ports, the end of the host."""
    (host,) = read(GOOD).hosts
    assert (host.address, host.mac, host.vendor) == ("10.0.0.5", "02:00:00:00:00:aa", "Example")
    assert (host.closed, host.silent, host.finished, host.own) == (5, 3, True, False)
    (port,) = host.ports
    assert (port.number, port.name, port.probed, port.tls, port.product) == (443, "http", True, True, "nginx")
    assert port.scripts == {"ssl-cert": "Signature Algorithm: sha256"}
    assert read(GOOD, frozenset({"10.0.0.5"})).hosts[0].own


def test_given_up() -> None:
    """A host that nmap gave up has no ports, as one without open ports has none; only the mark tells."""
    (host,) = read(GOOD.replace(PORTS, "").replace("<host>", '<host timedout="true">')).hosts
    assert (host.finished, host.ports) == (False, ())


@pytest.mark.parametrize("name", ["tcpwrapped", "unknown", "ssl", "honeypot"])
def test_a_name_that_tells_nothing(name: str) -> None:
    """A connection that is closed at once, or TLS with nobody knows what within, is no known service."""
    (host,) = read(GOOD.replace('name="http"', f'name="{name}"').replace(' tunnel="ssl"', "")).hosts
    assert (host.ports[0].probed, host.ports[0].tls) == (False, name == "ssl")


@pytest.mark.parametrize("conf", ["3", "0", "", "x"])
def test_a_guessed_name(conf: str) -> None:
    """The port number's name is a guess."""
    assert not read(GOOD.replace('conf="10"', f'conf="{conf}"')).hosts[0].ports[0].probed


def test_down_and_shut() -> None:
    """Hosts that are down and ports that are shut or silent are left out; what is neither stays."""
    assert read(GOOD.replace('state="up"', 'state="down"')).hosts == ()
    for state, count in (("closed", 0), ("filtered", 0), ("open|filtered", 1), ("unfiltered", 1)):
        host = read(GOOD.replace('state="open"', f'state="{state}"')).hosts[0]
        assert len(host.ports) == count
    assert host.silent == 3


WRONG = {
    "nothing": "",
    "no XML": "Nmap scan report for 10.0.0.5",
    "cut short": GOOD[:-20],
    "cut short before the end": f"<nmaprun>{HOST}</nmaprun>",
    "an error at the end": GOOD.replace('exit="success"', 'exit="error"'),
    "entities": '<!DOCTYPE nmaprun [<!ENTITY a "aaaa">]>' + GOOD,
    "no address": GOOD.replace('addrtype="ipv4"', 'addrtype="other"'),
    "no address at all": GOOD.replace('<address addr="10.0.0.5" addrtype="ipv4"/>', ""),
    "no status": GOOD.replace('<status state="up" reason="arp-response"/>', ""),
    "no state of a port": GOOD.replace('<state state="open" reason="syn-ack"/>', ""),
    "port of words": GOOD.replace('portid="443"', 'portid="https"'),
    "count of words": GOOD.replace('count="3"', 'count="many"'),
    "no number of hosts": GOOD.replace('<hosts up="1" down="0" total="1"/>', ""),
    "an address that is none": GOOD.replace("10.0.0.5", "10.0.0.500"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong(what: str) -> None:
    """Half an answer is none."""
    with pytest.raises(Unseen, match="malformed"):
        read(WRONG[what])


def test_arguments() -> None:
    """Ours alone: rate, retries and times are bounded, and addresses stand behind the end of options."""
    declared = declare(["10.0.0.0/24", "10.0.1.5"], "Example", excluded=["10.0.0.9"])
    for method in ("syn", "connect"):
        argv = network.arguments(declared, method)
        assert argv[argv.index("--") + 1 :] == ["10.0.0.0/24", "10.0.1.5/32"]
        for option in ("--max-rate", "--max-retries", "--host-timeout", "--script-timeout", "-n"):
            assert option in argv
        assert argv[argv.index("--exclude") + 1] == "10.0.0.9/32"
        assert not {"-A", "-O", "-T5", "-T4", "-iL", "-sC"} & set(argv)
        assert ("-sT" in argv, "-sS" in argv) == (method == "connect", method == "syn")
    assert "-6" in network.arguments(declare(["fd00::5"], "Example"), "syn")
    assert network.udp_arguments(["10.0.0.5"])[-2:] == ["--", "10.0.0.5"]


def test_without_nmap(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a missing tool in the facts, not an error of the command."""
    monkeypatch.setattr("collectors.door.SYSTEM_PATH", "/nowhere")
    door = network.connect(declare(["10.0.0.5"], "Example"), 5)
    with pytest.raises(Unseen, match="tool_missing"):
        door.scanned()
