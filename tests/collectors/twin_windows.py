r"""The in-memory twin of a Windows machine. A case of a fixture holds these tables, all of them optional:

    [cases.registry]
    'HKLM\\SOFTWARE\\X' = { Name = 1, Other = "text", Many = ["a", "b"] }   # a number is a REG_DWORD
    'HKLM\\SOFTWARE\\Y' = "!permission_denied"       # unseen for this reason; false takes away what `extends` brought
    [cases.services]
    WinRM = "running automatic"                      # and so on: running or stopped, start type
    [cases.cim]
    'root/CIMV2:Win32_BIOS' = [{ SerialNumber = "X" }]   # or "!reason"; a class that is not named is not_found
    [cases.asked]
    password_rules = { min_length = 14, max_age_seconds = 0, min_age_seconds = 0, history = 24 }
    lockout_rules = { duration_seconds = 900, window_seconds = 900, threshold = 5 }
    security_policy = "[System Access]"              # what secedit writes
    users = [{ name = "Ann", rid = 1001, flags = 0x201 }]
    members = { "S-1-5-32-544" = [{ sid = "S-1-5-21-1-2-3-500", name = "PC\\Ann", kind = 1 }] }
    audited = { "0cce9215-69ae-11d9-bed3-505054503030" = 3 }   # those not named are 0
    updates = { waiting = [{ kb = "KB1", categories = [], cves = [], hidden = false }], searched_at = "…" }
    processes = [{ pid = 4, name = "System" }]
    sockets = [{ protocol = "tcp", address = "::", port = 445, process = "System" }]
    clock_status = "Leap Indicator: 0(no warning)"   # what w32tm writes
    events = { "Microsoft-Windows-Backup" = { "4" = "2026-11-24T01:10:00Z" } }   # by channel and number; "!reason"
    files = { 'D:\\done' = 2026-11-24T01:10:00Z }   # when each was last written; "!reason"

Whatever is not named under `asked` is `unsupported`. `now` is the twin's moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors import door_windows
from collectors.door import Process, Socket, Unseen
from collectors.door_windows import (
    LockoutRules,
    Member,
    PasswordRules,
    Row,
    Service,
    Update,
    Updates,
    User,
    Value,
)
from tests.collectors.twin import MOMENT


@dataclass
class TwinWindows(door_windows.Windows):
    """A Windows machine of a test, as a fixture's case describes it."""

    registry: Mapping[str, Any]
    services: Mapping[str, str]
    cim: Mapping[str, Any]
    asked: Mapping[str, Any]
    now: datetime = MOMENT
    platform: str = "windows"
    cache: dict[str, object] = field(default_factory=dict)

    def values(self, key: str) -> Mapping[str, Value]:
        """The values of a key, whatever the case of its path."""
        assert f"{key}\\".startswith(("HKLM\\", "HKU\\")), (
            f"a registry path begins with its hive, not {key!r}"
        )
        found = {path.lower(): given for path, given in self.registry.items()}.get(key.lower(), False)
        if isinstance(found, str):
            raise Unseen(found[1:], key)
        if found is False:
            if self.subkeys_of(key):
                return {}
            raise Unseen("not_found", key)
        return {name: tuple(one) if isinstance(one, list) else one for name, one in found.items()}

    def subkeys(self, key: str) -> tuple[str, ...]:
        """The names below a key: those of all paths that go through it."""
        self.values(key)
        return self.subkeys_of(key)

    def subkeys_of(self, key: str) -> tuple[str, ...]:
        """The names below a key, () where there is no such key."""
        above = key.lower() + "\\"
        paths = [
            path
            for path, given in self.registry.items()
            if given is not False and path.lower().startswith(above)
        ]
        return tuple(sorted({path[len(above) :].split("\\")[0] for path in paths}))

    def service(self, name: str) -> Service:
        """A service."""
        given = self.services.get(name, "!not_found")
        if given.startswith("!"):
            raise Unseen(given[1:], f"service {name}")
        state, start = given.split()
        return Service(state == "running", start)

    def rows(
        self,
        namespace: str,
        name: str,
        properties: tuple[str, ...],
        where: str = "",
        context: Mapping[str, str] | None = None,
    ) -> tuple[Row, ...]:
        """The rows of a class; each must have been given the properties that are asked for, or has them as null."""
        source = f"{namespace}:{name}"
        given = self.cim.get(source, "!not_found")
        if isinstance(given, str):
            raise Unseen(given[1:], source)
        return tuple({each: _cell(one.get(each)) for each in properties} for one in given)

    def password_rules(self) -> PasswordRules:
        """The rules for passwords."""
        return PasswordRules(**self._asked("password_rules"))

    def lockout_rules(self) -> LockoutRules:
        """The rules for locking."""
        return LockoutRules(**self._asked("lockout_rules"))

    def security_policy(self) -> str:
        """The export of the policy."""
        text: str = self._asked("security_policy", text=True)
        return text

    def users(self) -> tuple[User, ...]:
        """Local accounts; who is given no last logon never logged in."""
        return tuple(User(**{"last_logon": 0, **one}) for one in self._asked("users"))

    def members(self, sid: str) -> tuple[Member, ...]:
        """The members of a group."""
        given = self._asked("members")
        if sid not in given:
            raise Unseen("not_found", sid)
        return tuple(Member(**one) for one in given[sid])

    def audited(self, subcategories: tuple[str, ...]) -> tuple[int, ...]:
        """What is recorded."""
        given = self._asked("audited")
        return tuple(given.get(one, 0) for one in subcategories)

    def updates(self) -> Updates:
        """What the update agent knows."""
        given = {"waiting": [], "searched_at": "", "installed_at": "", **self._asked("updates")}
        waiting = (
            {**one, "categories": tuple(one["categories"]), "cves": tuple(one["cves"])}
            for one in given.pop("waiting")
        )
        return Updates(waiting=tuple(Update(**one) for one in waiting), **given)

    def processes(self) -> tuple[Process, ...]:
        """Running processes."""
        return tuple(Process(**one) for one in self._asked("processes"))

    def sockets(self) -> tuple[Socket, ...]:
        """Sockets that wait."""
        return tuple(Socket(**one) for one in self._asked("sockets"))

    def clock_status(self) -> str:
        """The time service of itself."""
        text: str = self._asked("clock_status", text=True)
        return text

    def newest_event(
        self, channel: str, numbers: tuple[int, ...], levels: tuple[int, ...] = ()
    ) -> str | None:
        """When an event of these numbers was written last; the fixture names events of the right levels only."""
        given = self._asked("events").get(channel, "!not_found")
        if isinstance(given, str):
            raise Unseen(given[1:], f"event log {channel}")
        return max((given[str(one)] for one in numbers if str(one) in given), default=None)

    def modified_at(self, path: str) -> datetime:
        """When a file was written."""
        given = self._asked("files").get(path, "!not_found")
        if isinstance(given, str):
            raise Unseen(given[1:], path)
        found: datetime = given
        return found

    def in_time(self, source: str) -> None:
        """The twin has all the time."""

    def _asked(self, name: str, text: bool = False) -> Any:
        given = self.asked.get(name, "!unsupported")
        if isinstance(given, str) and (given.startswith("!") or not text):
            raise Unseen(given[1:], name)
        return given


def twin(data: Mapping[str, Any]) -> TwinWindows:
    """The machine of a case."""
    return TwinWindows(
        data.get("registry", {}),
        data.get("services", {}),
        data.get("cim", {}),
        data.get("asked", {}),
        data.get("now", MOMENT),
    )


def _cell(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given
