"""The side of tests/collectors/test_passwd_rules_real.py that runs in the namespace: real users run passwd.

Every attempt begins with the same shadow file: the users' password is `peer.OLD`, and nothing is remembered.
"""

from __future__ import annotations

import os
import pwd
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from itertools import chain, repeat
from pathlib import Path
from pty import fork
from typing import Any, Final

from collectors import discover
from collectors.doors.root import Root
from collectors.readers import pam, quality
from tests.collectors import peer

BAIT: Final = "Once-Upon-A-Horse-99"
"""What both users had before: pam_unix and pam_pwhistory with a memory refuse it."""
USERS: Final = (peer.USER, "boltsealkin")
"""The second one is a member of the group `warehouse`."""
_FILES: Final = (Path("/etc/shadow"), Path("/etc/security/opasswd"))
_DICTIONARY: Final = Path("/var/cache/cracklib")
_PROMPT: Final = re.compile(r"(?i)password: ?$")
_start: dict[Path, bytes] = {}


class Passwd(peer.Peer):
    """The child, asked over its pipe."""

    module = "tests.collectors.passwd_inside"

    def stored(self, *attempts: tuple[str, ...]) -> str:
        """The hash of the first attempt that is stored; "" when none is.

        An attempt is a user and what is typed, each next one when a new password is asked for again.
        """
        found: str = self.ask("stored", attempts=attempts)
        return found

    def again(self, user: str, passwords: list[str]) -> list[bool]:
        """Change to each in turn; then whether each is stored when it is tried again."""
        answers: list[bool] = self.ask("again", user=user, passwords=passwords)
        return answers


def _prepare() -> None:
    subprocess.run(["groupadd", "warehouse"], check=True)
    subprocess.run(
        ["useradd", "-M", "-u", str(peer.UID + 1), "-G", "warehouse", USERS[1]], check=True, stdout=sys.stderr
    )
    before = ""
    for old, scheme in ((BAIT, "MD5"), (peer.OLD, "SHA512")):  # pam_unix remembers by MD5 and knows no other
        told = "".join(f"{user}:{old}\n" for user in USERS)
        subprocess.run(["chpasswd", "-c", scheme], input=told, text=True, check=True)
        before = before or "".join(f"{user}:{pwd.getpwnam(user).pw_uid}:1:{_hash(user)}\n" for user in USERS)
    _FILES[1].write_text(before)
    for path in _FILES:
        _start[path] = path.read_bytes()
    _DICTIONARY.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "peer", _DICTIONARY], check=True)


def _words(words: list[str]) -> None:
    """Make these the words of cracklib's dictionary."""
    text = "".join(f"{word}\n" for word in sorted(words))
    subprocess.run(
        ["cracklib-packer", _DICTIONARY / "cracklib_dict"],
        input=text,
        text=True,
        check=True,
        capture_output=True,
    )


def _restore(files: Mapping[Path, bytes]) -> None:
    for path in _FILES:
        if path in files:
            path.write_bytes(files[path])
        else:
            path.unlink(missing_ok=True)


def _snapshot() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in _FILES if path.exists()}


def _stored(attempts: list[list[str]]) -> str:
    for user, *new in attempts:
        _restore(_start)
        if _passwd(user, peer.OLD, *new):
            return _hash(user)
    return ""


def _again(user: str, passwords: list[str]) -> list[bool]:
    _restore({**_start, _FILES[1]: b""})
    old = peer.OLD
    for new in passwords:
        if not _passwd(user, old, new):
            raise OSError(f"the change to {new} was refused")
        old = new
    before, answers = _snapshot(), []
    for new in passwords:
        answers.append(_passwd(user, old, new))
        _restore(before)
    return answers


def _passwd(user: str, old: str, *new: str) -> bool:
    """Whether passwd, run by the user on a terminal, stores the last of the new passwords."""
    before = _hash(user)
    child, terminal = fork()
    if child == 0:
        who = pwd.getpwnam(user)
        os.initgroups(user, who.pw_gid)
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
        os.execve("/usr/bin/passwd", ["passwd"], {"LC_ALL": "C"})
    typed = chain(new, repeat(new[-1]))
    said, answer, until = "", "", time.monotonic() + 20
    while time.monotonic() < until and select.select([terminal], [], [], 20)[0]:
        try:
            said += os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        if _PROMPT.search(said):
            asked = said.rsplit("\n", 1)[-1].lower()
            answer = old if "current" in asked else next(typed) if asked.startswith("new") else answer
            os.write(terminal, f"{answer}\n".encode())
            said = ""
    os.close(terminal)
    os.waitpid(child, 0)
    return _hash(user) != before and answer == new[-1]


def _hash(user: str) -> str:
    lines = Path("/etc/shadow").read_text().splitlines()
    return next(line.split(":")[1] for line in lines if line.startswith(f"{user}:"))


def _collect() -> dict[str, Any]:
    """What our collector tells of the same files."""
    found = discover()["password"]
    findings = found.collect(Root("/"))
    findings.close(found.facts)
    return {**findings.facts, **findings.missing}


def _credits() -> tuple[list[int], int]:
    """What our reader says of pam_pwquality: the credits of each kind of characters, and the least length."""
    host = Root("/")
    lines = [one for one in pam.stack(host, "passwd", "password") if one.module == "pam_pwquality"]
    found = quality.pwquality(host, lines[0]) if lines else {}
    return [quality.number(found, name, 0, "")[0] for name in quality.CREDITS], quality.pwquality_length(
        found
    )[0]


def _new_account(name: str) -> list[str]:
    """A new account's line of the shadow file."""
    # A number of its own: userdel refuses while anybody's process has it, and other tests take the next free ones.
    subprocess.run(["useradd", "-M", "-u", str(peer.UID + 2), name], check=True, stdout=sys.stderr)
    line = next(one for one in Path("/etc/shadow").read_text().splitlines() if one.startswith(f"{name}:"))
    subprocess.run(["userdel", name], check=True, stdout=sys.stderr)
    return line.split(":")


ACTS: Mapping[str, Callable[..., Any]] = {
    **peer.ACTS,
    "words": _words,
    "stored": _stored,
    "again": _again,
    "collect": _collect,
    "credits": _credits,
    "new_account": _new_account,
}

if __name__ == "__main__":
    peer.serve(ACTS, _prepare)
