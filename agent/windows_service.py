"""`boltseal service`: what `boltseal run` does, kept going by Windows' service control manager.

It runs as LocalSystem, opens no port and takes no orders. BitLocker, the audit policy and the exported security policy
are told to administrators only, so an account of its own would see less, or be an administrator all the same.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from agent import exits, service, state, windows
from agent.state import State
from collectors.door import this_platform
from config.errors import InputError

NAME: Final = "Boltseal"
DISPLAY: Final = "Boltseal agent"
DESCRIPTION: Final = "Looks at this machine's security settings every night, seals what it saw and ships it."
LOG: Final = "service.log"
"""In the state folder, what the service and its children say; begun anew at a start, once it is large."""
LOG_MAX_BYTES: Final = 1024 * 1024
RESTART_AFTER_MILLISECONDS: Final = 60_000
FORGET_FAILURES_SECONDS: Final = 86_400
WAIT_SECONDS: Final = 60.0
_DENIED, _MISSING, _RUNS_ALREADY, _NOT_RUNNING, _EXISTS = 5, 1060, 1056, 1062, 1073
_DELETE: Final = 0x10000
"""DELETE of winnt.h."""
_STATES: Final = {1: "stopped", 2: "starting", 3: "stopping", 4: "running"}


def main(arguments: argparse.Namespace) -> int:
    """Do it; FAILED for `status` where it does not run."""
    if this_platform() != "windows":
        hint = "let systemd keep `boltseal run` going, or start `boltseal once` from a timer"
        raise InputError("unsupported_here", "services are installed on Windows only", hint)
    if arguments.action == "run":
        return _host(state.folder_of(arguments.state))
    acts: dict[str, Callable[[Any, Path | None], str]] = {
        "install": _install,
        "remove": _remove,
        "start": _start,
        "stop": _stop,
        "status": _status,
    }
    with _asking():
        told = acts[arguments.action](_api(), Path(arguments.state) if arguments.state else None)
    print(told)
    return exits.FAILED if arguments.action == "status" and told != "running" else exits.OK


def image(executable: str, folder: Path | None) -> str:
    """The command line that Windows starts. Quoted always: a path with a space in it would let in another program.

    -B: a service of LocalSystem writes nothing into its program's folder, so a removal leaves none of it.
    """
    named = subprocess.list2cmdline(["--state", str(folder)]) if folder is not None else ""
    return f'"{executable}" -I -B -m agent service run {named}'.rstrip()


def _install(api: Any, folder: Path | None) -> str:
    """Make it, or bring it up to date; the state folder is there, and private, from then on."""
    if sys.prefix != sys.base_prefix:
        hint = "install the package that packaging/windows makes, or into a Python of its own"
        raise InputError("service_environment", "a service cannot start in a virtual environment", hint)
    state.create(folder.absolute() if folder else state.folder_of(None))
    line = image(sys.executable, folder.absolute() if folder else None)
    own, automatic, normal = api.SERVICE_WIN32_OWN_PROCESS, api.SERVICE_AUTO_START, api.SERVICE_ERROR_NORMAL
    manager = api.OpenSCManager(None, None, api.SC_MANAGER_ALL_ACCESS)
    try:
        made = api.CreateService(
            manager,
            NAME,
            DISPLAY,
            api.SERVICE_ALL_ACCESS,
            own,
            automatic,
            normal,
            line,
            None,
            0,
            None,
            None,
            None,
        )
    except _error() as error:
        if error.winerror != _EXISTS:
            raise
        made = api.OpenService(manager, NAME, api.SERVICE_ALL_ACCESS)
        api.ChangeServiceConfig(
            made, own, automatic, normal, line, None, 0, None, "LocalSystem", None, DISPLAY
        )
    _configure(api, made)
    return f"{NAME} is installed; it starts with Windows, or now: boltseal service start"


def _configure(api: Any, made: Any) -> None:
    """What is said of it, restarts after a failure, and a start that does not hold up Windows' own."""
    restart = (api.SC_ACTION_RESTART, RESTART_AFTER_MILLISECONDS)
    failures = {
        "ResetPeriod": FORGET_FAILURES_SECONDS,
        "RebootMsg": "",
        "Command": "",
        "Actions": [restart] * 3,
    }
    api.ChangeServiceConfig2(made, api.SERVICE_CONFIG_DESCRIPTION, DESCRIPTION)
    api.ChangeServiceConfig2(made, api.SERVICE_CONFIG_FAILURE_ACTIONS, failures)
    api.ChangeServiceConfig2(made, api.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True)


