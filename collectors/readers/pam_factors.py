"""How strong a PAM auth stack is: which factors every way to success proves, and what lets somebody past one.

Every module is given the outcomes it may have; `pam.ways` finds every way to success. A stack demands two
factors when each of its ways proves two. A way with fewer is a bypass when something special opens it
(nullok, fail-open, a condition that jumps), and a plain alternative otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import conf, pam
from collectors.readers.pam import Outcome, Step, Way

PASSWORDS: Final = frozenset("unix sss ldap winbind krb5 userdb systemd_home kanidm himmelblau aad".split())
SECONDS: Final = {
    "google_authenticator": "otp",
    "oath": "otp",
    "otpw": "otp",
    "privacyidea": "otp",
    "securid": "otp",
    "yubico": "otp",
    "duo": "duo",
    "radius_auth": "radius",
    "u2f": "u2f",
    "pkcs11": "smartcard",
    "p11": "smartcard",
    "fprintd": "fingerprint",
    "ssh_agent_auth": "agent key",
}
RESISTANT: Final = frozenset({"u2f", "smartcard", "security key"})
_CONDITIONS: Final = frozenset(
    "succeed_if listfile access localuser usertype time exec script rhosts".split()
)
_GATES: Final = frozenset("nologin securetty shells wheel tally tally2 sepermit namespace timestamp".split())
_QUIET: Final = frozenset(
    "env faildelay keyinit mount cap group gnome_keyring kwallet kwallet5 ecryptfs fscrypt issue motd mail"
    " lastlog lastlog2 limits umask loginuid selinux systemd mkhomedir xauth echo warn debug setquota tty_audit"
    " fprintd_dummy".split()
)
ALONE: Final = " alone is enough"
_NOT_ENROLLED: Final = ("nullok", "nouserok")


@dataclass(frozen=True)
class Strength:
    """How strong a stack is.

    `word` is none, optional, bypassable, required or phishing_resistant; None where modules are unknown.
    """

    word: str | None
    factors: tuple[str, ...]
    bypasses: tuple[str, ...]


def strength(host: Host, service: str) -> tuple[Strength, tuple[str, ...]]:
    """The strength of a service's auth stack, and the files that say so. Raises `Unseen`."""
    steps = pam.stack(host, service, "auth")
    passed, _ = pam.ways(steps, lambda step, _: outcomes(host, step))
    files = tuple(dict.fromkeys(step.source.rsplit(":", 1)[0] for step in steps))
    return judge(passed, steps), files


def judge(passed: Iterable[Way], steps: Iterable[Step]) -> Strength:
    """The strength of a set of ways to success; nobody is proven more than on the weakest of them."""
    known = {way for way in passed if not any(factor.endswith("?") for factor in way.factors)}
    found = _judge(known, tuple(steps))
    unsure = set(passed) - known
    if unsure:
        if_proven = _judge(known | {Way(way.factors | {"?"}, way.notes) for way in unsure}, tuple(steps))
        if_nothing = _judge(known | {_certain(way) for way in unsure}, tuple(steps))
        word = if_nothing.word if if_nothing.word == if_proven.word else None
        return Strength(word, _combinations(passed), if_nothing.bypasses)
    return found


def _judge(ways: set[Way], steps: tuple[Step, ...]) -> Strength:
    factors = _combinations(ways)
    weak = {way for way in ways if len(way.factors) < 2}
    strong = ways - weak
    if not weak:
        resistant = bool(strong) and all(way.factors & RESISTANT for way in strong)
        return Strength("phishing_resistant" if resistant else "required", factors, ())
    if not strong:
        return Strength("none", factors, ())
    usual = frozenset(note for way in strong for note in way.notes)
    special = {way: way.notes - usual for way in weak}
    bypasses = sorted({note for notes in special.values() for note in notes})
    if all(special.values()):
        return Strength("bypassable", factors, tuple(bypasses))
    plain = [way for way, notes in special.items() if not notes]
    return Strength("optional", factors, (*bypasses, *_passed_over(plain, steps)))


