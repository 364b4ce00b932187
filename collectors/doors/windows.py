"""The Windows machine that this process runs on: registry, services, CIM, and the network management API.

Only reads, but for one thing: secedit can tell the security policy only into a file, so that one is written into a
folder of its own and deleted. It is asked without changing anything, and its log goes into the same folder.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import psutil

from collectors import door, door_windows
from collectors.door import Process, Unseen
from collectors.door_windows import (
    VALUES_MAX,
    LockoutRules,
    Member,
    PasswordRules,
    Row,
    Service,
    Updates,
    User,
    Value,
)
from collectors.doors import running, windows_answers, windows_cim, windows_net

SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
STARTS: Final = {0: "boot", 1: "system", 2: "automatic", 3: "manual", 4: "disabled"}
SECEDIT: Final = "secedit /export"
SECEDIT_MAX_SECONDS: Final = 30.0
_HIVES: Final = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}


class Windows(door_windows.Windows):
    """The machine itself. `budget_seconds` bounds the whole scan; each question is asked once."""

    platform = "windows"

    def __init__(self, now: datetime | None = None, budget_seconds: float = door.BUDGET_SECONDS) -> None:
        self.now = now or datetime.now(UTC)
        self.cache = {}
        self._deadline = time.monotonic() + budget_seconds
        self._asked: dict[object, Any] = {}

    def values(self, key: str) -> Mapping[str, Value]:
        """The values of a registry key."""
        found: Mapping[str, Value] = self._once(("values", key.lower()), key, lambda: _values(key))
        return found

    def subkeys(self, key: str) -> tuple[str, ...]:
        """The names below a registry key."""
        found: tuple[str, ...] = self._once(("subkeys", key.lower()), key, lambda: _subkeys(key))
        return found

    def service(self, name: str) -> Service:
        """A service or driver: the start type from the registry, whether it runs from its manager."""
        start = self.values(rf"{SERVICES}\{name}").get("Start")
        found: Service = self._once(("service", name), f"service {name}", lambda: _service(name, start))
        return found

    def rows(
        self,
        namespace: str,
        name: str,
        properties: tuple[str, ...],
        where: str = "",
        context: Mapping[str, str] | None = None,
    ) -> tuple[Row, ...]:
        """The instances of a CIM class."""
        key = ("rows", namespace, name, properties, where, tuple((context or {}).items()))
        found: tuple[Row, ...] = self._once(
            key, f"{namespace}:{name}", lambda: windows_cim.rows(namespace, name, properties, where, context)
        )
        return found

    def password_rules(self) -> PasswordRules:
        """NetUserModalsGet, level 0."""
        found: PasswordRules = self._once("password", "NetUserModalsGet(0)", windows_net.password_rules)
        return found

    def lockout_rules(self) -> LockoutRules:
        """NetUserModalsGet, level 3."""
        found: LockoutRules = self._once("lockout", "NetUserModalsGet(3)", windows_net.lockout_rules)
        return found

    def security_policy(self) -> str:
        """What secedit exports."""
        found: str = self._once("secedit", SECEDIT, _security_policy)
        return found

    def users(self) -> tuple[User, ...]:
        """Local accounts."""
        found: tuple[User, ...] = self._once("users", "NetUserEnum(3)", windows_net.users)
        return found

    def members(self, sid: str) -> tuple[Member, ...]:
        """The members of a local group."""
        source = f"NetLocalGroupGetMembers {sid}"
        found: tuple[Member, ...] = self._once(("members", sid), source, lambda: windows_net.members(sid))
        return found

    def audited(self, subcategories: tuple[str, ...]) -> tuple[int, ...]:
        """What the audit policy records."""
        key = ("audited", subcategories)
        found: tuple[int, ...] = self._once(
            key, "AuditQuerySystemPolicy", lambda: windows_net.audited(subcategories)
        )
        return found

    def updates(self) -> Updates:
        """What the update agent knows."""
        found: Updates = self._once("updates", "Microsoft.Update.Session", windows_cim.updates)
        return found

    def processes(self) -> tuple[Process, ...]:
        """Running processes; Windows has some always, so none is no answer."""
        found: tuple[Process, ...] = self._once("processes", "processes", running.processes)
        if not found:
            raise Unseen("malformed", "processes", "none")
        return found

    def _once(self, key: object, source: str, ask: Any) -> Any:
        """The answer, or the reason why there was none, of the first time."""
        if key not in self._asked:
            if time.monotonic() >= self._deadline:
                raise Unseen("budget_spent", source)
            try:
                self._asked[key] = ask()
            except Unseen as unseen:
                self._asked[key] = unseen
        found = self._asked[key]
        if isinstance(found, Unseen):
            raise Unseen(found.reason, found.source, found.detail)
        return found


def _opened(key: str) -> Any:
    """A key of the 64-bit view, whatever this Python is."""
    registry: Any = import_module("winreg")
    hive, _, path = key.partition("\\")
    try:
        root = getattr(registry, _HIVES[hive])
        return registry.OpenKey(root, path, 0, registry.KEY_READ | registry.KEY_WOW64_64KEY)
    except OSError as error:
        raise windows_answers.unseen(_number(error), key) from None


def _values(key: str) -> Mapping[str, Value]:
    registry: Any = import_module("winreg")
    with _opened(key) as opened:
        try:
            count = registry.QueryInfoKey(opened)[1]
            if count > VALUES_MAX:
                raise Unseen("too_large", key, f"{count} values")
            return {
                name: _value(told)
                for name, told, _ in (registry.EnumValue(opened, at) for at in range(count))
            }
        except OSError as error:
            raise windows_answers.unseen(_number(error), key) from None


def _value(told: object) -> Value:
    """A number, a text, several texts; anything else as bytes."""
    if isinstance(told, (int, str)):
        return told
    if isinstance(told, list):
        return tuple(str(one) for one in told)
    return told if isinstance(told, bytes) else b""


def _subkeys(key: str) -> tuple[str, ...]:
    registry: Any = import_module("winreg")
    with _opened(key) as opened:
        try:
            count = registry.QueryInfoKey(opened)[0]
            if count > VALUES_MAX:
                raise Unseen("too_large", key, f"{count} keys")
            return tuple(sorted(registry.EnumKey(opened, at) for at in range(count)))
        except OSError as error:
            raise windows_answers.unseen(_number(error), key) from None


def _service(name: str, start: Value | None) -> Service:
    source = f"service {name}"
    if not isinstance(start, int) or start not in STARTS:
        raise Unseen("malformed", source, "no start type")
    try:
        state = vars(psutil)["win_service_get"](name).status()
    except psutil.NoSuchProcess:
        raise Unseen("not_found", source) from None
    except psutil.AccessDenied:
        raise Unseen("permission_denied", source) from None
    except OSError as error:
        raise windows_answers.unseen(_number(error), source) from None
    return Service(state == "running", STARTS[start])


def _security_policy() -> str:
    tool = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "secedit.exe"
    with tempfile.TemporaryDirectory(prefix="boltseal-") as folder:
        told, log = Path(folder) / "policy.inf", Path(folder) / "log"
        command = [
            str(tool),
            "/export",
            "/areas",
            "SECURITYPOLICY",
            "/cfg",
            str(told),
            "/log",
            str(log),
            "/quiet",
        ]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECEDIT_MAX_SECONDS,
                check=False,
            )
            data = told.read_bytes() if told.exists() else b""
        except subprocess.TimeoutExpired:
            raise Unseen("timeout", SECEDIT) from None
        except OSError as error:
            raise windows_answers.unseen(_number(error), SECEDIT) from None
    if done.returncode != 0:
        raise Unseen(
            "permission_denied" if not data else "malformed", SECEDIT, f"return code {done.returncode}"
        )
    return windows_answers.policy_text(data, SECEDIT)


def _number(error: OSError) -> int:
    """Windows' number of an error; the portable one where there is none."""
    return int(getattr(error, "winerror", None) or error.errno or 0)
