"""agent.toml in the state folder, as typed settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent import durable
from config.errors import InputError
from config.settings import AgentSettings, agent_settings

SETTINGS_MAX_BYTES: Final = 64 * 1024


def read_settings(folder: Path) -> AgentSettings:
    """The settings; the defaults where there is no file, or none that this user may look for."""
    path = folder / "agent.toml"
    try:
        data = durable.read(path, SETTINGS_MAX_BYTES)
    except InputError as error:
        if error.code != "state_permission":
            raise
        data = None
    return agent_settings(data or b"")