def _passed_over(plain: list[Way], steps: tuple[Step, ...]) -> list[str]:
    """Why everybody may pass with fewer than two factors: one need not succeed, or is not asked for."""
    missed = [
        f"{step.module} ({step.control}) need not succeed ({step.source})"
        for step in steps
        if step.control.lower() not in ("required", "requisite")
        and (factor := SECONDS.get(step.module.removeprefix("pam_")))
        and any(factor not in way.factors for way in plain)
    ]
    return missed or [f"{one}{ALONE}" for one in _combinations(plain)]


def outcomes(host: Host, step: Step) -> list[Outcome]:
    """What a module of an auth stack may do."""
    name = step.module.removeprefix("pam_")
    failure = [Outcome("auth_err"), Outcome("user_unknown")]
    if name in PASSWORDS:
        return [*_password(step), *failure]
    if name in SECONDS:
        return [*_second(host, step, name), *failure]
    if name == "permit":
        return [Outcome("success")]
    if name in ("deny", "rootok"):  # rootok asks whether the caller is root already: then nothing is won
        return [Outcome("auth_err")]
    if name == "faillock":
        return [Outcome("auth_err"), Outcome("ignore"), Outcome("success")]
    if name == "wheel" and "trust" in step.arguments:
        note = frozenset({f"pam_wheel trust: members of the group need no password ({step.source})"})
        return [Outcome("success", notes=note), Outcome("perm_denied"), Outcome("ignore")]
    if name in _CONDITIONS:
        told = f"{step.module} {' '.join(step.arguments)}".strip()
        return [
            Outcome("success", notes=frozenset({f"condition: {told} ({step.source})"})),
            Outcome("auth_err", notes=frozenset({f"condition not met: {told} ({step.source})"})),
            Outcome("perm_denied", notes=frozenset({f"condition not met: {told} ({step.source})"})),
        ]
    if name in _GATES:
        return [Outcome("success"), Outcome("ignore"), Outcome("auth_err"), Outcome("perm_denied")]
    if name in _QUIET:
        return [Outcome("ignore"), Outcome("success")]
    return [Outcome("success", frozenset({f"{step.module}?"})), Outcome("ignore"), *failure]


def _password(step: Step) -> list[Outcome]:
    if "require_cert_auth" in step.arguments:
        return [Outcome("success", frozenset({"smartcard", "pin"}))]
    found = [Outcome("success", frozenset({"password"}))]
    if "try_cert_auth" in step.arguments:
        found.append(Outcome("success", frozenset({"smartcard", "pin"})))
    return found


def _second(host: Host, step: Step, name: str) -> list[Outcome]:
    factors = {SECONDS[name]}
    if name in ("pkcs11", "p11") or {"pinverification=1", "userverification=1"} & set(step.arguments):
        factors.add("pin")
    found = [Outcome("success", frozenset(factors))]
    for word in _NOT_ENROLLED:
        if word in step.arguments:
            note = frozenset(
                {f"{word}: {step.module} lets users without an enrolled factor past ({step.source})"}
            )
            found += [Outcome("ignore", notes=note), Outcome("success", notes=note)]
    opened = _fail_open(host, step, name)
    if opened:
        note = frozenset({f"fail-open: {opened} ({step.source})"})
        found += [Outcome("ignore", notes=note), Outcome("success", notes=note)]
    return found


def _fail_open(host: Host, step: Step, name: str) -> str:
    """What lets everybody past while the second factor's server cannot be reached; "" when nothing does."""
    if name == "radius_auth" and "localifdown" in step.arguments:
        return "pam_radius_auth localifdown"
    if name != "duo":
        return ""
    path = step.option("conf") or "/etc/duo/pam_duo.conf"
    try:
        mode = conf.read(host, path).get("failmode", ("safe", path))
    except Unseen as unseen:
        return f"pam_duo failmode not seen in {path}: {unseen.reason}"
    return "" if mode[0].lower() == "secure" else f"pam_duo failmode={mode[0]} in {mode[1]}"


def _certain(way: Way) -> Way:
    return Way(frozenset(factor for factor in way.factors if not factor.endswith("?")), way.notes)


def _combinations(ways: Iterable[Way]) -> tuple[str, ...]:
    """The sets of factors that are enough, each as "a+b"; supersets of another are left out."""
    sets = {way.factors for way in ways}
    least = [one for one in sets if not any(other < one for other in sets)]
    return tuple(sorted("+".join(sorted(one)) or "nothing" for one in least))
