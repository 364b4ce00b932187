"""The state folder: everything the agent keeps, and the only place it writes.

agent.toml   settings, the administrator's      key.pem      the host's key (0600, PKCS#8)
secret       salts of sections, 32 bytes        identity.json  who this host is to which server
ca.pem       the enrolled server's CA           chain.json   numbers and digests not yet acknowledged
checkpoint   the last log head proven           known.json   sections the server already has
shipping.json  last attempt, receipt, clock     last_scan.json  when and why the last scan ran
refused.json  since when the oldest report is refused
spool/ sections/ damaged/ alarms/               lock         held by the one agent at work
observed.json  what was observed so far, by name; observed/NAME/ has its chain, spool, sections and the like
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import durable, private
from config import canonical
from config.canonical import Json
from config.errors import InputError

if sys.platform == "win32":
    from agent import windows
else:
    import fcntl

DEFAULT_FOLDER: Final = "/var/lib/boltseal"
WINDOWS_FOLDER: Final = "Boltseal"
"""Below %ProgramData%."""
FOLDERS: Final = ("spool", "sections", "damaged", "alarms")
_SHARED: Final = frozenset(
    "agent.toml alarms ca.pem checkpoint identity.json key.pem lock observed.json secret service.lock".split()
)
"""One key, one server and one log for the host and all that it observes."""
SECRET_BYTES: Final = 32
SMALL_FILE_MAX_BYTES: Final = 4 * 1024 * 1024
if sys.platform == "win32":
    _LOCK_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOINHERIT | os.O_BINARY
else:
    _LOCK_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True)
class State:
    """An existing state folder; or the part of it that holds the chain of something this host observes."""

    folder: Path
    observed: str = ""
    """`kind.name`; empty: the host itself."""

    def path(self, name: str) -> Path:
        """Where a file or folder of the state lies."""
        if self.observed and name not in _SHARED:
            return self.folder / "observed" / self.observed / name
        return self.folder / name

    def subject(self, host_id: str) -> str:
        """The id of what the reports kept here are about."""
        return f"{host_id}~{self.observed}" if self.observed else host_id


def default_folder(environment: Mapping[str, str]) -> Path:
    """$BOLTSEAL_STATE, or /var/lib/boltseal; on Windows Boltseal below %ProgramData%."""
    if named := environment.get("BOLTSEAL_STATE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(environment.get("PROGRAMDATA") or r"C:\ProgramData") / WINDOWS_FOLDER
    return Path(DEFAULT_FOLDER)


def folder_of(named: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder named by --state, else the default one."""
    return Path(named) if named else default_folder(environment)


def create(folder: Path) -> State:
    """Make the folder and its parts where they are missing; then as `open_state`."""
    durable.make_folder(folder)
    state = open_state(folder)
    for name in FOLDERS:
        durable.make_folder(folder / name)
    return state


def open_state(folder: Path) -> State:
    """The state folder, once it is seen to be private.

    InputError `state_missing`, `state_permission`, or `state_exposed` when others than its owner may enter
    it. On Windows anybody may make a folder below %ProgramData%: one of somebody else's is refused, and so is a link.
    """
    try:
        info = os.stat(folder)
        exposed = private.others(folder)
    except FileNotFoundError:
        raise InputError(
            "state_missing", f"{folder} does not exist", "enrol first: boltseal enroll STRING"
        ) from None
    except OSError as error:
        raise durable.to_error(error, folder) from error
    if not stat.S_ISDIR(info.st_mode):
        raise InputError("state_missing", f"{folder} is not a folder")
    if exposed:
        raise InputError(
            "state_exposed", f"{folder} can be entered by others ({exposed})", private.remedy(folder)
        )
    if sys.platform == "win32":
        if folder.lstat().st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:
            raise InputError("state_exposed", f"{folder} is a link", private.remedy(folder))
    elif info.st_uid != os.geteuid() and os.geteuid() != 0:
        raise InputError(
            "state_permission", f"{folder} belongs to another user", "run as that user, or as root"
        )
    return State(folder)


@contextmanager
def locked(state: State, name: str = "lock") -> Iterator[None]:
    """Hold the state for this process; `state_locked` when another agent is at work on it."""
    path = state.path(name)
    try:
        if sys.platform == "win32":
            windows.make_file(path)
        handle = os.open(path, _LOCK_FLAGS, durable.FILE_MODE)
    except OSError as error:
        raise durable.to_error(error, path) from error
    try:
        if not _lock(handle):
            hint = "wait until it is done; see boltseal status"
            raise InputError("state_locked", f"another agent works on {state.folder}", hint)
        if name == "lock":
            _sweep(state)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    if sys.platform == "win32":
        return windows.lock(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(state: State) -> None:
    parts = [state, *(State(state.folder, path.name) for path in state.path("observed").glob("*"))]
    for folder in (state.folder, *(each.path(name) for each in parts for name in (".", *FOLDERS))):
        if folder.is_dir():
            durable.sweep(folder)


def read_small(state: State, name: str) -> bytes | None:
    """One of the state's files, None when it is not there."""
    return durable.read(state.path(name), SMALL_FILE_MAX_BYTES)


def read_json(state: State, name: str) -> dict[str, Json] | None:
    """One of the state's JSON files, None when it is not there. `state_file_damaged` when it is not ours."""
    data = durable.read(state.path(name), SMALL_FILE_MAX_BYTES)
    if data is None:
        return None
    try:
        value = canonical.decode(data, SMALL_FILE_MAX_BYTES)
    except InputError as error:
        raise InputError("state_file_damaged", f"{state.path(name)}: {error.message}") from error
    if not isinstance(value, dict):
        raise InputError("state_file_damaged", f"{state.path(name)} holds no object")
    return value


def write_json(state: State, name: str, value: Mapping[str, Json]) -> None:
    """Write one of the state's JSON files, durably."""
    durable.write(state.path(name), canonical.encode(dict(value)))


def secret(state: State, randomness: Callable[[int], bytes] = os.urandom) -> bytes:
    """The host secret that salts sections; made when it is not there yet (needs the lock then)."""
    data = durable.read(state.path("secret"), SECRET_BYTES)
    if data is None:
        data = randomness(SECRET_BYTES)
        durable.write(state.path("secret"), data)
    if len(data) != SECRET_BYTES:
        hint = "restore it from a backup; without it every section gets a new digest: remove it to go on"
        raise InputError("state_file_damaged", f"{state.path('secret')} is damaged", hint)
    return data
