"""The side of tests/collectors/logins.py that runs in the namespace: pamtester, ssh, su, sudo, login, sshd."""

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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from collectors import discover
from collectors.doors.local import Local
from collectors.doors.root import Root
from collectors.readers import lock, pam, pam_factors, ssh_user
from collectors.readers.applicant import Asked, applicants
from tests.collectors import peer
from tests.collectors.logins import ENROLLED, USERS, subsets

SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEH"
PASSWORD: Final = "Right-Horse-1"
WRONG: Final = {"password": "wrong-horse", "otp": "000001"}
PORT: Final = 2022
INSIDE: Final = "BOLTSEAL-INSIDE"
_PROMPT: Final = re.compile(r"(?i)(?:password|code|passcode)[^\r\n]*: ?$")
_AGAIN: Final = re.compile(r"(?i)login incorrect|try again|\blogin: ?$")
_KEYS: Final = Path("/run/keys")


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
    told = "".join(f"{user}:{PASSWORD}\n" for user in (*USERS, "root"))
    subprocess.run(["chpasswd", "-c", "SHA512", "-s", "1000"], input=told, text=True, check=True)


def _own(user: str, name: str, text: str) -> None:
    path = Path("/home") / user / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(0o400)
    for one in (path, path.parent):
        subprocess.run(["chown", f"{user}:", one], check=True)


def _login(by: str, user: str, have: list[str], service: str = "", prompts: int = 1) -> bool:
    answers = _answers(have)
    if by == "pamtester":
        return _pamtester(service, user, have, answers, prompts)
    argv, caller = {
        "su": (["su", "-", user], "nina"),
        "login": (["login", user], "root"),
        "sudo": (["sudo", "/etc/inside.sh"], user),
    }[by]
    return INSIDE in _converse(argv, answers, caller)[1]


def _answers(have: Iterable[str]) -> dict[str, str]:
    code = subprocess.run(["oathtool", "-b", "--totp", SECRET], check=True, capture_output=True, text=True)
    right = {"password": PASSWORD, "otp": code.stdout.strip()}
    return {name: value if name in have else WRONG[name] for name, value in right.items()}


def _ssh_all(users: list[str], joined: bool) -> dict[str, list[list[str]]]:
    ask = Path("/run/keys/ask.sh")
    told = "$SECRET$OTP" if joined else "$SECRET"
    ask.write_text(f'#!/bin/sh\ncase "$1" in *erification*) echo "$OTP";; *) echo "{told}";; esac\n')
    ask.chmod(0o755)
    every = [(user, have) for user in users for have in subsets(("password", "otp", "key"))]
    with ThreadPoolExecutor(4) as pool:
        inside = list(pool.map(lambda one: _ssh(*one), every))
    return {
        user: [sorted(have) for (who, have), got in zip(every, inside, strict=True) if got and who == user]
        for user in users
    }


def _pamtester(service: str, user: str, have: list[str], answers: Mapping[str, str], prompts: int) -> bool:
    """With the truth to every prompt; where a code is asked for more than once, with every mixture of lies too."""
    argv = ["pamtester", service, user, "authenticate"]
    lies = subsets(map(str, range(prompts + 1))) if prompts > 1 and "otp" in have else [frozenset()]
    return any(_converse(argv, answers, lies=[int(one) for one in some])[0] == 0 for some in lies)


def _ssh(user: str, have: frozenset[str]) -> bool:
    answers = _answers(have)
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "NumberOfPasswordPrompts=1"]
    options += ["KexAlgorithms=curve25519-sha256", "IdentitiesOnly=yes"]
    options += [f"IdentityFile={_KEYS / 'user' if 'key' in have else '/dev/null'}"]
    argv = ["ssh", "-F", "/dev/null", "-T", "-p", str(PORT), *(f"-o{one}" for one in options)]
    told = {"SSH_ASKPASS": str(_KEYS / "ask.sh"), "SSH_ASKPASS_REQUIRE": "force"}
    environment = {**os.environ, **told, "SECRET": answers["password"], "OTP": answers["otp"]}
    done = subprocess.run(
        [*argv, f"{user}@127.0.0.1"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    return INSIDE in done.stdout


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

    found = discover()[subject]
    findings = found.collect(Local() if live else Root("/"))
    findings.close(found.facts)
    return {**findings.facts, **findings.missing}


def _ours(user: str, service: str = "") -> list[str]:
    """Which sets of factors are enough for a user at a service (or over SSH), by our walk."""
    host = Root("/")
    who = next(one for one in applicants(host) if one.account.name == user)
    if service:
        ways = pam_factors.ways(host, pam.stack(host, service, "auth"), Asked(service, who))
    else:
        ways = ssh_user.ways(host, who)
    found = pam_factors.combinations(map(pam_factors.proven, ways))
    return ["+".join(sorted(one.replace("publickey", "key").split("+"))) for one in found]


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


def _locks(service: str, user: str, wrong: list[int], right: int) -> bool:
    """Whether the right password is refused after wrong ones; numbers are seconds from now."""
    for tally in Path("/run/faillock").iterdir():
        tally.unlink()
    for later in wrong:
        _pamtester_later(service, user, WRONG["password"], later)
    return not _pamtester_later(service, user, PASSWORD, right)


def _pamtester_later(service: str, user: str, password: str, seconds: int) -> bool:
    argv = [
        *(["faketime", "-f", f"+{seconds}s"] if seconds else []),
        "pamtester",
        service,
        user,
        "authenticate",
    ]
    done = subprocess.run(
        [*argv, "acct_mgmt"], check=False, input=f"{password}\n", capture_output=True, text=True
    )
    return done.returncode == 0


def _opens(service: str, user: str) -> bool:
    """Whether a wrong password gets in."""
    for tally in Path("/run/faillock").iterdir():
        tally.unlink()
    return _pamtester_later(service, user, WRONG["password"], 0)


def _lock(service: str) -> dict[str, Any]:
    return asdict(lock.of_service(Root("/"), service))


ACTS: Mapping[str, Callable[..., Any]] = {
    **peer.ACTS,
    "login": _login,
    "ssh": _ssh_all,
    "collect": _collect,
    "ours": _ours,
    "sshd": _sshd,
    "locks": _locks,
    "lock": _lock,
    "opens": _opens,
}

if __name__ == "__main__":
    peer.serve(ACTS, _prepare)
