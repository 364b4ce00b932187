"""The Windows machine that this process runs on: registry, services, CIM, event log, and the network management API.

Only reads, but for one thing: secedit writes its answer into a folder of its own, which is deleted.
"""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from collectors import door, door_windows
from collectors.door import Process, Socket, Unseen
from collectors.door_windows import (
    QUERY_MAX_SECONDS,
    LockoutRules,
    Member,
    PasswordRules,
    Row,
    Service,
    Updates,
    User,
    Value,
)
from collectors.doors import (
    running,
    windows_answers,
    windows_cim,
    windows_events,
    windows_net,
    windows_registry,
    windows_tools,
)

SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
STARTS: Final = {0: "boot", 1: "system", 2: "automatic", 3: "manual", 4: "disabled"}
_ON_A_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/][^\x00:*?\"<>|]+")


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
        found: Mapping[str, Value] = self._once(
            ("values", key.lower()), key, lambda: windows_registry.values(key)
        )
        return found

    def subkeys(self, key: str) -> tuple[str, ...]:
        """The names below a registry key."""
        found: tuple[str, ...] = self._once(
            ("subkeys", key.lower()), key, lambda: windows_registry.subkeys(key)
        )
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
            key,
            f"{namespace}:{name}",
            lambda: windows_cim.rows(
                namespace, name, properties, where, context, min(QUERY_MAX_SECONDS, self._left())
            ),
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
        found: str = self._once(
            "secedit", windows_tools.SECEDIT, lambda: windows_tools.security_policy(self._left())
        )
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
        found: Updates = self._once("updates", windows_cim.AGENT, lambda: windows_cim.updates(self._left()))
        return found

    def processes(self) -> tuple[Process, ...]:
        """Running processes; Windows has some always, so none is no answer."""
        found: tuple[Process, ...] = self._once("processes", "processes", running.processes)
        if not found:
            raise Unseen("malformed", "processes", "none")
        return found

    def sockets(self) -> tuple[Socket, ...]:
        """Sockets that wait; Windows has some always (its endpoint mapper), so none is no answer."""
        found: tuple[Socket, ...] = self._once("sockets", "sockets", running.sockets)
        if not found:
            raise Unseen("malformed", "sockets", "none")
        return found

    def clock_status(self) -> str:
        """What Windows' time service says of itself."""
        found: str = self._once(
            "clock", windows_tools.CLOCK, lambda: windows_tools.clock_status(self._left())
        )
        return found

    def newest_event(
        self, channel: str, numbers: tuple[int, ...], levels: tuple[int, ...] = ()
    ) -> str | None:
        """When the newest event of these numbers was written."""
        found: str | None = self._once(
            ("event", channel, numbers, levels),
            f"event log {channel}",
            lambda: windows_events.newest(channel, numbers, levels),
        )
        return found

    def modified_at(self, path: str) -> datetime:
        """When a file was last written."""
        found: datetime = self._once(("file", path.lower()), path, lambda: _modified_at(path))
        return found

    def in_time(self, source: str) -> None:
        """Raise `budget_spent` once the budget is."""
        if self._left() <= 0:
            raise Unseen("budget_spent", source)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _once(self, key: object, source: str, ask: Any) -> Any:
        """The answer, or the reason why there was none, of the first time."""
        if key not in self._asked:
            self.in_time(source)
            try:
                self._asked[key] = ask()
            except Unseen as unseen:
                self._asked[key] = unseen
        found = self._asked[key]
        if isinstance(found, Unseen):
            raise Unseen(found.reason, found.source, found.detail)
        return found


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
        raise windows_answers.unseen(windows_answers.number(error), source) from None
    return Service(state == "running", STARTS[start])


def _modified_at(path: str) -> datetime:
    """Of a plain file on a drive of this machine's letters: another machine is never asked with our rights."""
    if not _ON_A_DRIVE.fullmatch(path):
        raise Unseen("unsupported", path, "no path on a drive")
    try:
        found = Path(path).lstat()
    except OSError as error:
        raise windows_answers.unseen(windows_answers.number(error), path) from None
    if not stat.S_ISREG(found.st_mode):
        raise Unseen("unsupported", path, "no plain file")
    return datetime.fromtimestamp(found.st_mtime, UTC)
