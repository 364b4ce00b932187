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
from collectors.readers import pam, pam_factors, sshd_config, sshd_daemon
from collectors.readers.applicant import Asked
from collectors.readers.pam import Way
from collectors.readers.pam_factors import Strength
from collectors.readers.sshd_config import Setting

RANK: Final = ("none", "optional", "bypassable", "required", "phishing_resistant")
_LISTS_MAX: Final = 32


def strength(host: Host) -> tuple[Strength, str]:
    """The strength of SSH logins, and where it was read. Raises `Unseen`."""
    told = sshd_daemon.configuration(host)
    if told.error:
        return Strength("none", (), ()), told.source
    base = _of(host, told.settings)
    for one in told.matched:
        there = _of(host, one.settings)
        if there.word is None or base.word is None:
            base = replace(base, word=None)
        elif RANK.index(there.word) < RANK.index(base.word):
            word = "bypassable" if RANK.index(base.word) > RANK.index("bypassable") else base.word
            note = f"Match {one.block.text}: {there.word} ({one.block.source})"
            base = replace(base, word=word, bypasses=(*base.bypasses, note))
    return base, told.source


def _of(host: Host, settings: Mapping[str, Setting]) -> Strength:
    service = settings["pamservicename"].value if "pamservicename" in settings else "sshd"
    with_pam = settings["usepam"].value == "yes"
    steps = pam.stack(host, service, "auth") if with_pam else []
    by_pam = pam_factors.ways(host, steps, Asked(service)) if steps else set()
    lists = sshd_config.alternatives(settings)[:_LISTS_MAX]
    ways: set[Way] = set()
    single = []
    for methods in lists:
        found = _ways(methods, settings, by_pam, with_pam)
        ways |= found
        if found and all(len(way.factors) < 2 for way in found):
            single.append(",".join(methods) or "no method")
    judged = pam_factors.judge(ways, steps)
    if judged.word in ("none", None):
        return judged
    source = settings["authenticationmethods"].source
    notes = tuple(f"{one}{pam_factors.ALONE} ({source})" for one in single)
    others = tuple(one for one in judged.bypasses if not (notes and one.endswith(pam_factors.ALONE)))
    return replace(judged, bypasses=(*others, *notes))


def _ways(
    methods: Iterable[str], settings: Mapping[str, Setting], by_pam: set[Way], with_pam: bool
) -> set[Way]:
    """The ways through one list: one way of each method, joined."""
    choices = [_method(method, settings, by_pam, with_pam) for method in methods]
    return {
        Way(
            frozenset(factor for way in chosen for factor in way.factors),
            frozenset(note for way in chosen for note in way.notes),
        )
        for chosen in product(*choices)
    }


def _method(method: str, settings: Mapping[str, Setting], by_pam: set[Way], with_pam: bool) -> set[Way]:
    if method == "keyboard-interactive":
        return by_pam if with_pam else set()
    if method == "password":
        return by_pam if with_pam else {_proves("password")}
    if method == "gssapi-with-mic":
        return {_proves("kerberos")}
    if method != "publickey":  # hostbased: another machine's word proves nothing of the user
        return {_proves()}
    algorithms = settings["pubkeyacceptedalgorithms"].value.split(",")
    if not all(one.startswith("sk-") for one in algorithms):
        return {_proves("publickey")}
    verified = "verify-required" in settings["pubkeyauthoptions"].value.split()
    return {_proves("security key", "pin") if verified else _proves("security key")}


def _proves(*factors: str) -> Way:
    return Way(frozenset(factors), frozenset())
