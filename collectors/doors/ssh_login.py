"""Logging in over SSH: the host key first, against known_hosts or a pin, then every factor that is asked for.

Nothing is sent to a host whose key is not known. A jump host is verified and logged in to in the same way.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from collectors.doors import known_hosts
from collectors.doors.connecting import ConnectError
from collectors.doors.secret_file import SecretError, read_password, read_secret
from collectors.doors.ssh_factors import authenticate

if TYPE_CHECKING:
    import paramiko

CONNECT_SECONDS: Final = 15.0
KNOWN_HOSTS: Final = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
_KNOWN_MAX_BYTES: Final = 16 << 20
_AGENT_KEYS_MAX: Final = 4  # sshd ends the connection after six tries
_ADDRESS: Final = re.compile(
    r"(?P<user>[A-Za-z0-9_][A-Za-z0-9_.@$-]*)@(?:\[(?P<v6>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


class Address(NamedTuple):
    """Where to log in, and as whom."""

    user: str
    host: str
    port: int = 22


class Credentials(NamedTuple):
    """Files that hold what logs in, and what is known of the hosts.

    Without a key file the keys of a running ssh-agent are offered. `host_key` pins the host's own key by its
    fingerprint; a jump host's key always comes from known_hosts. `sudo` reads as root.
    """

    key_file: str | None = None
    passphrase_file: str | None = None
    password_file: str | None = None
    known_hosts: str | None = None
    host_key: str | None = None
    jump: str | None = None
    sudo: bool = False


class _Secrets(NamedTuple):
    keys: Sequence[paramiko.PKey]
    password: str | None
    agent: paramiko.Agent | None = None


def address(text: str) -> Address:
    """`USER@HOST[:PORT]`; an IPv6 address stands in brackets."""
    found = _ADDRESS.fullmatch(text)
    port = int(found["port"] or 22) if found else 0
    if not found or not 0 < port < 65536:
        raise ConnectError("ssh_address_malformed", f"{text!r} is not USER@HOST or USER@HOST:PORT")
    return Address(found["user"], found["v6"] or found["host"], port)


def login(text: str, credentials: Credentials) -> list[paramiko.Transport]:
    """Log in, through the jump host where there is one; the last connection is the host's own."""
    logging.getLogger("paramiko").propagate = False  # it logs errors of its own threads, with tracebacks
    target, jump = address(text), address(credentials.jump) if credentials.jump else None
    pin = _pin(credentials)
    known = _known(credentials)
    secrets = _secrets(credentials)
    made: list[paramiko.Transport] = []
    try:
        if jump:
            made.append(_connected(jump, _dialled(jump), known, None, secrets))
        through = _tunnelled(made[0], target) if jump else _dialled(target)
        made.append(_connected(target, through, known, pin, secrets))
    except BaseException:
        close(made)
        raise
    finally:
        if secrets.agent:
            secrets.agent.close()
    return made


def close(made: Sequence[paramiko.Transport]) -> None:
    """End connections, the innermost first."""
    for one in reversed(made):
        with suppress(Exception):
            one.close()


def _pin(credentials: Credentials) -> str | None:
    pin = credentials.host_key
    if pin is not None and not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", pin):
        hint = "as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows it on that host"
        raise ConnectError("ssh_pin_malformed", "not a fingerprint of the form SHA256:…", hint)
    return pin


def _known(credentials: Credentials) -> str:
    texts = []
    for path in [credentials.known_hosts] if credentials.known_hosts else KNOWN_HOSTS:
        try:
            with open(os.path.expanduser(path), "rb") as opened:
                texts.append(opened.read(_KNOWN_MAX_BYTES).decode("utf-8", "replace"))
        except OSError as error:
            if credentials.known_hosts:
                raise ConnectError("ssh_known_hosts_unreadable", f"{path}: {error.strerror}") from None
    return "\n".join(texts)


def _secrets(credentials: Credentials) -> _Secrets:
    try:
        password = read_password(credentials.password_file) if credentials.password_file else None
        if credentials.key_file:
            phrase = read_password(credentials.passphrase_file) if credentials.passphrase_file else None
            return _Secrets([_key(credentials.key_file, phrase)], password)
    except SecretError as error:
        raise ConnectError("ssh_secret_unusable", str(error)) from None
    agent = _agent()
    return _Secrets(agent.get_keys()[:_AGENT_KEYS_MAX] if agent else (), password, agent)


