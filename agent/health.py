"""What `doctor` looks at, one function per subject; each yields what it found."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from agent import alarms, machine, private, spool
from agent.accept import kept_checkpoint
from agent.chain import Place
from agent.commands import COMMANDS
from agent.identity import Identity, load_key
from agent.state import State
from config import __version__, checkpoint
from config.errors import InputError
from config.settings import CLOCK_SKEW_MAX_SECONDS

DISTRIBUTION: Final = "boltseal"
ROOMS: Final = ("agent", "collectors", "config")
FREE_MIN_BYTES: Final = 64 * 1024 * 1024
PYTHON_MIN: Final = (3, 11)
OPTIONAL: Final = (("ssh", "paramiko", ""), ("netscan", "nmap", "nmap"))
"""Extras for looking at other machines: name, package, and the command it needs."""
_NAMED_MAX: Final = 8
SEES_ALL: Final = f"{private.PRIVILEGED} sees them" + (
    "" if sys.platform == "win32" else "; so does the capability CAP_DAC_READ_SEARCH"
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `level` is ok, warn or bad."""

    subject: str
    level: str
    text: str
    hint: str = ""


def of_error(subject: str, error: InputError) -> Finding:
    """An error as a finding."""
    return Finding(subject, "bad", f"{error.message} [{error.code}]", error.hint)


def installation(
    where: Mapping[str, str | None] | None = None, distribution: str = DISTRIBUTION
) -> Iterator[Finding]:
    """Python, and whether the packages that run are ours: their names are generic."""
    version = ".".join(map(str, sys.version_info[:3]))
    is_new = sys.version_info[:2] >= PYTHON_MIN
    yield Finding("python", "ok" if is_new else "bad", f"{version} at {sys.executable}")
    if sys.prefix == sys.base_prefix and not _is_packaged():
        hint = "install it into an environment of its own: python3 -m venv /opt/boltseal"
        yield Finding("environment", "warn", "a shared Python; package names may collide", hint)
    homes = _homes(distribution)
    if homes is None:
        yield Finding("packages", "warn", f"boltseal {__version__} runs from a plain folder")
        return
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        found = (where or {}).get(room) or (spec.origin if spec is not None else None)
        if found is None or not any(Path(found).resolve().is_relative_to(home) for home in homes):
            hint = (
                "another package of this name is in the way: install boltseal into an environment of its own"
            )
            yield Finding("packages", "bad", f"{room} is loaded from {found}, which is not boltseal's", hint)
            return
    yield Finding("packages", "ok", f"boltseal {__version__}, all from its own distribution")


def _is_packaged() -> bool:
    """Whether this Python is one that ships with the agent and looks for packages nowhere else (packaging/windows)."""
    return bool(list(Path(sys.executable).parent.glob("python*._pth")))


def _homes(distribution: str) -> tuple[Path, ...] | None:
    """The folders that our distribution's packages may be loaded from; None when it is not installed."""
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    homes = [Path(str(found.locate_file(room))).resolve() for room in ROOMS]
    direct = json.loads(found.read_text("direct_url.json") or "{}")
    if direct.get("dir_info", {}).get("editable"):
        homes.append(Path(unquote(urlsplit(direct["url"]).path)).resolve())
    return tuple(homes)


def extras(which: Callable[[str], str | None] = shutil.which) -> Iterator[Finding]:
    """Which optional parts are there: packages, and the tool behind the network scan."""
    needed = sorted({name for command in COMMANDS for name in command.needs})
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    hint = "pip install 'boltseal[agent]'" if missing else ""
    told = f"agent misses {', '.join(missing)}" if missing else "agent"
    yield Finding("extras", "warn" if missing else "ok", told, hint)
    for extra, package, tool in OPTIONAL:
        if importlib.util.find_spec(package) is None:
            yield Finding("extras", "ok", f"{extra} is not installed, and not needed for this host itself")
        elif tool and which(tool) is None:
            yield Finding("extras", "warn", f"{extra} needs the command {tool}", f"install {tool}")
        else:
            yield Finding("extras", "ok", extra)


def folder(opened: State) -> Iterator[Finding]:
    """Permissions and space of the state folder."""
    exposed = [path for path in _files(opened) if private.others(path)]
    if exposed:
        hint = private.remedy(opened.folder)
        yield Finding("state", "bad", f"others may read {', '.join(map(str, exposed[:_NAMED_MAX]))}", hint)
    elif not os.access(opened.folder, os.W_OK) or _is_read_only(opened.folder):
        yield Finding("state", "bad", f"{opened.folder} cannot be written by this user or is read-only")
    else:
        yield Finding("state", "ok", str(opened.folder))
    free = shutil.disk_usage(opened.folder).free
    told = f"{free // (1024 * 1024)} MiB free"
    hint = "reports are dropped, oldest first, when it is full" if free < FREE_MIN_BYTES else ""
    yield Finding("space", "warn" if hint else "ok", told, hint)


