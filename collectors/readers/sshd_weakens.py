"""What weakens an sshd: broken algorithms, and settings that let some connections do more than the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen
from collectors.readers import sshd_config, sshd_daemon, sshd_tables
from collectors.readers.sshd_config import Setting
from collectors.readers.sshd_daemon import Configuration

_MORE_WITH_YES: Final = frozenset(
    "passwordauthentication permitemptypasswords x11forwarding hostbasedauthentication permituserenvironment"
    " kbdinteractiveauthentication gssapiauthentication pubkeyauthentication".split()
)
_MORE_WITH_ANY: Final = frozenset({"authorizedkeyscommand", "trustedusercakeys"})
_LESS_WITH_ANY: Final = frozenset({"forcecommand", "chrootdirectory"})
_QUIET: Final = ("SILENT", "FATAL", "ERROR")
_CLEAN_SINCE: Final = (8, 8)
_ROOT: Final = ("no", "forced-commands-only", "without-password", "yes")


def algorithms(host: Host, program: str, told: Configuration) -> Seen:
    """The weak algorithms that one of the servers accepts.

    A default is known only since OpenSSH 8.8, the first without any: the program tells its version. An
    older one, or one that does not tell, is `unsupported` where an algorithm's list is left to it.
    """
    kept = [one.settings[name] for one in (told, *told.others) for name in sorted(sshd_tables.ALGORITHMS)]
    defaults = any(one.source == sshd_config.DEFAULT for one in kept)
    if defaults and (sshd_daemon.version(host) or (0, 0)) < _CLEAN_SINCE:
        raise Unseen("unsupported", program, "the default lists of this version are not known")
    names = sorted({name for one in kept for name in one.value.split(",")})
    weak: list[Json] = [name for name in names if any(fnmatchcase(name, one) for one in sshd_tables.WEAK)]
    return Seen(weak, *(one.source for one in kept))


def blocks(told: Configuration) -> list[tuple[dict[str, Json], str]]:
    """A record of each Match block, its condition, what it changes and what of that weakens; and its place.

    A change is told as "keyword value (else value)", when somebody gets it by a line of this very block.
    """
    found = []
    for guard in told.guards:
        block = guard[-1]
        changed: dict[str, bool] = {}
        for one in told.matched:
            for name in sorted(told.settings.keys() & one.settings.keys()) if block in one.blocks else ():
                before, there = told.settings[name], one.settings[name]
                if before.value != there.value and (not there.guard or there.guard[-1] == block):
                    text = f"{name} {there.value} (else {before.value})"
                    changed[text] = changed.get(text, False) or weakens(name, told.settings, one.settings)
        record: dict[str, Json] = {
            "condition": " ".join(one.text for one in guard if not one.is_all),
            "differences": sorted(changed),  # type: ignore[dict-item]
            "weakens": sorted(one for one in changed if changed[one]),  # type: ignore[dict-item]
        }
        found.append((record, block.source))
    return found


def weakest(told: Configuration) -> Mapping[str, Setting]:
    """The settings of the server, and where others run beside it, of each setting the weakest."""
    found = dict(told.settings)
    for other in told.others:
        for name, there in other.settings.items():
            if name not in found or weakens(name, found, other.settings):
                found[name] = replace(there, source=f"{other.source}: {there.source}")
    return found


def weakens(name: str, base: Mapping[str, Setting], there: Mapping[str, Setting]) -> bool:
    """Whether a setting lets somebody do more there than it does in general."""
    before, after = base[name].value, there[name].value
    if before == after:
        return False
    if name in _MORE_WITH_YES:
        return before == "no"
    if name == "permitrootlogin":
        return _ROOT.index(after) > _ROOT.index(before)
    if name == "authenticationmethods":
        return _fewest(there) < _fewest(base)
    if name == "ignorerhosts":
        return before == "yes"
    if name in sshd_tables.NUMBERS | sshd_tables.TIMES:
        return _lasts_longer(name, base, there)
    if name in _MORE_WITH_ANY | _LESS_WITH_ANY:
        return (before == "none") == (name in _MORE_WITH_ANY)
    if name in sshd_tables.ADDING:
        allowed = name.startswith("allow")
        lost = (
            set(after.split()) - set(before.split()) if allowed else set(before.split()) - set(after.split())
        )
        return before != "none" and bool(lost)
    if name == "loglevel":
        return after in _QUIET and before not in _QUIET
    if name in sshd_tables.ALGORITHMS:
        return not set(after.split(",")) <= set(before.split(","))
    return name == "pubkeyauthoptions" and not set(before.split()) - {"none"} <= set(after.split())


def _lasts_longer(name: str, base: Mapping[str, Setting], there: Mapping[str, Setting]) -> bool:
    """Whether more attempts, or more time, are allowed; 0 is without limit for times."""
    if name == "maxauthtries":
        return int(there[name].value) > int(base[name].value)
    before, after = int(base[name].value), int(there[name].value)
    if name != "logingracetime":
        before, after = idle_seconds(base), idle_seconds(there)
    return before != 0 and (after == 0 or after > before)


def idle_seconds(settings: Mapping[str, Setting]) -> int:
    """After how much silence a client is dropped; 0 is never."""
    return int(settings["clientaliveinterval"].value) * int(settings["clientalivecountmax"].value)


def _fewest(settings: Mapping[str, Setting]) -> int:
    """How many methods the shortest way in takes; without any way, more than every list has."""
    return min((len(methods) for methods in sshd_config.alternatives(settings)), default=99)
