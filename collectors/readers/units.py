"""Units that start at boot, told from systemd's own files (systemd.unit(5)), so that a root can answer too.

Enabled: default.target wants or requires it, by links in .wants and .requires folders and by the files of
whatever it starts on the way. A link in the folder of a target that no boot reaches enables nothing, nor does
one in /run, which the next boot begins without. Masked: a link to /dev/null, or an empty file, stands before
the vendor's unit. On a host without a native unit the SysV start links of its name count.
Whether something runs is another question: `readers.processes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import overlay
from collectors.readers.once import once

VOLATILE: Final = "/run/systemd/system"
FOLDERS: Final = (
    "/etc/systemd/system",
    VOLATILE,
    "/run/systemd/generator.early",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
_START_FOLDERS: Final = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/runlevels/default")
_START_LINK: Final = re.compile(r"(?:S\d\d)?(\S+)")
_BOOT: Final = ("default.target", "sysinit.target", "basic.target")
"""What a boot starts. The last two also without being asked for: every service requires them by default."""
_PULLS: Final = re.compile(r"^[ \t]*(?:Wants|Requires|BindsTo|Upholds)[ \t]*=((?:.*\\\n)*.*)$", re.MULTILINE)
_PULLED_IN: Final = (".wants", ".requires", ".upholds")
_ALIASES_MAX: Final = 8


@dataclass(frozen=True)
class Unit:
    """One unit. `source` names the file or link that decided; `masked` is so now, `returns` at the next boot."""

    name: str
    present: bool
    enabled: bool
    masked: bool
    source: str
    returns: bool = True

    @property
    def starts(self) -> bool:
        """Whether it is started at boot."""
        return self.enabled and self.returns


@dataclass(frozen=True)
class _Index:
    """Unit name to: its file now, its file at the next boot, what it wants by links, its SysV start link."""

    files: Mapping[str, str]
    kept: Mapping[str, str]
    wanted: Mapping[str, Mapping[str, str]]
    drop_ins: Mapping[str, tuple[str, ...]]
    started: Mapping[str, str]


def unit(host: Host, name: str) -> Unit:
    """What is known of a unit such as "ssh.service" or "apt-daily.timer", by any of its names."""
    index = once(host, _index)
    real = _names_of(host, name, index.files)[-1]
    path, pulled_by = file(host, real), once(host, _boot).get(_names_of(host, name, index.kept)[-1])
    if path is None:
        started = index.started.get(name.removesuffix(".service"))
        return Unit(name, started is not None, started is not None, False, started or FOLDERS[0])
    kept = _of(index.kept, real)
    masked = overlay.is_mask(host, path)
    returns = not masked if kept == path else kept is not None and not overlay.is_mask(host, kept)
    return Unit(name, True, pulled_by is not None, masked, path if masked else pulled_by or path, returns)


def file(host: Host, name: str) -> str | None:
    """The path of a unit's file, the one that counts."""
    return _of(once(host, _index).files, name)


def drop_ins(host: Host, name: str, now: bool = True) -> list[str]:
    """The drop-ins of a unit, in the order in which they are read: that of their names, whatever their folder.

    They lie in `apt-daily.timer.d`, in the folder of an alias, of a template or a shortened name (`apt-.timer.d`)
    and in that of the type (`timer.d`); of two with one name the one nearer to the unit's own name counts, then
    the one in the higher folder. Without `now`, those that the next boot finds.
    """
    index = once(host, _index)
    name = _names_of(host, name, index.files)[-1]
    named = [one for one in index.drop_ins if one in index.files]
    aliases = [one for one in named if _names_of(host, one, index.files)[-1] == name]
    stem, _, kind = name.rpartition(".")
    shortened = [f"{stem[: dash.end()]}.{kind}" for dash in re.finditer("-", stem.partition("@")[0])]
    found: dict[str, str] = {}
    for unit in dict.fromkeys((name, *aliases, _template(name), *reversed(shortened), kind)):
        for folder in index.drop_ins.get(unit, ()):
            if now or not folder.startswith(VOLATILE):
                for file in overlay.names(host, folder):
                    found.setdefault(file, f"{folder}/{file}")
    return [found[file] for file in sorted(found) if file.endswith(".conf")]


