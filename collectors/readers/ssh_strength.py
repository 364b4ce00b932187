"""How strong a login over SSH is: the methods that sshd accepts, joined with what PAM proves behind them.

Each list of AuthenticationMethods (or, with "any", each enabled method) is one way in; its methods' factors
add up. So password and keyboard-interactive that both end at pam_unix are one factor, and a second list
that needs one method only is a way past the first. A Match block that asks for less is a bypass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from typing import Final

from collectors.door import Host
from collectors.readers import pam, pam_factors, pam_modules, sshd_config, sshd_daemon
from collectors.readers import sshd_tables as tables
from collectors.readers.applicant import Applicant, Asked
from collectors.readers.pam import Step, Way
from collectors.readers.pam_factors import Strength
from collectors.readers.sshd_config import Setting
from collectors.readers.sshd_daemon import Configuration, Matched
from collectors.readers.sshd_text import Block

RANK: Final = ("none", "optional", "bypassable", "required", "phishing_resistant")
_LISTS_MAX: Final = 32
_DECIDING: Final = frozenset(
    {
        "authenticationmethods",
        "pubkeyauthoptions",
        "pubkeyacceptedalgorithms",
        "pamservicename",
        *tables.ENABLED_BY.values(),
    }
)


def strength(host: Host) -> tuple[Strength, str]:
    """The strength of SSH logins, and where it was read. Raises `Unseen`."""
    told = sshd_daemon.configuration(host)
    if told.error:
        return Strength("none", (), ()), told.source
    base = _of(host, told.settings)
    for server in (told, *told.others):
        if server is not told:
            base = _lowered(base, _of(host, server.settings), server.source)
        for one in server.matched:
            made = _made_by(server, one)
            if made:
                text = ", ".join(f"Match {block.text}" for block in made)
                base = _lowered(base, _of(host, one.settings), text, made[0].source)
    return base, told.source


def _lowered(base: Strength, there: Strength, what: str, source: str = "") -> Strength:
    """The strength of all, when some get in by another."""
    if there.word is None or base.word is None:
        return replace(base, word=None)
    if RANK.index(there.word) >= RANK.index(base.word):
        return base
    word = "bypassable" if RANK.index(base.word) > RANK.index("bypassable") else base.word
    note = f"{what}: {there.word}" + (f" ({source})" if source else "")
    return replace(base, word=word, bypasses=tuple(dict.fromkeys((*base.bypasses, note))))


def _made_by(server: Configuration, one: Matched) -> list[Block]:
    """The blocks that make a difference for these connections."""
    changed = {
        name
        for name, there in one.settings.items()
        if name in _DECIDING and name in server.settings and there.value != server.settings[name].value
    }
    guards = [one.settings[name].guard for name in changed]
    made = [guard[-1] for guard in guards if guard] or (
        sorted(one.blocks, key=lambda block: block.source) if changed else []
    )
    return list(dict.fromkeys(made))


def _of(host: Host, settings: Mapping[str, Setting]) -> Strength:
    lists = sshd_config.alternatives(settings)[:_LISTS_MAX]
    found: set[Way] = set()
    single = []
    for methods in lists:
        through = ways(host, settings, [methods])
        found |= through
        if through and all(len(pam_factors.proven(way).factors) < 2 for way in through):
            single.append(",".join(methods) or "no method")
    judged = pam_factors.judge(found, _stack(host, settings))
    if judged.word in ("none", None):
        return judged
    source = settings["authenticationmethods"].source
    notes = tuple(f"{one}{pam_factors.ALONE} ({source})" for one in single)
    others = tuple(one for one in judged.bypasses if not (notes and one.endswith(pam_factors.ALONE)))
    return replace(judged, bypasses=(*others, *notes))


def ways(
    host: Host,
    settings: Mapping[str, Setting],
    lists: Iterable[Iterable[str]],
    who: Applicant | None = None,
) -> set[Way]:
    """The ways through lists of methods, for anybody or for one user. Raises `Unseen`."""
    asked = Asked(sshd_config.pam_service(settings), who, settings["permitemptypasswords"].value == "yes")
    steps = _stack(host, settings)
    by_pam = pam_factors.ways(host, steps, asked) if steps else set()
    return {way for methods in lists for way in _through(methods, settings, by_pam, asked)}


def _stack(host: Host, settings: Mapping[str, Setting]) -> list[Step]:
    return (
        pam.stack(host, sshd_config.pam_service(settings), "auth")
        if settings["usepam"].value == "yes"
        else []
    )


def _through(
    methods: Iterable[str], settings: Mapping[str, Setting], by_pam: set[Way], asked: Asked
) -> set[Way]:
    """The ways through one list: one way of each method, joined."""
    choices = [_method(method, settings, by_pam, asked) for method in methods]
    return {
        Way(
            frozenset(factor for way in chosen for factor in way.factors),
            frozenset(note for way in chosen for note in way.notes),
        )
        for chosen in product(*choices)
    }


def _method(method: str, settings: Mapping[str, Setting], by_pam: set[Way], asked: Asked) -> set[Way]:
    with_pam = settings["usepam"].value == "yes"
    if method == "keyboard-interactive":
        return by_pam if with_pam else set()
    if method == "password":
        return {way for way in by_pam if _typed_as_one(way)} if with_pam else _by_password(asked)
    if method == "gssapi-with-mic":
        return {_proves("kerberos")}
    if method != "publickey":  # hostbased: another machine's word proves nothing of the user
        return {_proves()}
    algorithms = settings["pubkeyacceptedalgorithms"].value.split(",")
    if not all(one.startswith("sk-") for one in algorithms):
        return {_proves("publickey")}
    verified = "verify-required" in settings["pubkeyauthoptions"].value.split()
    return {_proves("security key", "pin") if verified else _proves("security key")}


def _typed_as_one(way: Way) -> bool:
    """Whether one answer is enough: the method "password" gives every prompt of PAM the same."""
    return not {"password", "otp"} <= way.factors or pam_modules.JOINED in way.factors


def _by_password(asked: Asked) -> set[Way]:
    """What sshd itself takes, without PAM."""
    if asked.who is None or asked.who.password == "set":
        return {_proves("password")}
    return {_proves()} if asked.who.password == "empty" and asked.empty else set()


def _proves(*factors: str) -> Way:
    return Way(frozenset(factors), frozenset())