def _key(path: str, phrase: str | None) -> paramiko.PKey:
    import paramiko

    read_secret(path)  # the same demands as for passwords
    try:
        return paramiko.PKey.from_path(path, phrase.encode() if phrase else None)  # type: ignore[arg-type]
    except (paramiko.SSHException, ValueError, TypeError, OSError):
        hint = "an encrypted key needs --ssh-passphrase-file"
        raise ConnectError(
            "ssh_secret_unusable", f"{path} is not a private key that can be opened", hint
        ) from None


def _agent() -> paramiko.Agent | None:
    import paramiko

    if not os.environ.get("SSH_AUTH_SOCK"):
        return None
    try:
        return paramiko.Agent()
    except (paramiko.SSHException, OSError):
        return None


def _dialled(to: Address) -> socket.socket:
    try:
        return socket.create_connection((to.host, to.port), CONNECT_SECONDS)
    except (OSError, UnicodeError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or "no answer in time"
        raise ConnectError("ssh_unreachable", f"{to.host}, port {to.port}: {words}") from None


def _tunnelled(jump: paramiko.Transport, to: Address) -> paramiko.Channel:
    import paramiko

    try:
        return jump.open_channel(
            "direct-tcpip", (to.host, to.port), ("127.0.0.1", 0), timeout=CONNECT_SECONDS
        )
    except (paramiko.SSHException, OSError, EOFError):
        message = f"the jump host does not reach {to.host}, port {to.port}"
        raise ConnectError("ssh_unreachable", message) from None


def _connected(
    to: Address,
    through: socket.socket | paramiko.Channel,
    known: str,
    pin: str | None,
    secrets: _Secrets,
) -> paramiko.Transport:
    import paramiko

    name = known_hosts.name_of(to.host, to.port)
    ours = known_hosts.known(known, name)
    transport = paramiko.Transport(through)
    transport.banner_timeout = transport.auth_timeout = transport.handshake_timeout = CONNECT_SECONDS
    _prefer(transport, [kind for kind, _ in ours.keys] if pin is None else [])
    try:
        transport.start_client(timeout=CONNECT_SECONDS)
        key = transport.get_remote_server_key()
        _verify(name, key.asbytes(), key.get_name(), ours, pin)
        authenticate(transport, to.user, name, secrets.keys, secrets.password)
    except (paramiko.SSHException, OSError, EOFError) as error:
        transport.close()
        kind = type(error).__name__
        raise ConnectError("ssh_unreachable", f"{name}: no SSH connection came about ({kind})") from None
    except BaseException:
        transport.close()
        raise
    transport.set_keepalive(15)
    return transport


def _prefer(transport: paramiko.Transport, kinds: Sequence[str]) -> None:
    """Ask for a key of a type that is known, as OpenSSH does; else an unknown one would look like a change."""

    def is_known(kind: str) -> bool:
        return kind in kinds or ("ssh-rsa" in kinds and kind.startswith("rsa-sha2-"))

    options = transport.get_security_options()
    options.key_types = sorted(options.key_types, key=lambda kind: not is_known(kind))


def _verify(name: str, key: bytes, kind: str, ours: known_hosts.Known, pin: str | None) -> None:
    shown = f"{kind} {known_hosts.fingerprint(key)}"
    if key in ours.revoked:
        raise ConnectError("ssh_host_key_revoked", f"{name} shows a key that known_hosts revokes: {shown}")
    if pin is not None:
        if not known_hosts.is_pinned(pin, key):
            message = f"{name} does not show the pinned key but {shown}"
            raise ConnectError("ssh_host_key_changed", message, "find out why before you pin another")
    elif not ours.keys:
        hint = "compare it with the host's own, then add it to known_hosts or give it as --ssh-host-key"
        raise ConnectError("ssh_host_key_unknown", f"no key of {name} is known; it shows {shown}", hint)
    elif key not in [one for _, one in ours.keys]:
        message = f"{name} shows a key that is not the known one: {shown}"
        hint = "find out why before you change known_hosts: somebody may stand between"
        raise ConnectError("ssh_host_key_changed", message, hint)
