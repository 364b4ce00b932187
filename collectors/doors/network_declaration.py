"""The declaration of a network: a TOML file that says which ranges are whose, and what may be reached there.

    owner = "Example Logistics"
    ranges = ["10.0.0.0/24"]
    exclude = ["10.0.0.200"]               # left alone
    allowed = ["10.0.0.5:443"]             # meant to be reachable
    allow_public = ["203.0.113.0/29"]      # public addresses that are the owner's
    known = "devices.txt"                  # list of known devices, relative to this file

Lists but `ranges` may be left out.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from collectors.door import Unseen
from collectors.door_network import Declared
from collectors.doors.local import Local
from collectors.readers.network_range import declare

FILE_MAX_BYTES: Final = 1024 * 1024
_LISTS: Final = ("ranges", "exclude", "allowed", "allow_public")
_TEXTS: Final = ("owner", "known")


def read(path: str) -> Declared:
    """What a file declares. Raises ValueError with one sentence that says what is wrong with it."""
    try:
        told = tomllib.loads(text(path))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from None
    for name, value in told.items():
        if name not in (*_LISTS, *_TEXTS):
            raise ValueError(f"{path}: there is no {name!r} in a declaration")
        if not (_is_list(value) if name in _LISTS else isinstance(value, str)):
            raise ValueError(f"{path}: {name} is {'a list of texts' if name in _LISTS else 'a text'}")
    known = told.get("known")
    return declare(
        told.get("ranges", []),
        told.get("owner", ""),
        excluded=told.get("exclude", []),
        allowed=told.get("allowed", []),
        allow_public=told.get("allow_public", []),
        known=None if known is None else text(str(Path(path).parent / known)),
    )


def text(path: str) -> str:
    """The text of a file, bounded. Raises ValueError where it cannot be read."""
    try:
        return Local().read(str(Path(path).absolute()), FILE_MAX_BYTES).decode()
    except Unseen as unseen:
        raise ValueError(f"{path} cannot be read: {unseen.reason}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text") from None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
