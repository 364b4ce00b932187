"""Every factor that a host asks for, answered from what there is: keys, then the password."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from collectors.doors.connecting import ConnectError

if TYPE_CHECKING:
    import paramiko

_METHODS: Final = ("publickey", "password", "keyboard-interactive")
_HINT: Final = "give --ssh-key or --ssh-password-file, or load the key into ssh-agent"
_CODE_HINT: Final = (
    "a code that changes cannot be given by a scan: let this user in by key, or by key and password, from the"
    " address that scans (sshd: Match User … Address …)"
)


def authenticate(
    transport: paramiko.Transport,
    user: str,
    name: str,
    keys: Sequence[paramiko.PKey],
    password: str | None,
) -> None:
    """Log in: each method once, in the order that the host still wants. The host's key is verified already."""
    import paramiko

    ways: dict[str, Callable[[], list[str] | None]] = {}
    if keys:
        ways["publickey"] = lambda: _by_key(transport, user, keys)
    if password is not None:
        given = password
        ways["password"] = lambda: transport.auth_password(user, given, fallback=False)
        ways["keyboard-interactive"] = lambda: transport.auth_interactive(user, _answers(given))
    wanted = _wanted(transport, user)
    while wanted:
        method = next((each for each in _METHODS if each in wanted and each in ways), None)
        if method is None:
            break
        way = ways.pop(method)
        try:
            left = way()
        except paramiko.BadAuthenticationType as error:
            wanted = error.allowed_types
            continue
        except paramiko.AuthenticationException:
            continue
        if left is not None:
            wanted = left
    if wanted:
        message = f"{user} was not let in to {name}, which asks for: {', '.join(map(_plain, wanted))[:200]}"
        hint = f"{_HINT}; {_CODE_HINT}" if wanted == ["keyboard-interactive"] else _HINT
        raise ConnectError("ssh_login_refused", message, hint)


def _wanted(transport: paramiko.Transport, user: str) -> list[str]:
    import paramiko

    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as error:
        return error.allowed_types
    return []


def _by_key(transport: paramiko.Transport, user: str, keys: Sequence[paramiko.PKey]) -> list[str] | None:
    """What is wanted after the first key that the host takes; None when it takes none."""
    import paramiko

    for key in keys:
        try:
            return transport.auth_publickey(user, key)
        except paramiko.BadAuthenticationType:
            raise
        except paramiko.AuthenticationException:
            continue
    return None


def _answers(password: str) -> Callable[[str, str, Sequence[tuple[str, bool]]], list[str]]:
    """Answers for keyboard-interactive: the password once, to a prompt that does not echo; else nothing."""
    unused = [password]

    def answer(title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        return [unused.pop() if unused and not echo else "" for _, echo in prompts]

    return answer


def _plain(word: str) -> str:
    """A method's name as the host wrote it, without what a terminal would act upon."""
    return "".join(letter for letter in word if letter.isalnum() or letter in "-@.")
