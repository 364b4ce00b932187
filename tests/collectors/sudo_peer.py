"""The real sudo on a private /etc: whom it lets run what, and whether it asks for a password first."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.collectors import peer

USERS = {"alice": 64201, "bob": 64202, "carol": 64203}
GROUPS = {"ops": (64210, ("alice",)), "night": (64211, ("alice", "carol"))}
PRIMARY = {"alice": 64201, "bob": 64210, "carol": 64203}


class SudoPeer(peer.Peer):
    """A peer that can be asked what sudo decides."""

    module = "tests.collectors.sudo_peer"

    def decide(self, files: Mapping[str, str], asked: list[tuple[str, str]]) -> list[tuple[bool, bool]]:
        """Whether each user may run each command as root, and whether without a password."""
        told = self.ask("decide", files=dict(files), asked=asked)
        return [(bool(may), bool(free)) for may, free in told]


def passwd() -> str:
    """The users as lines of /etc/passwd."""
    lines = [f"{name}:x:{uid}:{PRIMARY[name]}::/:/bin/sh\n" for name, uid in USERS.items()]
    return "root:x:0:0::/root:/bin/sh\n" + "".join(lines)


def group() -> str:
    """The groups as lines of /etc/group."""
    return "root:x:0:\n" + "".join(f"{name}:x:{gid}:{','.join(who)}\n" for name, (gid, who) in GROUPS.items())


def _decide(files: dict[str, str], asked: list[tuple[str, str]]) -> list[tuple[bool, bool]]:
    Path("/etc/passwd").write_text(passwd())
    Path("/etc/group").write_text(group())
    Path("/etc/shadow").write_text("".join(f"{name}:*:19000::::::\n" for name in ("root", *USERS)))
    for old in Path("/etc/sudoers.d").iterdir():
        old.unlink()
    for name, text in files.items():
        path = Path("/etc") / name
        path.write_text(text)
        path.chmod(0o440)
    return [(_may(user, command), _free(user, command)) for user, command in asked]


def _may(user: str, command: str) -> bool:
    return _code(["sudo", "-l", "-U", user, "-u", "root", *command.split()], "root") == 0


def _free(user: str, command: str) -> bool:
    return _code(["sudo", "-n", *command.split()], user) == 0


def _code(argv: list[str], user: str) -> int:
    who: dict[str, object] = {}
    if user != "root":
        groups = [gid for gid, members in GROUPS.values() if user in members]
        who = {"user": USERS[user], "group": PRIMARY[user], "extra_groups": groups}
    environment = {"LC_ALL": "C", "PATH": os.environ["PATH"]}
    return subprocess.run(argv, env=environment, capture_output=True, check=False, **who).returncode  # type: ignore[call-overload, no-any-return]


if __name__ == "__main__":
    peer.serve({"decide": _decide})
