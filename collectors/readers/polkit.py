"""Whom polkit lets act as root: its administrators, and those whom a rule lets in without asking.

polkit(8): whoever is an administrator may, with a password of their own, run anything as root (pkexec, run0).
Newer releases take that from JavaScript (rules.d, in the order of the files' names), older ones from key files
(localauthority); what either says is told. A rule that no pattern here fits counts for whomever it names.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import overlay

EVERYBODY: Final = "ALL"
DAEMONS: Final = (
    "/usr/lib/polkit-1/polkitd",
    "/usr/libexec/polkitd",
    "/usr/libexec/polkit-1/polkitd",
    "/usr/lib/policykit-1/polkitd",
)
RULES: Final = tuple(
    f"{folder}/polkit-1/rules.d" for folder in ("/etc", "/run", "/usr/local/share", "/usr/share")
)
ADMIN_FILES: Final = "/etc/polkit-1/localauthority.conf.d/*.conf"
GRANT_FILES: Final = ("/etc/polkit-1/localauthority/*/*.pkla", "/var/lib/polkit-1/localauthority/*/*.pkla")
AS_ROOT: Final = (
    "org.freedesktop.policykit.exec",
    "org.freedesktop.systemd1.manage-units",
    "org.freedesktop.systemd1.manage-unit-files",
    "org.libvirt.unix.manage",
)
"""What is as good as a root shell: whoever manages libvirt's machines may hand them the host's disks."""
_TOKEN: Final = re.compile(r"""//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.DOTALL)
_CALL: Final = re.compile(r"polkit\s*\.\s*(addAdminRule|addRule)\s*\(")
_IDENTITY: Final = re.compile(r"""["'](unix-(?:user|group):[^"']+)["']""")
_NAMED: Final = re.compile(
    r"""(!\s*)?subject\.isInGroup\(\s*["']([^"']+)|subject\.user\s*={2,3}\s*["']([^"']+)"""
)
_CHOICE: Final = re.compile(r"\bif\b|\?|&&|\|\||\bswitch\b|\bfor\b")


def administrators(host: Host) -> list[tuple[str, str]]:
    """The administrators, as items of sudoers ("%group"), each with the file that says so.

    Raises `Unseen`: `unsupported` for those that a rule works out.
    """
    if not _runs(host):
        return []
    return [*_administrators(_calls(host)), *_key_file_administrators(host)]


def unasked(host: Host) -> list[tuple[str, str]]:
    """Who may act as root without a password, in the same words; "ALL" is everybody. Raises `Unseen`."""
    if not _runs(host):
        return []
    found = list(_key_file_grants(host))
    for name, body, path in _calls(host):
        if name == "addRule" and "polkit.Result.YES" in body and any(action in body for action in AS_ROOT):
            found += [(who, path) for who in sorted(_named(body))]
    return found


def _runs(host: Host) -> bool:
    return any(host.exists(path) for path in DAEMONS)


def _calls(host: Host) -> Iterator[tuple[str, str, str]]:
    """Every rule of every file in their order: which call, its text without comments, the file."""
    paths = [
        (name, place, f"{folder}/{name}")
        for place, folder in enumerate(RULES)
        for name in overlay.names(host, folder)
        if name.endswith(".rules")
    ]
    for _, _, path in sorted(paths):
        text = _TOKEN.sub(lambda told: told[1] or " ", overlay.text(host, path))
        starts = list(_CALL.finditer(text))
        if text.strip() and (not starts or not _is_whole(text)):
            raise Unseen("malformed", path, "no rule that polkit would take")
        for at, start in enumerate(starts, start=1):
            end = starts[at].start() if at < len(starts) else len(text)
            yield start[1], text[start.end() : end], path


def _is_whole(text: str) -> bool:
    """Whether every bracket outside of strings is closed."""
    code = _TOKEN.sub("", text)
    return all(code.count(pair[0]) == code.count(pair[1]) for pair in ("()", "{}", "[]"))


def _administrators(calls: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """The first rule that answers decides; one with conditions may leave it to the next."""
    for name, body, path in calls:
        if name == "addAdminRule":
            told = _IDENTITY.findall(body)
            if not told:
                raise Unseen("unsupported", path, "administrators that a rule works out")
            yield from ((_item(one), path) for one in told)
            if not _CHOICE.search(body):
                return


def _named(body: str) -> set[str]:
    """Whom a rule asks for; everybody where it asks for nobody by name, or for those who are not in a group."""
    told = _NAMED.findall(body)
    if not told or any(negated for negated, _, _ in told):
        return {EVERYBODY}
    return {f"%{group}" if group else user for _, group, user in told}


def _key_file_administrators(host: Host) -> list[tuple[str, str]]:
    """AdminIdentities of the last file that sets them (pklocalauthority(8))."""
    for path in reversed(glob(host, ADMIN_FILES)):
        for settings in _sections(host, path):
            if value := settings.get("AdminIdentities"):
                return [(_item(one), path) for one in value.split(";") if one.strip()]
    return []


def _key_file_grants(host: Host) -> Iterator[tuple[str, str]]:
    for path in (one for pattern in GRANT_FILES for one in glob(host, pattern)):
        for settings in _sections(host, path):
            answers = {settings.get(f"Result{of}") for of in ("Any", "Inactive", "Active")}
            patterns = [one.strip() for one in settings.get("Action", "").split(";") if one.strip()]
            if "yes" in answers and any(fnmatchcase(action, one) for action in AS_ROOT for one in patterns):
                yield from (
                    (_item(one), path) for one in settings.get("Identity", "").split(";") if one.strip()
                )


def _item(identity: str) -> str:
    """An identity of polkit as an item of sudoers; "unix-user:*" is everybody."""
    kind, _, name = identity.strip().partition(":")
    if name == "*":
        return EVERYBODY
    sign = "%" if kind == "unix-group" else "+" if kind == "unix-netgroup" else ""
    return sign + ("#" if name.isdecimal() else "") + name


def _sections(host: Host, path: str) -> list[configparser.SectionProxy]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(overlay.text(host, path))
    except configparser.Error:
        raise Unseen("malformed", path) from None
    return [parser[name] for name in parser.sections()]
