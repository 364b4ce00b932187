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
    ("auditctl", "-l"),
    ("auditctl", "-s"),
    ("dmsetup", "table"),
    ("ip6tables-legacy-save",),
    ("ip6tables-save",),
    ("iptables-legacy-save",),
    ("iptables-save",),
    ("nft", "-j", "list", "ruleset"),
    ("sshd", "-T"),
)
"""Commands of the collectors that answer only root."""

_FOLDERS: Final = ("/usr/sbin", "/sbin")


def is_refusal(done: Command) -> bool:
    """Whether it was sudo that spoke, not the command."""
    return done.returncode in (1, 127) and done.stderr.startswith(b"sudo: ")


def rules(user: str) -> str:
    """The rule set as a file for /etc/sudoers.d."""
    lines = [f"{server} {READ_ONLY}" for server in SFTP_SERVERS]
    lines += [
        " ".join((f"{folder}/{argv[0]}", *(argv[1:] or ('""',)))) for argv in COMMANDS for folder in _FOLDERS
    ]
    joined = ", \\\n    ".join(lines)
    return f"Cmnd_Alias BOLTSEAL = \\\n    {joined}\n{user} ALL=(root) NOPASSWD: BOLTSEAL\n"
