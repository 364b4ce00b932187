"""Typed settings."""

from dataclasses import fields

import pytest

from config import settings
from config.errors import InputError
from config.settings import AgentSettings, ServerSettings


def test_defaults() -> None:
    """An empty file is every default."""
    assert AgentSettings() == settings.agent_settings(b"")
    assert ServerSettings() == settings.server_settings(b"# nothing\n")


def test_read() -> None:
    """What is written is what is set."""
    agent = settings.agent_settings(
        b'night_start = "22:30"\ncollect_budget_seconds = 60\nmfa_reading = "conference"\n'
    )
    server = settings.server_settings(
        b'port = 9443\npublic_url = "https://bolt.example:9443"\nanniversary = "02-29"\n'
    )

    assert ("22:30", 60, "conference") == (agent.night_start, agent.collect_budget_seconds, agent.mfa_reading)
    assert (9443, "https://bolt.example:9443", "02-29") == (
        server.port,
        server.public_url,
        server.anniversary,
    )


@pytest.mark.parametrize("kind", [AgentSettings, ServerSettings])
def test_every_setting_says_what_it_is_for(kind: type[AgentSettings] | type[ServerSettings]) -> None:
    """Each setting is documented, and its own default would be accepted."""
    for each in fields(kind):
        assert each.metadata["doc"]
        settings._check(each.name, each.default, type(each.default), each.metadata)


@pytest.mark.parametrize(
    ("code", "toml", "named"),
    [
        ("settings_malformed", b"night_start = ", "TOML"),
        ("settings_malformed", b"\xff", "TOML"),
        ("settings_malformed", b'profile = "a"\nprofile = "b"', "TOML"),
        ("settings_unknown_key", b'night_begin = "01:00"', "night_begin"),
        ("settings_unknown_key", b"[agent]\n", "agent"),
        ("settings_wrong_type", b"night_start = 1", "night_start"),
        ("settings_wrong_type", b'collect_budget_seconds = "60"', "collect_budget_seconds"),
        ("settings_wrong_type", b"collect_budget_seconds = true", "collect_budget_seconds"),
        ("settings_wrong_type", b"collect_budget_seconds = 1.5", "collect_budget_seconds"),
        ("settings_wrong_value", b"collect_budget_seconds = 0", "collect_budget_seconds"),
        ("settings_wrong_value", b'night_start = "24:00"', "night_start"),
        ("settings_wrong_value", b'mfa_reading = "lenient"', "mfa_reading"),
    ],
)
def test_refused(code: str, toml: bytes, named: str) -> None:
    """A bad setting is named, with what it is for."""
    with pytest.raises(InputError, match=named) as caught:
        settings.agent_settings(toml)

    assert code == caught.value.code
    assert caught.value.hint


def test_limits_say_their_unit() -> None:
    """A limit's name ends in its unit or in what it counts."""
    units = ("_BYTES", "_SECONDS", "_DAYS", "_MAX", "_CHARACTERS", "_DEPTH")
    limits = [name for name, value in vars(settings).items() if name[0] != "_" and type(value) is int]

    assert limits
    assert [] == [name for name in limits if not name.endswith(units)]


OBSERVE = b'[[observe]]\nkind = "ssh"\naddress = "audit@Web-1.Example:2222"\n'


def test_observe() -> None:
    """Each table is a subject, named after its address where it is not given a name; the rest are options."""
    more = b'sudo = true\nkey = "/k"\n'
    mail = b'[[observe]]\nkind = "mail"\naddress = "example.org"\nname = "ours"\nselector = ["a", "b"]'
    first, second = settings.agent_settings(OBSERVE + more + mail).observe

    assert ("host.web-1.example-2222", "nightly") == (first.part, first.schedule)
    assert {"sudo": True, "key": "/k"} == first.options
    assert ("network.ours", {"selector": ["a", "b"]}) == (second.part, second.options)


@pytest.mark.parametrize(
    ("code", "toml", "word"),
    [
        ("settings_wrong_type", b"observe = 1", "observe"),
        ("settings_wrong_type", b"observe = [1]", "observe"),
        ("settings_wrong_type", b"observe = [" + b"{}," * 101 + b"]", "observe"),
        ("settings_wrong_value", b"[[observe]]", "kind"),
        ("settings_wrong_value", b'[[observe]]\nkind = "ssh"', "address"),
        ("settings_wrong_value", b'[[observe]]\nkind = "ssh"\naddress = "-oProxyCommand"', "address"),
        ("settings_wrong_value", b'[[observe]]\nkind = "telnet"\naddress = "a"', "kind"),
        ("settings_wrong_type", b'[[observe]]\nkind = 1\naddress = "a"', "kind"),
        ("settings_wrong_value", OBSERVE + b'name = "A b"', "name"),
        ("settings_wrong_value", OBSERVE + b'name = "a~b"', "name"),
        ("settings_wrong_value", OBSERVE + b'schedule = "hourly"', "schedule"),
        ("settings_wrong_value", OBSERVE + OBSERVE, "same name"),
        ("settings_wrong_type", OBSERVE + b"port = 22", "port"),
        ("settings_wrong_type", OBSERVE + b"sudo = false", "sudo"),
        ("settings_wrong_type", OBSERVE + b"keys = []", "keys"),
    ],
)
def test_observe_refused(code: str, toml: bytes, word: str) -> None:
    """What is wrong is named."""
    with pytest.raises(InputError, match=code) as caught:
        settings.agent_settings(toml)
    assert word in str(caught.value)
