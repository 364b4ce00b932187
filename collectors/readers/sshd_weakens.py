"""What weakens an sshd: broken algorithms, and settings that let some connections do more than the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen
from collectors.readers import sshd_config, sshd_tables
from collectors.readers.sshd_config import Setting

_MORE_WITH_YES: Final = frozenset(
    "passwordauthentication permitemptypasswords x11forwarding hostbasedauthentication permituserenvironment"
    " kbdinteractiveauthentication gssapiauthentication".split()
)
_CLEAN_SINCE: Final = (8, 8)
_PROGRAM_MAX_BYTES: Final = 8 * 1024 * 1024
_ROOT: Final = ("no", "forced-commands-only", "without-password", "yes")


def algorithms(host: Host, program: str, settings: Mapping[str, Setting]) -> Seen:
    """The weak algorithms that are accepted.

    A default is known only since OpenSSH 8.8, the first without any: the program tells its version. An
    older one, or one that does not tell, is `unsupported` where an algorithm's list is left to it.
    """
    kept = [settings[name] for name in sorted(sshd_tables.ALGORITHMS)]
    if any(one.source == sshd_config.DEFAULT for one in kept) and _version(host, program) < _CLEAN_SINCE:
        raise Unseen("unsupported", program, "the default lists of this version are not known")
    names = sorted({name for one in kept for name in one.value.split(",")})
    weak = [name for name in names if any(fnmatchcase(name, one) for one in sshd_tables.WEAK)]
    return Seen([*weak], *(one.source for one in kept))


def _version(host: Host, program: str) -> tuple[int, int]:
    told = re.search(rb"OpenSSH_(\d+)\.(\d+)", host.read(program, _PROGRAM_MAX_BYTES))
    return (int(told[1]), int(told[2])) if told else (0, 0)


def differences(base: Mapping[str, Setting], there: Mapping[str, Setting]) -> tuple[list[str], list[str]]:
    """Each setting that differs, as "keyword value (else value)", and those of them that weaken."""
    changed, weaker = [], []
    for name in sorted(base.keys() & there.keys()):
        if base[name].value != there[name].value:
            told = f"{name} {there[name].value} (else {base[name].value})"
            changed.append(told)
            if _weakens(name, base, there):
                weaker.append(told)
    return changed, weaker


def _weakens(name: str, base: Mapping[str, Setting], there: Mapping[str, Setting]) -> bool:
    before, after = base[name].value, there[name].value
    if name in _MORE_WITH_YES:
        return before == "no"
    if name == "permitrootlogin":
        return _ROOT.index(after) > _ROOT.index(before)
    if name == "authenticationmethods":
        return _fewest(there) < _fewest(base)
    if name == "ignorerhosts":
        return before == "yes"
    if name == "maxauthtries":
        return int(after) > int(before)
    return name == "pubkeyauthoptions" and not set(before.split()) - {"none"} <= set(after.split())


def _fewest(settings: Mapping[str, Setting]) -> int:
    return min((len(methods) for methods in sshd_config.alternatives(settings)), default=0)
