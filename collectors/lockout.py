"""Whether wrong passwords lock an account: pam_faillock or the older pam_tally2, as they really run.

The lock holds only where two things are true of a service's auth stack: a wrong password is counted on
every way, and somebody who is locked out finds no way to success. A file of settings without the module in
the stack locks nobody. Of several services that take passwords, the weakest is told: an attacker picks the
door. sshd is one where some connection may log in with a password, and without UsePAM nothing locks there.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings
from collectors.readers import lock, pam, sshd_config, sshd_daemon
from collectors.readers.lock import Lock

FACTS = {
    "lockout.threshold": Fact("int", "wrong passwords until the account is locked; 0 when nothing locks it"),
    "lockout.window_seconds": Fact("int", "within how many seconds they count; 0 is without limit"),
    "lockout.unlock_seconds": Fact("int", "after how many seconds the lock ends; 0 is by an administrator"),
    "lockout.includes_superuser": Fact("bool", "root is locked as well"),
}
SERVICES = ("login", "gdm-password", "lightdm", "sddm", "kde", "xrdp-sesman", "cockpit")


def collect(host: Host) -> Findings:
    """The weakest lock of the services that take a password at a login."""
    findings = Findings()
    try:
        named = [service for service in SERVICES if pam.path_of(host, service)]
        locks = [*(lock.of_service(host, service) for service in named), *_ssh(host)]
        if not locks:
            raise Unseen("not_found", "/etc/pam.d: " + ", ".join(("sshd", *SERVICES)))
    except Unseen as unseen:
        for name in FACTS:
            findings.unseen(name, unseen)
        return findings
    without = [one for one in locks if one.threshold == 0]
    weakest = without[0] if without else max(locks, key=lambda one: one.threshold)
    findings.fact("lockout.threshold", weakest.threshold, *weakest.sources)
    if weakest.threshold == 0:
        for name in ("lockout.window_seconds", "lockout.unlock_seconds"):
            findings.unseen(name, "not_found", *weakest.sources)
        findings.fact("lockout.includes_superuser", False, *weakest.sources)
        return findings
    findings.fact("lockout.window_seconds", weakest.window_seconds, *weakest.sources)
    findings.fact("lockout.unlock_seconds", weakest.unlock_seconds, *weakest.sources)
    findings.fact("lockout.includes_superuser", weakest.includes_superuser, *weakest.sources)
    return findings


def _ssh(host: Host) -> Iterator[Lock]:
    """The lock of each sshd, and of each kind of connection to it, that takes a password. Raises `Unseen`."""
    if sshd_daemon.program(host) is None:
        return
    first = sshd_daemon.configuration(host)
    if first.error:  # what it refuses now it may run on from before
        raise Unseen("malformed", first.source, first.error)
    for server in (first, *first.others):
        for settings in (server.settings, *(one.settings for one in server.matched)):
            methods = {method for one in sshd_config.alternatives(settings) for method in one}
            if settings["usepam"].value == "yes":
                if methods & {"password", "keyboard-interactive"}:
                    yield lock.of_service(host, sshd_config.pam_service(settings))
            elif "password" in methods:
                yield Lock(0, 0, 0, False, (settings["usepam"].source,))