def starting(host: Host, *names: str) -> Unit | None:
    """The first of these units that starts at boot, or None."""
    return next((found for found in (unit(host, name) for name in names) if found.starts), None)


def matching(host: Host, pattern: str) -> list[str]:
    """Names of units that are wanted at boot and match a regular expression, sorted: template instances."""
    return sorted(name for name in once(host, _boot) if re.fullmatch(pattern, name))


def _of(files: Mapping[str, str], name: str) -> str | None:
    return files.get(name) or files.get(_template(name))


def _template(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem.split('@')[0]}@.{kind}" if "@" in stem else name


def _names_of(host: Host, name: str, files: Mapping[str, str]) -> list[str]:
    """The name and what it is an alias of, the unit's own name last: a link to a file of another name."""
    names = [name]
    while len(names) <= _ALIASES_MAX:
        path = _of(files, names[-1])
        try:
            target = basename(host.readlink(path)) if path else ""
        except Unseen as unseen:
            if unseen.reason not in ("malformed", "not_found"):
                raise
            break  # no link
        _, at, rest = names[-1].partition("@")
        if at and target.partition("@")[2][:1] == ".":  # an instance is linked to its template
            target = f"{target.partition('@')[0]}@{rest}"
        if target in names or "." not in target or _of(files, target) is None:
            break
        names.append(target)
    return names


def _boot(host: Host) -> dict[str, str]:
    """Every unit that a boot asks for, with the link or file that asks.

    Without a default.target (a system that systemd never started, or an image without its files) no target
    can be told from another, and each link counts.
    """
    index = once(host, _index)
    if "default.target" not in index.kept:
        return {name: link for links in index.wanted.values() for name, link in links.items()}
    reached: dict[str, str] = {}
    waiting = [(name, index.kept.get(name, FOLDERS[0])) for name in reversed(_BOOT)]
    while waiting:
        name, source = waiting.pop()
        names = _names_of(host, name, index.kept)
        path = _of(index.kept, names[-1])
        if names[-1] in reached or path is None or overlay.is_mask(host, path):
            continue
        reached[names[-1]] = source
        for each in names:
            waiting += index.wanted.get(each, {}).items()
        waiting += [(one, path) for one in _pulled(host, names[-1], path)]
    return reached


def _pulled(host: Host, name: str, path: str) -> Iterator[str]:
    """What a unit's file and its drop-ins want or require. No assignment takes back an earlier one."""
    instance = name.rpartition(".")[0].partition("@")[2]
    for each in (path, *drop_ins(host, name, now=False)):
        for line in _PULLS.findall(overlay.text(host, each)):
            yield from line.replace("\\\n", " ").replace("%i", instance).split()


def _index(host: Host) -> _Index:
    files: dict[str, str] = {}
    kept: dict[str, str] = {}
    wanted: dict[str, dict[str, str]] = {}
    drop_ins: dict[str, tuple[str, ...]] = {}
    for folder in _folders(host):
        for name in overlay.names(host, folder):
            path, (stem, dot, suffix) = f"{folder}/{name}", name.rpartition(".")
            if dot + suffix in _PULLED_IN:
                for link in overlay.names(host, path) if folder != VOLATILE else ():
                    wanted.setdefault(stem, {}).setdefault(link, f"{path}/{link}")
            elif suffix == "d":
                drop_ins[stem] = (*drop_ins.get(stem, ()), path)
            else:
                files.setdefault(name, path)
                if folder != VOLATILE:
                    kept.setdefault(name, path)
    return _Index(files, kept, wanted, drop_ins, _started(host))


def _started(host: Host) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in _START_FOLDERS:
        for name in overlay.names(host, folder):
            match = _START_LINK.fullmatch(name)
            if match and not name.startswith("K"):
                found.setdefault(match[1], f"{folder}/{name}")
    return found


def _folders(host: Host) -> Iterator[str]:
    """The folders with unit files; where /lib is /usr/lib, it is not looked at twice."""
    merged = host.exists("/lib") and host.stat("/lib", follow=False).kind == "link"
    return (folder for folder in FOLDERS if not (merged and folder.startswith("/lib/")))
