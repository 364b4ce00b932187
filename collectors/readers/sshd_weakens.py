"""In which settings one set of connections differs from the rest, and which differences let them do more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from collectors.readers import sshd_config
from collectors.readers.sshd_config import Setting

_MORE_WITH_YES: Final = frozenset(
    "passwordauthentication permitemptypasswords x11forwarding hostbasedauthentication permituserenvironment"
    " kbdinteractiveauthentication gssapiauthentication".split()
)
_ROOT: Final = ("no", "forced-commands-only", "without-password", "yes")


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
