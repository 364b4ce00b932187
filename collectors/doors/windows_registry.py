"""The registry of this machine, in its 64-bit view whatever this Python is; every read bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Final

from collectors.door import Unseen
from collectors.door_windows import VALUES_MAX, Value
from collectors.doors import windows_answers

KEY_MAX_BYTES: Final = 32 * 1024 * 1024
"""Of all values of one key together."""
_HIVES: Final = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}


def values(key: str) -> Mapping[str, Value]:
    """The values of a key; `too_large` where they are too many or too long."""
    registry: Any = import_module("winreg")
    with _opened(key) as opened:
        try:
            count = registry.QueryInfoKey(opened)[1]
            if count > VALUES_MAX:
                raise Unseen("too_large", key, f"{count} values")
            return _bounded(key, (registry.EnumValue(opened, at)[:2] for at in range(count)))
        except OSError as error:
            raise windows_answers.unseen(windows_answers.number(error), key) from None


def _bounded(key: str, told: Iterable[tuple[str, object]]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    size = 0
    for name, one in told:
        found[name] = _value(one)
        size += _size(found[name])
        if size > KEY_MAX_BYTES:
            raise Unseen("too_large", key, f"more than {KEY_MAX_BYTES} bytes")
    return found


def subkeys(key: str) -> tuple[str, ...]:
    """The names of a key's subkeys, sorted."""
    registry: Any = import_module("winreg")
    with _opened(key) as opened:
        try:
            count = registry.QueryInfoKey(opened)[0]
            if count > VALUES_MAX:
                raise Unseen("too_large", key, f"{count} keys")
            return tuple(sorted(registry.EnumKey(opened, at) for at in range(count)))
        except OSError as error:
            raise windows_answers.unseen(windows_answers.number(error), key) from None


def _opened(key: str) -> Any:
    registry: Any = import_module("winreg")
    hive, _, path = key.partition("\\")
    try:
        root = getattr(registry, _HIVES[hive])
        return registry.OpenKey(root, path, 0, registry.KEY_READ | registry.KEY_WOW64_64KEY)
    except OSError as error:
        raise windows_answers.unseen(windows_answers.number(error), key) from None


def _value(told: object) -> Value:
    """A number, a text, several texts; anything else as bytes."""
    if isinstance(told, (int, str)):
        return told
    if isinstance(told, list):
        return tuple(str(one) for one in told)
    return told if isinstance(told, bytes) else b""


def _size(told: Value) -> int:
    if isinstance(told, tuple):
        return sum(map(len, told))
    return len(told) if isinstance(told, (str, bytes)) else 0
