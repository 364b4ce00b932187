"""What each module of a PAM auth stack may do: which factor its success proves, and what lets past it.

Factors that begin with "~" are none: they keep apart what must not be mixed up on one way through a stack (a
condition's answer, whether the password that was typed was right).
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import conf, enrolment, pam_conditions, smart_cards
from collectors.readers.applicant import Asked
from collectors.readers.pam import Outcome, Step

PASSWORDS: Final = frozenset(
    "unix unix2 tcb pwdb sss ldap winbind krb5 userdb systemd_home kanidm himmelblau aad authd vas vas3"
    " centrifydc lsass opendirectory".split()
)
SECONDS: Final = {
    "google_authenticator": "otp",
    "oath": "otp",
    "otpw": "otp",
    "privacyidea": "otp",
    "linotp": "otp",
    "securid": "otp",
    "yubico": "otp",
    "duo": "duo",
    "radius_auth": "radius",
    "u2f": "u2f",
    "pkcs11": "smartcard",
    "p11": "smartcard",
    "smartcard": "smartcard",
    "cockpit_cert": "client certificate",
    "fprintd": "fingerprint",
    "fprint": "fingerprint",
    "tid": "fingerprint",
    "howdy": "face",
    "usb": "usb token",
    "ssh_agent_auth": "agent key",
}
JOINED: Final = "~joined"
"""Password and code are typed as one: sshd's "password" method can carry both."""
_TYPED: Final = {word: f"~typed={word}" for word in ("right", "wrong", "some")}
_FAILURE: Final = (Outcome("auth_err"), Outcome("user_unknown"))
_ALWAYS: Final = {
    **dict.fromkeys("env faildelay echo warn issue fprintd_dummy".split(), ("ignore",)),
    **dict.fromkeys(
        "keyinit mount cap group gnome_keyring kwallet kwallet5 kwallet6 ecryptfs fscrypt motd mail lastlog"
        " lastlog2 limits umask loginuid selinux systemd mkhomedir xauth debug setquota tty_audit ssh_add"
        " reauthorize ntlm launchd reattach".split(),
        ("ignore", "success"),
    ),
    **dict.fromkeys("securetty shells tally tally2".split(), ("success", "auth_err")),
    **dict.fromkeys(("namespace", "gdm"), ("success", "ignore", "auth_err", "perm_denied")),
    "wheel": ("ignore", "perm_denied"),
    "permit": ("success",),
    "deny": ("auth_err",),
    "rootok": ("auth_err",),  # it asks whether the caller is root already: then nothing is won
    "faillock": ("auth_err", "ignore", "success"),
}
_TRY: Final = "~try="
_TRIES_MAX: Final = 3  # pam_unix counts over a whole stack
_NOT_ENROLLED: Final = ("nullok", "nouserok")
_SEPERMIT: Final = "/etc/security/sepermit.conf"
_COCKPIT: Final = "/etc/cockpit/cockpit.conf"


def outcomes(host: Host, step: Step, proven: frozenset[str], asked: Asked) -> list[Outcome]:
    """What a module may do, given what was proven before it, and who asks where."""
    name = step.module.removeprefix("pam_")
    if name in PASSWORDS:
        return _password(step, name, proven, asked)
    if name in SECONDS:
        return _second(host, step, name, asked)
    if name == "exec" and {"expose_authtok", "stdin"} & set(step.arguments):
        return _unknown(step)
    if name in pam_conditions.MODULES:
        return pam_conditions.outcomes(host, step, proven, asked)
    if name in ("sepermit", "selinux_permit"):
        return _sepermit(host, step)
    if name == "nologin":  # where its file is not there, as nearly always
        return [Outcome("success" if "successok" in step.arguments else "ignore")]
    if name == "wheel" and "trust" in step.arguments:
        note = f"pam_wheel trust: members of the group need no password ({step.source})"
        return [_past("success", note), Outcome("perm_denied"), Outcome("ignore")]
    if name == "timestamp":
        return [_past("success", f"pam_timestamp: a recent login is enough ({step.source})"), *_FAILURE]
    return [Outcome(one) for one in _ALWAYS[name]] if name in _ALWAYS else _unknown(step)


def _unknown(step: Step) -> list[Outcome]:
    return [Outcome("success", frozenset({f"{step.module}?"})), Outcome("ignore"), *_FAILURE]


def _past(returned: str, note: str) -> Outcome:
    return Outcome(returned, notes=frozenset({note}))


def _password(step: Step, name: str, proven: frozenset[str], asked: Asked) -> list[Outcome]:
    """A module that asks for a password: pam_unix takes what was typed before it, right or wrong."""
    if name == "unix":
        return _unix(step, proven, asked)
    if "require_cert_auth" in step.arguments:
        return [Outcome("success", frozenset({"smartcard", "pin"})), *_ignored(step), *_FAILURE]
    found = [Outcome("success", frozenset({"password"})), *_ignored(step), *_FAILURE]
    if "try_cert_auth" in step.arguments or "use_pkinit" in step.arguments:
        found.append(Outcome("success", frozenset({"smartcard", "pin"})))
    return found[1:] if "use_pkinit" in step.arguments else found


def _ignored(step: Step) -> list[Outcome]:
    """pam_sss(8): what makes the module step aside instead of refusing."""
    found = []
    if "ignore_unknown_user" in step.arguments:
        found.append(
            _past("ignore", f"ignore_unknown_user: {step.module} lets local users past ({step.source})")
        )
    if "ignore_authinfo_unavail" in step.arguments:
        note = f"ignore_authinfo_unavail: {step.module} lets past while its daemon is away ({step.source})"
        found.append(_past("ignore", note))
    return found


