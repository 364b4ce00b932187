"""What is demanded of a new password, as it would act when a user runs passwd.

PAM decides: login.defs' PASS_MIN_LEN is not read by it and is not looked at here. The hash scheme is the
last one named on pam_unix's line, else login.defs' first ENCRYPT_METHOD, else traditional DES. Ages are
what a new account gets; those of existing accounts stand with them (`accounts.interactive`).
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen
from collectors.readers import login_defs, pam_password, pam_unix
from collectors.readers.pam import Step
from collectors.readers.passwd import NEVER_DAYS

FACTS = {
    "password.min_length": Fact("int", "the shortest new password that would be stored for a user"),
    "password.min_classes": Fact("int", "how many kinds of characters it must have; 0 when any will do"),
    "password.dictionary_check": Fact("bool", "words of a dictionary are refused"),
    "password.history": Fact("int", "how many old passwords are refused"),
    "password.quality_enforced": Fact("bool", "a quality module runs and nothing is stored that it refused"),
    "password.quality_module": Fact("str", "the quality module that is enforced, or none"),
    "password.new_hash_scheme": Fact("str", "the hash of new passwords: yescrypt, sha512, md5, des …"),
    "password.max_age_days": Fact("int", "days until a new account's password expires; 99999 is never"),
    "password.min_age_days": Fact("int", "days before a new account's password may be changed"),
}


def collect(host: Host) -> Findings:
    """The rules of the `passwd` service's password stack, and login.defs for what PAM does not decide."""
    findings = Findings()
    try:
        rules = pam_password.rules(host)
        scheme = _new_hash(host, rules.stored_by)
    except Unseen as unseen:
        for name in list(FACTS)[:7]:
            findings.unseen(name, unseen)
    else:
        findings.fact("password.min_length", *rules.length)
        findings.fact("password.min_classes", *rules.classes)
        findings.fact("password.dictionary_check", *rules.dictionary)
        findings.fact("password.history", *rules.history)
        findings.fact("password.quality_enforced", *rules.enforced)
        findings.fact("password.quality_module", *rules.module)
        findings.fact("password.new_hash_scheme", scheme.value, *scheme.sources)
    findings.look("password.max_age_days", _days, host, "PASS_MAX_DAYS", NEVER_DAYS)
    findings.look("password.min_age_days", _days, host, "PASS_MIN_DAYS", 0)
    return findings


def _days(host: Host, name: str, unset: int) -> Seen:
    days, source = login_defs.number(login_defs.read(host), name, unset)
    never = days < 0 or (unset == NEVER_DAYS and days >= 9999)
    return Seen(unset if never else days, source)


def _new_hash(host: Host, step: Step | None) -> Seen:
    if step is None:
        raise Unseen("unsupported", "/etc/pam.d/passwd", "no pam_unix in the password stack")
    return pam_unix.scheme(host, step)
