"""The readers of device configurations, on made-up ones: nothing but `Unseen` is raised, and no secret is told."""

import json

from hypothesis import given
from hypothesis import strategies as st

from collectors import discover
from collectors.door import Unseen
from collectors.look import look_with
from collectors.readers import cli_text
from tests.collectors.twin_device import running, twin

SECRET = "SeCrEt"
WORDS = st.sampled_from(
    "username enable secret password level privilege nopassword 0 5 7 9 15 line con vty aux login local aaa new-model"
    " authentication accounting default group tacacs+ none snmp-server community RO RW view group v3 priv access-list"
    " ip ipv6 access-class in permit deny any transport input ssh telnet all interface address nat outside logging"
    " host trap on no ntp server crypto isakmp policy ikev2 proposal transform-set encryption exec-timeout banner motd"
    " ^C macro name @ archive log config block-for attempts within sequence object-group 10 101 end ! 10.0.0.1"
    " 255.255.255.0 2001:db8::1/64 GigabitEthernet0/0".split()
)
HEADS = st.sampled_from(
    "username|enable secret|line vty 0 4|line con 0| login| transport input| access-class|aaa accounting|logging"
    "|aaa authentication login default|snmp-server community|access-list 10|interface Gi0| ip address"
    "| ip access-group|ip access-list extended A| 10 permit|ip route 0.0.0.0 0.0.0.0|crypto isakmp policy| group"
    "|login block-for|ntp server|line|".split("|")
)
LINES = st.builds(lambda head, words: " ".join([head, *words]), HEADS, st.lists(WORDS, max_size=6))
SECRETS = st.sampled_from(
    [
        "username ana privilege 15 secret 9 {}",
        "username ben password 0 {}",
        "username carl one-time secret 0 {}",
        "enable secret 5 {}",
        "enable password level 7 {}",
        "snmp-server community {} RW 10",
        "snmp-server host 10.0.0.9 version 2c {}",
        "tacacs-server key 7 {}",
        "radius-server host 10.0.0.9 key {}",
        "crypto isakmp key {} address 0.0.0.0",
        "ntp authentication-key 1 md5 {} 7",
        "line vty 0 4\n password 7 {}\n login",
        "key chain K\n key 1\n  key-string {}",
        "ip http client password {}",
    ]
)
CONFIGS = st.lists(LINES | SECRETS.map(lambda one: one.format(SECRET)), max_size=25).map("\n".join)


@given(CONFIGS)
def test_any_configuration(config: str) -> None:
    """Every collector gives values of its declared types or reasons, and no secret."""
    for name, collector in discover("device").items():
        device = twin({"config": config})
        found = collector.collect(device)
        assert found.close(collector.facts) == [], name
        assert SECRET not in json.dumps([found.facts, found.missing, found.sources]), name


@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    """Any answer to any command is read or refused."""
    for command in ("show version", "show running-config", "show ip ssh", "show ntp status"):
        for collector in discover("device").values():
            look_with(collector, twin({"shows": {command: text.lstrip("!")}}))


@given(CONFIGS, st.integers(min_value=1, max_value=200))
def test_a_torn_configuration(config: str, cut: int) -> None:
    """A configuration without its last characters is none."""
    torn = running(config).rstrip("\n")[:-cut]
    try:
        whole = cli_text.read(torn, "here")[-1].text == "end"
    except Unseen:
        whole = False
    assert not whole or torn.rstrip().endswith("end")
