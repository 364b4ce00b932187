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
    limits = [name for name in vars(settings) if name.isupper() and not name.startswith("_")]

    assert limits
    assert [] == [name for name in limits if not name.endswith(units)]
