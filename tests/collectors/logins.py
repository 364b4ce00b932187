"""Real logins in a namespace of their own, with any of a user's secrets: pamtester, ssh, su, sudo, login, passwd.

The child that runs them has an own /etc, /home, /run, /var/log and network. Its users have a password, a
one-time secret or none, and an SSH key; the same root is then looked at by our collectors.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, combinations
from pathlib import Path
from typing import Any, Final

from tests.collectors import peer

SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEH"
PASSWORD: Final = "Right-Horse-1"
WRONG: Final = {"password": "wrong-horse", "otp": "000001"}
PORT: Final = 2022
INSIDE: Final = "BOLTSEAL-INSIDE"
ENROLLED: Final = ("alice", "nina")
USERS: Final = {"alice": (), "nina": ("nomfa",), "carol": ()}
"""Users and their groups. Carol has no one-time secret."""
_PROMPT: Final = re.compile(r"(?i)(?:password|code|passcode)[^\r\n]*: ?$")
_AGAIN: Final = re.compile(r"(?i)login incorrect|try again|\blogin: ?$")
_KEYS: Final = Path("/run/keys")


class Logins(peer.Peer):
    """The child, asked over its pipe."""

    module = "tests.collectors.logins"
    namespaces = ("--mount", "--net")

    def gets_in(self, by: str, user: str, have: Iterable[str], **more: str | int) -> bool:
        """Whether somebody with these secrets (password, otp, key) gets in as a user by a program."""
        inside: bool = self.ask("login", by=by, user=user, have=sorted(have), **more)
        return inside

    def enough(self, by: str, user: str, secrets: Iterable[str], **more: str | int) -> set[str]:
        """The least sets of secrets with which one gets in: each as "otp+password", "nothing" for none."""
        found: list[frozenset[str]] = []
        for have in subsets(secrets):
            if not any(one <= have for one in found) and self.gets_in(by, user, have, **more):
                found.append(have)
        return {"+".join(sorted(one)) or "nothing" for one in found}

    def collect(self, subject: str, live: bool = False) -> dict[str, Any]:
        """The facts (and reasons of what is missing) that a collector tells of this root."""
        facts: dict[str, Any] = self.ask("collect", subject=subject, live=live)
        return facts


def subsets(secrets: Iterable[str]) -> list[frozenset[str]]:
    """Every selection, small ones first."""
    known = sorted(secrets)
    return [frozenset(one) for one in chain(*(combinations(known, size) for size in range(len(known) + 1)))]


# --- the child's side


def _prepare() -> None:
    for path in ("/run", "/home", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "peer", path], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in ("sshd", "keys", "faillock", "sudo", "lock"):
        Path("/run", name).mkdir()
    shell = Path("/etc/inside.sh")
    shell.write_text(f"#!/bin/sh\necho {INSIDE}\n")
    shell.chmod(0o755)
    subprocess.run(["groupadd", "nomfa"], check=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", _KEYS / name], check=True)
    for user, groups in USERS.items():
        more = ["-G", ",".join(groups)] if groups else []
        subprocess.run(["useradd", "-m", "-s", str(shell), *more, user], check=True, stdout=sys.stderr)
        _own(user, ".ssh/authorized_keys", (_KEYS / "user.pub").read_text())
        if user in ENROLLED:
            _own(user, ".google_authenticator", f'{SECRET}\n" TOTP_AUTH\n')
    told = "".join(f"{user}:{PASSWORD}\n" for user in USERS)
    subprocess.run(["chpasswd", "-c", "SHA512", "-s", "1000"], input=told, text=True, check=True)


def _own(user: str, name: str, text: str) -> None:
    path = Path("/home") / user / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(0o400)
    for one in (path, path.parent):
        subprocess.run(["chown", f"{user}:", one], check=True)


def _login(by: str, user: str, have: list[str], service: str = "", prompts: int = 1) -> bool:
    code = subprocess.run(["oathtool", "-b", "--totp", SECRET], check=True, capture_output=True, text=True)
    right = {"password": PASSWORD, "otp": code.stdout.strip()}
    answers = {name: value if name in have else WRONG[name] for name, value in right.items()}
    if by == "pamtester":
        return _pamtester(service, user, have, answers, prompts)
    if by == "ssh":
        return INSIDE in _ssh(user, answers, "key" in have)
    argv, caller = {
        "su": (["su", "-", user], "nina"),
        "login": (["login", user], "root"),
        "sudo": (["sudo", "-K", "/etc/inside.sh"], user),
    }[by]
    return INSIDE in _converse([one for one in argv if one != "-K"], answers, caller)[1]


def _pamtester(service: str, user: str, have: list[str], answers: Mapping[str, str], prompts: int) -> bool:
    """With the truth to every prompt; where a code is asked for more than once, with every mixture of lies too."""
    argv = ["pamtester", service, user, "authenticate"]
    lies = subsets(map(str, range(prompts + 1))) if prompts > 1 and "otp" in have else [frozenset()]
    return any(_converse(argv, answers, lies=[int(one) for one in some])[0] == 0 for some in lies)


def _ssh(user: str, answers: Mapping[str, str], with_key: bool) -> str:
    ask = Path("/run/keys/ask.sh")
    ask.write_text('#!/bin/sh\ncase "$1" in *erification*) echo "$OTP";; *) echo "$SECRET";; esac\n')
    ask.chmod(0o755)
    told = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "NumberOfPasswordPrompts=1"]
    options += ["IdentitiesOnly=yes", f"IdentityFile={_KEYS / 'user' if with_key else '/dev/null'}"]
    argv = ["ssh", "-F", "/dev/null", "-T", "-p", str(PORT), *(f"-o{one}" for one in options)]
    environment = {**os.environ, **told, "SECRET": answers["password"], "OTP": answers["otp"]}
    return subprocess.run(
        [*argv, f"{user}@127.0.0.1"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
    ).stdout


def _converse(
    argv: list[str],
    answers: Mapping[str, str],
    caller: str = "root",
    lies: Iterable[int] = (),
) -> tuple[int, str]:
    """Run a program on a terminal of its own and answer what it asks; its return code and what it said.

    `asked` gets the secret that each prompt wanted; the prompts whose numbers are `lies` get wrong answers.
    """
    child, terminal = pty.fork()
    if child == 0:
        if caller != "root":
            argv = ["setpriv", "--reuid", caller, "--regid", caller, "--init-groups", *argv]
        os.execvp(argv[0], argv)
    asked = 0
    said, since, until = "", "", time.monotonic() + 20
    while time.monotonic() < until and select.select([terminal], [], [], 20)[0]:
        try:
            heard = os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        if not heard:
            break
        said, since = said + heard, since + heard
        if _AGAIN.search(since):
            os.kill(child, signal.SIGKILL)
            break
        if _PROMPT.search(since):
            prompt = since.rsplit("\n", 1)[-1].lower()
            wanted = [name for name, word in (("password", "password"), ("otp", "code")) if word in prompt]
            told = WRONG if asked in lies else answers
            asked += 1
            os.write(terminal, ("".join(told[name] for name in wanted) + "\n").encode())
            since = ""
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def _collect(subject: str, live: bool) -> dict[str, Any]:
    from collectors import discover
    from collectors.doors.local import Local
    from collectors.doors.root import Root

    found = discover()[subject]
    findings = found.collect(Local() if live else Root("/"))
    findings.close(found.facts)
    return {**findings.facts, **findings.missing}


def _ours(service: str, user: str) -> list[str]:
    """Which sets of factors are enough for a user at a service, by our walk."""
    from collectors.doors.root import Root
    from collectors.readers import pam, pam_factors
    from collectors.readers.applicant import Asked, applicants

    host = Root("/")
    who = next(one for one in applicants(host) if one.account.name == user)
    ways = pam_factors.ways(host, pam.stack(host, service, "auth"), Asked(service, who))
    return list(pam_factors.combinations(map(pam_factors.proven, ways)))


def _sshd(config: str) -> bool:
    """Start sshd with a configuration, in place of the one before. False when it refuses."""
    running = Path("/run/sshd.pid")
    if running.exists():
        os.kill(int(running.read_text()), signal.SIGTERM)
        while running.exists():
            time.sleep(0.005)
    keys = f"HostKey {_KEYS}/host\nPidFile {running}\nPort {PORT}\nListenAddress 127.0.0.1\n"
    Path("/etc/ssh/sshd_config").write_text(keys + config)
    done = subprocess.run(["/usr/sbin/sshd", "-E", "/run/sshd.log"], check=False)
    while done.returncode == 0 and not running.exists():
        time.sleep(0.005)
    return done.returncode == 0


ACTS: Mapping[str, Callable[..., Any]] = {
    **peer.ACTS,
    "login": _login,
    "collect": _collect,
    "ours": _ours,
    "sshd": _sshd,
}

if __name__ == "__main__":
    peer.serve(ACTS, _prepare)