def _is_read_only(path: Path) -> bool:
    return sys.platform != "win32" and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _files(opened: State) -> list[Path]:
    """Everything in the state folder that holds what others must not read, and the folders themselves."""
    named = [path for path in opened.folder.iterdir() if not stat.S_ISLNK(path.lstat().st_mode)]
    return [path for path in named if path.name != "agent.toml"]


def outbox(opened: State) -> Iterator[Finding]:
    """Key, chain, spool and alarms."""
    if opened.path("identity.json").exists():
        try:
            load_key(opened)
            yield Finding("key", "ok", "readable by its owner alone")
        except InputError as error:
            yield of_error("key", error)
    try:
        chain = spool.peek(opened)
        kept = [place for place in chain.waiting if place.lost is None]
        bad = [str(place.sequence) for place in kept if not _is_whole(opened, place)]
        told = f"{len(chain.waiting)} waiting"
        if bad:
            yield Finding("spool", "bad", f"{told}; damaged: {', '.join(bad[:_NAMED_MAX])}")
        else:
            yield Finding("spool", "ok", told)
    except InputError as error:
        yield of_error("spool", error)
    damaged = sorted(path.name for path in opened.path("damaged").glob("*"))
    if damaged:
        yield Finding("damaged", "warn", f"kept aside: {', '.join(damaged[:_NAMED_MAX])}")
    for alarm in alarms.standing(opened.path("alarms")):
        yield Finding("alarm", "bad", f"{alarm.code}: {alarm.detail}", alarms.TEXTS.get(alarm.code, ""))


def _is_whole(opened: State, place: Place) -> bool:
    try:
        spool.get(opened, place)
    except InputError:
        return False
    return True


def server(opened: State, identity: Identity, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Whether the server answers over verified TLS with a log not smaller than the one known; its clock."""
    from agent.transport import Https

    try:
        answer = Https(identity.url, opened.path("ca.pem"), clock).request(
            "GET", "/api/v1/checkpoint", b"", {}
        )
        if answer.status != 200:
            raise InputError("server_unreachable", f"{identity.url} answers HTTP {answer.status}")
        shown = checkpoint.verify(answer.body, [identity.log_vkey])
        known = kept_checkpoint(opened, identity)
    except InputError as error:
        yield of_error("server", error)
        return
    yield Finding("server", "ok", f"{identity.url}, log of {shown.size} entries")
    if known is not None and shown.size < known.size:
        yield Finding("log", "bad", f"the server shows {shown.size} entries; this host has seen {known.size}")
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    offset = (told - answer.received_at).total_seconds()
    level = "warn" if abs(offset) > CLOCK_SKEW_MAX_SECONDS else "ok"
    hint = "set this host's clock, or the server's" if level == "warn" else ""
    yield Finding("clock", level, f"{offset:+.0f} s to the server's", hint)


def sight() -> Iterator[Finding]:
    """What this user cannot see: a real look, so that the list is never out of date."""
    if importlib.util.find_spec("psutil") is None:
        yield Finding("sight", "warn", "not looked at without the agent extra")
        return
    from agent.run import run
    from collectors import discover
    from collectors.door import this_platform

    unseen: dict[str, set[str]] = {}
    for looked in run(machine.door(), discover(this_platform()), 60.0):
        if looked.error:
            yield Finding("collector", "bad", f"{looked.collector.name} broke off: {looked.error}")
        for name, reason in looked.findings.missing.items():
            unseen.setdefault(reason, set()).update(looked.findings.sources.get(name, ()))
    hints = {
        "permission_denied": SEES_ALL,
        "tool_missing": "install the tool if this host should have it",
    }
    for reason, hint in hints.items():
        if named := sorted(unseen.get(reason, ())):
            more = f" and {len(named) - _NAMED_MAX} more" if len(named) > _NAMED_MAX else ""
            yield Finding("sight", "warn", f"{reason}: {', '.join(named[:_NAMED_MAX])}{more}", hint)
    if not any(reason in unseen for reason in hints):
        yield Finding("sight", "ok", "nothing is hidden from this user")
