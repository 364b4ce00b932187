"""What runs as root on a host behind SSH when that is asked for: these commands, to the letter, and nothing else.

None of them takes a path or another argument that a caller could choose, and none writes. Files are read
through an SFTP server in its read-only mode, which is one command more.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Command

SUDO: Final = ("sudo", "-n", "--")

SFTP_SERVERS: Final = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
)
"""Where Debian, Red Hat, SUSE and Arch, and macOS keep it."""

READ_ONLY: Final = "-R"

COMMANDS: Final[tuple[tuple[str, ...], ...]] = (
    ("audit", "-c"),
    ("auditctl", "-l"),
    ("auditctl", "-s"),
    ("dmsetup", "table"),
    ("ip6tables-legacy-save",),
    ("ip6tables-save",),
    ("iptables-legacy-save",),
    ("iptables-save",),
    ("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-iUDP", "-F", "pcPn"),
    ("nft", "-j", "list", "ruleset"),
    ("sshd", "-T"),
    ("systemsetup", "-getnetworktimeserver"),
    ("systemsetup", "-getusingnetworktime"),
)
"""Commands of the collectors that answer only root, or tell root more."""

MACOS: Final = frozenset({"audit", "lsof", "systemsetup"})
"""Those that only a Mac is asked."""

_FOLDERS: Final = ("/usr/sbin", "/sbin")


def is_refusal(done: Command) -> bool:
    """Whether it was sudo that spoke, not the command."""
    return done.returncode in (1, 127) and done.stderr.startswith(b"sudo: ")


def rules(user: str, platform: str = "linux") -> str:
    """The rule set of a platform as a file for /etc/sudoers.d."""
    if platform == "macos":
        lines = [f"{SFTP_SERVERS[-1]} {READ_ONLY}"]
        asked = [argv for argv in COMMANDS if argv[0] in {*MACOS, "sshd"}]
        lines += [f"{_FOLDERS[0]}/{' '.join(map(_escaped, argv))}" for argv in asked]
    else:
        lines = [f"{server} {READ_ONLY}" for server in SFTP_SERVERS]
        asked = [argv for argv in COMMANDS if argv[0] not in MACOS]
        lines += [
            " ".join((f"{folder}/{argv[0]}", *(argv[1:] or ('""',)))) for argv in asked for folder in _FOLDERS
        ]
    joined = ", \\\n    ".join(lines)
    return f"Cmnd_Alias BOLTSEAL = \\\n    {joined}\n{user} ALL=(root) NOPASSWD: BOLTSEAL\n"


def _escaped(word: str) -> str:
    """A word as sudoers has it, where a colon ends a part of a rule."""
    return word.replace(":", "\\:")
