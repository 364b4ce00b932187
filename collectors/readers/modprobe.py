"""What modprobe would do with a module (modprobe.d(5)), and whether the kernel has it at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import basename
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import overlay
from collectors.readers.once import once

FOLDERS: Final = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)
MODULES: Final = ("/lib/modules", "/usr/lib/modules")
RELEASE: Final = "/proc/sys/kernel/osrelease"
COMMAND_LINE: Final = "/proc/cmdline"
LOCK: Final = "/proc/sys/kernel/modules_disabled"
DOES_NOTHING: Final = (
    "/bin/false",
    "/usr/bin/false",
    "/bin/true",
    "/usr/bin/true",
    "/sbin/nologin",
    "/usr/sbin/nologin",
)


@dataclass(frozen=True)
class Rules:
    """`install` as pattern, command and file in their order, `blacklist` with its file; "-" made "_"."""

    install: list[tuple[str, str, str]]
    blacklist: dict[str, str]

    def command(self, name: str) -> tuple[str, str] | None:
        """What modprobe runs instead of loading this module, and the file that says so."""
        matches = (one for one in self.install if fnmatchcase(canonical(name), one[0]))
        return next(((command, source) for _, command, source in matches), None)


def does_nothing(command: str) -> bool:
    """Whether a command only succeeds or fails. It goes to a shell: `/bin/true && modprobe …` does more."""
    words = command.partition(" #")[0].split()
    return bool(words[:1]) and words[0] in DOES_NOTHING and not re.search(r"[;&|`$<>()]", command)


def rules(host: Host) -> Rules:
    """The rules of all folders; a file hides one of the same name in a later folder."""
    return once(host, _rules)


def parse(text: str, source: str, into: Rules) -> None:
    """Add the lines of one file. An install line's name is a shell pattern, a blacklist line's is none."""
    joined = re.sub(r"\\\n", " ", text)
    for line in joined.splitlines():
        words = line.split()
        if len(words) >= 3 and words[0] == "install":
            into.install.append((_pattern(words[1]), " ".join(words[2:]), source))
        elif len(words) >= 2 and words[0] == "blacklist":
            into.blacklist.setdefault(canonical(words[1]), source)


def _pattern(name: str) -> str:
    """A pattern with "-" made "_", but not inside of brackets."""
    return "".join(
        piece if piece.startswith("[") else canonical(piece) for piece in re.split(r"(\[[^]]*\])", name)
    )


def canonical(name: str) -> str:
    """A module's name as the kernel writes it."""
    return name.replace("-", "_")


def is_loaded(host: Host, name: str) -> bool:
    """Whether the module is in the kernel now, loaded or built in."""
    return host.exists(f"/sys/module/{canonical(name)}")


def is_available(host: Host, name: str) -> bool:
    """Whether the kernel could load the module; on a root, whether any kernel in it could.

    `not_found` where its modules cannot be listed.
    """
    listed = [_modules(host, release) for release in _releases(host)]
    if not any(listed):
        if not host.offline and not host.exists("/proc/modules"):
            return False  # a kernel without loadable modules has only what is in it
        raise Unseen("not_found", f"{MODULES[0]}/*/modules.dep")
    return any(canonical(name) in names for names in listed)


def _releases(host: Host) -> tuple[str, ...]:
    if not host.offline:
        return (host.text(RELEASE).strip(),)
    return next((host.list(folder) for folder in MODULES if host.exists(folder)), ())


def _modules(host: Host, release: str) -> set[str]:
    """The names of a kernel's modules, built-in ones included; empty where they are not listed."""
    for folder in (f"{modules}/{release}" for modules in MODULES):
        if host.exists(f"{folder}/modules.dep"):
            lines = [line.partition(":")[0] for line in host.text(f"{folder}/modules.dep").splitlines()]
            if host.exists(f"{folder}/modules.builtin"):
                lines += host.text(f"{folder}/modules.builtin").splitlines()
            return {canonical(basename(line).partition(".ko")[0]) for line in lines}
    return set()


def forbidden_at_boot(host: Host) -> frozenset[str]:
    """Modules that the kernel's command line forbids (module_blacklist=), whoever asks for them."""
    return _on_command_line(host, "module_blacklist")


def is_locked(host: Host) -> bool:
    """Whether the kernel takes no more modules until the next start (kernel.modules_disabled)."""
    return host.exists(LOCK) and host.text(LOCK).strip() == "1"


def _on_command_line(host: Host, name: str) -> frozenset[str]:
    found = re.findall(rf"(?:^|\s){name}=(\S+)", host.text(COMMAND_LINE))
    return frozenset(canonical(one) for value in found for one in value.split(","))


def _rules(host: Host) -> Rules:
    found = Rules([], {})
    files: dict[str, str] = {}
    for folder in FOLDERS:
        for name in overlay.names(host, folder):
            if name.endswith((".conf", ".alias")):
                files.setdefault(name, f"{folder}/{name}")
    for _, path in sorted(files.items()):
        parse(overlay.text(host, path), path, found)
    if not host.offline:
        for name in _on_command_line(host, r"modprobe\.blacklist"):
            found.blacklist.setdefault(name, COMMAND_LINE)
    return found
