"""`boltseal run`: a small parent that looks at the clock once a minute and works through children.

The parent holds no key and talks to nobody: it decides what is due and starts `boltseal once`. So it stays
small, and whatever a scan takes is given back when its child ends.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Final

from agent import chain, exits, parts, state
from agent.schedule import CLOCK_BACK_TOLERANCE, due, local_zone, window_of
from agent.settings import read_settings
from agent.shipping import read_shipping
from agent.state import State, read_json
from config import canonical
from config.errors import InputError

TICK_SECONDS: Final = 60
WATCH_SECONDS: Final = 20
CLOCK_STEP_SECONDS: Final = 30
CHILD_MAX_SECONDS: Final = 1800
OBSERVED_MAX_SECONDS: Final = 120
"""What one observed subject may take beside the budgets for opening its door and for looking."""
CHILD_STOP_SECONDS: Final = 20
PAUSE_AFTER_FAILURE_SECONDS: Final = 900
"""After a child that could not even note its scan (a full disk, a lost permission): no scan every minute."""

if sys.platform == "win32":
    _NO_WINDOW: Final = subprocess.CREATE_NO_WINDOW
else:
    _NO_WINDOW: Final = 0


class Service:
    """What is due, and the one child at work. `spawn` starts a child; tests start something else."""

    def __init__(
        self,
        opened: State,
        spawn: Callable[[list[str]], subprocess.Popen[bytes]],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = opened
        self._spawn = spawn
        self._clock = clock
        self._monotonic = monotonic
        self._not_before = monotonic()
        self._child: subprocess.Popen[bytes] | None = None

    def tick(self) -> int | None:
        """Do what is due now, in a child; its exit code, None when nothing was due."""
        if self._monotonic() < self._not_before:
            return None
        try:
            arguments = work_due(self._state, self._clock())
        except InputError as error:
            print(f"boltseal: {error.message} [{error.code}]", file=sys.stderr)
            return self._paused(exits.exit_code(error))
        if arguments is None:
            return None
        code = self._run([*arguments, "--state", str(self._state.folder)])
        return code if code in (exits.OK, exits.FAILED, exits.UNREACHABLE) else self._paused(code)

    def stop(self) -> None:
        """End the child, in order if it can, by force if it will not."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(CHILD_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()

    def _run(self, arguments: list[str]) -> int:
        self._child = self._spawn(arguments)
        try:
            return self._child.wait(_child_seconds(self._state))
        except subprocess.TimeoutExpired:
            print("boltseal: the scan did not end and is stopped", file=sys.stderr)
            self.stop()
            return exits.INTERRUPTED

    def _paused(self, code: int) -> int:
        self._not_before = self._monotonic() + PAUSE_AFTER_FAILURE_SECONDS
        return code


def work_due(opened: State, now: datetime) -> list[str] | None:
    """The `boltseal` arguments of what is due now: a scan, a try to send what waits, or None."""
    identity = read_json(opened, "identity.json")
    if identity is None:
        raise InputError("not_enrolled", f"{opened.folder} is not enrolled", "boltseal enroll STRING")
    last_scan = (read_json(opened, "last_scan.json") or {}).get("started_at")
    started_at = canonical.decode_time(last_scan) if isinstance(last_scan, str) else None
    window = window_of(read_settings(opened.folder))
    trigger = due(now, started_at, window, str(identity["host_id"]), local_zone()).trigger
    if trigger is not None:
        return ["once", "--trigger", trigger]
    return ["once", "--no-scan"] if any(_may_send(each, now) for each in parts.every(opened)) else None


def _may_send(part: State, now: datetime) -> bool:
    if not _waits(part):
        return False
    next_attempt_at = read_shipping(part).next_attempt_at
    if next_attempt_at is None:
        return True
    wait = canonical.decode_time(next_attempt_at) - now
    return not timedelta(0) < wait <= CLOCK_BACK_TOLERANCE  # further off only when the clock was set back


def _child_seconds(opened: State) -> float:
    """How long a child may take: as long as each observed subject may."""
    try:
        settings = read_settings(opened.folder)
    except InputError:
        return CHILD_MAX_SECONDS
    each = 2 * settings.collect_budget_seconds + OBSERVED_MAX_SECONDS
    return CHILD_MAX_SECONDS + len(settings.observe) * each


def _waits(opened: State) -> bool:
    """Whether something waits to be sent; a damaged account is for the child to put right."""
    try:
        data = state.read_small(opened, "chain.json")
        return data is not None and bool(chain.decode(data).waiting)
    except InputError:
        return True


def main(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    opened = state.open_state(state.folder_of(arguments.state))
    work_due(opened, datetime.now(UTC))  # what is not enrolled or not readable is said now, not at night
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda number, frame: _set(stop, frame)) for number in signals]
    try:
        serve(opened, stop)
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
    return exits.OK


def serve(opened: State, stop: threading.Event, told: int | None = None) -> None:
    """Serve until `stop` is set. `told`: the descriptor that children write to, None for this process's own.

    InputError `state_locked` when another service serves this folder.
    """
    with state.locked(opened, "service.lock"):
        service = Service(opened, lambda arguments: _spawn(arguments, told), lambda: datetime.now(UTC))
        try:
            _serve(service, stop)
        finally:
            service.stop()


def _serve(service: Service, stop: threading.Event) -> None:
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    job = scheduler.add_job(
        service.tick,
        "interval",
        seconds=TICK_SECONDS,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )
    scheduler.start()
    lag = time.time() - time.monotonic()
    while not stop.wait(WATCH_SECONDS):
        # APScheduler waits for a time of day: a clock set back would keep it waiting for as long.
        if abs(time.time() - time.monotonic() - lag) > CLOCK_STEP_SECONDS:
            lag = time.time() - time.monotonic()
            job.modify(next_run_time=datetime.now(UTC))
    scheduler.shutdown(wait=False)


def _spawn(arguments: list[str], told: int | None) -> subprocess.Popen[bytes]:
    # -I: neither the working folder nor PYTHON* variables decide what `agent` is.
    # -B where it was given to this process: an installed package stays as it was installed.
    bare = ["-B"] if sys.flags.dont_write_bytecode else []
    command = [sys.executable, "-I", *bare, "-m", "agent", *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, creationflags=_NO_WINDOW
    )


def _set(stop: threading.Event, frame: FrameType | None) -> None:
    stop.set()
