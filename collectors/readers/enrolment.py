"""Whether a user holds a second factor: by the existence of a secret or a mapping, never by what is in it."""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers.pam import Step
from collectors.readers.passwd import Account

IN_HOME: Final = (
    ".google_authenticator",
    ".config/google-authenticator",
    ".config/Yubico/u2f_keys",
    ".yubico/authorized_yubikeys",
    ".eid/authorized_certificates",
)
CENTRAL: Final = (
    ("/etc/Yubico/u2f_keys", ":"),
    ("/etc/u2f_mappings", ":"),
    ("/etc/u2f_keys", ":"),
    ("/etc/yubikey_mappings", ":"),
    ("/etc/yubico/authorized_yubikeys", ":"),
    ("/etc/users.oath", None),
)
"""Files that name users: parted by ":", or in the second column of a line (users.oath)."""


def central(host: Host) -> set[str]:
    """The users whom a central file maps to a token. A file that may not be read raises `Unseen`."""
    return {name for path, mark in CENTRAL for name in _names(host, path, mark)}


def second_factor(host: Host, account: Account, mapped: set[str]) -> str:
    """Either "enrolled" or "none". Raises `Unseen` when the home folder cannot be looked into."""
    if account.name in mapped:
        return "enrolled"
    home = account.home.rstrip("/")
    return "enrolled" if any(host.exists(f"{home}/{one}") for one in IN_HOME) else "none"


def by_module(host: Host, step: Step, account: Account) -> bool | None:
    """Whether a module of a stack finds a secret or a mapping of a user where its line says.

    None where no file tells: a directory or a server knows, or the home folder cannot be looked into.
    """
    look = _BY_MODULE.get(step.module)
    try:
        return look(host, step, account) if look else None
    except Unseen:
        return None


def _google_authenticator(host: Host, step: Step, account: Account) -> bool:
    return host.exists(_place(step.option("secret") or "~/.google_authenticator", account))


def _oath(host: Host, step: Step, account: Account) -> bool:
    return account.name in _names(host, _place(step.option("usersfile") or "/etc/users.oath", account), None)


def _u2f(host: Host, step: Step, account: Account) -> bool:
    named = step.option("authfile")
    if named is None:
        return account.name in _names(host, f"{account.home.rstrip('/')}/.config/Yubico/u2f_keys", ":")
    path = named.replace("%u", account.name) if "expand" in step.arguments else named
    return account.name in _names(host, _below(path, f"{account.home.rstrip('/')}/.config"), ":")


def _yubico(host: Host, step: Step, account: Account) -> bool | None:
    if any(one.startswith("ldap") for one in step.arguments):
        return None
    if step.option("mode") == "challenge-response":
        folder = step.option("chalresp_path")
        pattern = f"{folder}/{account.name}*" if folder else f"{account.home.rstrip('/')}/.yubico/challenge*"
        return bool(glob(host, pattern))
    own = f"{account.home.rstrip('/')}/.yubico/authorized_yubikeys"
    return account.name in _names(host, step.option("authfile") or own, ":")


_BY_MODULE: Final = {
    "pam_google_authenticator": _google_authenticator,
    "pam_oath": _oath,
    "pam_u2f": _u2f,
    "pam_yubico": _yubico,
}


def _place(pattern: str, account: Account) -> str:
    """A path of pam_google_authenticator or pam_oath: "~/" and ${HOME}, ${USER} stand for the user's."""
    path = pattern.replace("${USER}", account.name).replace("${HOME}", account.home)
    return _below(path.removeprefix("~/"), account.home.rstrip("/"))


def _below(path: str, folder: str) -> str:
    return path if path.startswith("/") else f"{folder}/{path}"


def _names(host: Host, path: str, mark: str | None) -> set[str]:
    """The users whom a file names. A file that may not be read raises `Unseen`."""
    try:
        lines = host.text(path).splitlines()
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return set()
        raise
    words = (line.split(mark) if mark else line.split()[1:] for line in lines if not line.startswith("#"))
    return {one[0] for one in words if one}