def _unix(step: Step, proven: frozenset[str], asked: Asked) -> list[Outcome]:
    tries = sum(one.startswith(_TRY) for one in proven)
    returned = "auth_err" if tries < _TRIES_MAX - 1 else "maxtries"
    wrong = Outcome(returned, frozenset({_TYPED["wrong"], f"{_TRY}{tries + 1}"}))
    right = Outcome("success", frozenset({"password", _TYPED["right"]}))
    typed = proven & set(_TYPED.values())
    unknown = [] if asked.who else [Outcome("user_unknown", frozenset({_TYPED["wrong"]}))]
    if asked.who and asked.who.password == "empty":
        note = f"nullok: pam_unix takes the empty password ({step.source})"
        return [_past("success", note)] if asked.empty and "nullok" in step.arguments else [wrong]
    if asked.who and asked.who.password != "set":
        return [wrong]
    if "use_first_pass" in step.arguments and not typed:
        return [Outcome("auth_err"), *unknown]
    if _TYPED["wrong"] in typed:
        return [wrong, *unknown]
    return [right] if _TYPED["right"] in typed else [right, wrong, *unknown]


def _second(host: Host, step: Step, name: str, asked: Asked) -> list[Outcome]:
    enrolled = enrolment.by_module(host, step, asked.who.account) if asked.who else None
    factors = {SECONDS[name]}
    if name in ("pkcs11", "p11", "smartcard") or {"pinverification=1", "userverification=1"} & set(
        step.arguments
    ):
        factors.add("pin")
    if name == "google_authenticator" and "forward_pass" in step.arguments:
        factors |= {JOINED, _TYPED["some"]}
    if name == "radius_auth" and {"use_first_pass", "try_first_pass"} & set(step.arguments):
        factors = {"radius?"}  # it is asked about the password that was typed already
    returned = ["auth_err"]
    if name != "google_authenticator":  # which never says that somebody is unknown to it
        returned += ["authinfo_unavail", *(["user_unknown"] if enrolled is not True else [])]
    elif enrolled is False and "nullok" in step.arguments:
        returned = []
    failures = [Outcome(one) for one in returned]
    if name == "cockpit_cert" and not _asks_for_certificates(host):
        return failures
    if name == "smartcard" and _nobody_has_a_card(host):
        return failures
    found = [Outcome("success", frozenset(factors))] if enrolled is not False else []
    passes = ("ignore",) if name == "google_authenticator" else ("ignore", "success")
    for note in _skipped(step) if enrolled is not True else ():
        found += [_past(one, note) for one in passes]
    for note in _opened(host, step, name):
        found += [_past(one, note) for one in ("ignore", "success")]
    return [*found, *failures]


def _skipped(step: Step) -> list[str]:
    return [
        f"{word}: {step.module} lets users without an enrolled factor past ({step.source})"
        for word in _NOT_ENROLLED
        if word in step.arguments
    ]


def _opened(host: Host, step: Step, name: str) -> list[str]:
    """What lets people past a second factor although they have one, in words."""
    found = []
    if name == "yubico" and "alwaysok" in step.arguments:
        found.append(f"alwaysok: pam_yubico lets everybody past ({step.source})")
    grace = step.option("grace_period") or "0"
    if name == "google_authenticator" and grace.strip("0"):
        found.append(
            f"grace_period={grace}: no code is asked for again from the same address ({step.source})"
        )
    if name == "radius_auth" and "localifdown" in step.arguments:
        found.append(f"fail-open: pam_radius_auth localifdown ({step.source})")
    if name == "duo":
        found += [f"{one} ({step.source})" for one in _duo(host, step)]
    return found


def _duo(host: Host, step: Step) -> list[str]:
    """pam_duo.conf(5): past it go all while its server is away, and those whom `groups` does not name."""
    path = step.option("conf") or "/etc/duo/pam_duo.conf"
    try:
        settings = conf.read(host, path)
    except Unseen as unseen:
        return [f"fail-open: pam_duo failmode not seen in {path}: {unseen.reason}"]
    mode, source = settings.get("failmode", ("safe", path))
    found = [] if mode.lower() == "secure" else [f"fail-open: pam_duo failmode={mode} in {source}"]
    groups, source = settings.get("groups", settings.get("group", ("", path)))
    return [*found, *([f"pam_duo asks only groups = {groups} in {source}"] if groups else [])]


def _sepermit(host: Host, step: Step) -> list[Outcome]:
    """pam_sepermit(8): users of its list get in without a password while SELinux enforces; others: ignore."""
    try:
        lines = [line.partition("#")[0].strip() for line in host.text(_SEPERMIT).splitlines()]
    except Unseen as unseen:
        lines = [] if unseen.reason == "not_found" else [f"{_SEPERMIT}: {unseen.reason}"]
    named = [line for line in lines if line]
    note = f"pam_sepermit lets past without a password: {', '.join(named)} ({step.source})"
    return [Outcome("ignore"), *([_past("success", note), Outcome("auth_err")] if named else [])]


def _nobody_has_a_card(host: Host) -> bool:
    """pam_smartcard stands in the files of every Mac; without a card that is paired or mapped it can't succeed."""
    try:
        return not smart_cards.is_in_use(host)
    except Unseen:
        return False


def _asks_for_certificates(host: Host) -> bool:
    """cockpit.conf(5): whether browsers may log in with a certificate."""
    try:
        value, _ = conf.read(host, _COCKPIT).get("ClientCertAuthentication", ("no", ""))
    except Unseen as unseen:
        return unseen.reason != "not_found"
    return value.lower() in ("yes", "true", "1", "on")