def _remove(api: Any, folder: Path | None) -> str:
    """Stop and remove it; success where it is not there. What it kept stays."""
    try:
        _stop(api, folder)
        api.DeleteService(_opened(api, _DELETE))
    except _error() as error:
        if error.winerror != _MISSING:
            raise
        return f"{NAME} is not installed"
    return f"{NAME} is removed; its state folder stays"


def _start(api: Any, folder: Path | None) -> str:
    opened = _opened(api, api.SERVICE_START)
    try:
        api.StartService(opened, None)
    except _error() as error:
        if error.winerror != _RUNS_ALREADY:
            raise
    return _until(api, opened, "running")


def _stop(api: Any, folder: Path | None) -> str:
    opened = _opened(api, api.SERVICE_STOP)
    try:
        api.ControlService(opened, api.SERVICE_CONTROL_STOP)
    except _error() as error:
        if error.winerror != _NOT_RUNNING:
            raise
    return _until(api, opened, "stopped")


def _status(api: Any, folder: Path | None) -> str:
    return _STATES.get(api.QueryServiceStatus(_opened(api, 0))[1], "paused")


def _until(api: Any, opened: Any, wanted: str) -> str:
    ends_at = time.monotonic() + WAIT_SECONDS
    while (now := _STATES.get(api.QueryServiceStatus(opened)[1], "paused")) != wanted:
        if time.monotonic() > ends_at or (wanted == "running" and now == "stopped"):
            hint = f"see {LOG} in the state folder, and Windows' event log"
            raise InputError("service_failed", f"{NAME} is {now}, not {wanted}", hint)
        time.sleep(0.2)
    return f"{NAME} is {now}"


def _host(folder: Path) -> int:
    """Be the service; Windows has started this process. Ends when it is stopped."""
    manager, api = import_module("servicemanager"), _api()

    class Hosted:
        """What pywin32's servicemanager makes, and runs, in the thread that Windows starts."""

        def __init__(self, arguments: list[str]) -> None:
            self._stop = threading.Event()
            self._handle = manager.RegisterServiceCtrlHandler(arguments[0], self._control, True)

        def SvcRun(self) -> None:  # noqa: N802  the name that servicemanager calls
            self._tell(api.SERVICE_RUNNING)
            try:
                opened = state.create(folder)
                with _logged(opened) as told:
                    service.serve(opened, self._stop, told)
            except InputError as error:
                manager.LogErrorMsg(f"{error.message} [{error.code}]")
            self._tell(api.SERVICE_STOP_PENDING)

        def _control(self, control: int, kind: int, data: object) -> None:
            if control in (api.SERVICE_CONTROL_STOP, api.SERVICE_CONTROL_SHUTDOWN):
                self._tell(api.SERVICE_STOP_PENDING)
                self._stop.set()

        def _tell(self, now: int) -> None:
            takes = api.SERVICE_ACCEPT_STOP | api.SERVICE_ACCEPT_SHUTDOWN if now == api.SERVICE_RUNNING else 0
            wait = int(service.CHILD_STOP_SECONDS * 1000)
            told = (api.SERVICE_WIN32_OWN_PROCESS, now, takes, 0, 0, 0, wait)
            api.SetServiceStatus(self._handle, told)

    manager.Initialize(NAME, None)
    manager.PrepareToHostSingle(Hosted)
    with _asking():
        manager.StartServiceCtrlDispatcher()
    return exits.OK


@contextmanager
def _logged(opened: State) -> Iterator[int]:
    """What this process says goes into the log; its descriptor, for children. A service has no console."""
    path, before = opened.path(LOG), (sys.stdout, sys.stderr)
    windows.make_file(path)
    how = "ab" if path.stat().st_size < LOG_MAX_BYTES else "wb"
    with open(path, how, buffering=0) as file:
        raw = os.fdopen(os.dup(file.fileno()), "wb", 0)
        sys.stdout = sys.stderr = io.TextIOWrapper(raw, "utf-8", "replace", write_through=True)
        try:
            yield file.fileno()
        finally:
            sys.stdout, sys.stderr = before


def _opened(api: Any, rights: int) -> Any:
    manager = api.OpenSCManager(None, None, api.SC_MANAGER_CONNECT)
    return api.OpenService(manager, NAME, api.SERVICE_QUERY_STATUS | rights)


@contextmanager
def _asking() -> Iterator[None]:
    """Windows' refusals as ours."""
    try:
        yield
    except _error() as error:
        if error.winerror == _DENIED:
            raise InputError("service_permission", "not permitted", "run as an administrator") from None
        if error.winerror == _MISSING:
            hint = "boltseal service install"
            raise InputError("service_missing", f"{NAME} is not installed", hint) from None
        raise InputError("service_failed", f"{error.funcname}: {error.strerror}") from None


def _api() -> Any:
    return import_module("win32service")


def _error() -> Any:
    return import_module("pywintypes").error
