"""A network device over SSH: an interactive session, in which only the commands of `door_device` are sent.

Host keys and logins are those of the SSH door. The session is opened by the first question; a device that does not
answer as its vendor's do is told as the reason why each fact is missing.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from collectors import door
from collectors.door import Unseen
from collectors.door_device import COMMANDS, ENABLE, SESSION, Device, allowed
from collectors.doors import ssh_login
from collectors.doors.connecting import ConnectError
from collectors.doors.device_shell import Shell
from collectors.doors.secret_file import SecretError, read_password

if TYPE_CHECKING:
    import paramiko

_WIDTH: Final = 511


class Credentials(NamedTuple):
    """What logs in, the file with the secret that `enable` asks for, and whose command line it is."""

    ssh: ssh_login.Credentials
    enable_file: str | None = None
    vendor: str = "ios"


def connect(address: str, credentials: Credentials, budget_seconds: float = door.BUDGET_SECONDS) -> Remote:
    """Log in to `USER@HOST[:PORT]`. Raises `ConnectError`."""
    if credentials.vendor not in COMMANDS:
        raise ConnectError(
            "device_vendor_unknown", f"{credentials.vendor!r} is none of {', '.join(COMMANDS)}"
        )
    try:
        secret = read_password(credentials.enable_file) if credentials.enable_file else None
    except SecretError as error:
        raise ConnectError("device_secret_unusable", str(error)) from None
    return Remote(ssh_login.login(address, credentials.ssh), credentials.vendor, secret, budget_seconds)


class Remote(Device):
    """One device behind SSH. `budget_seconds` bounds the whole scan."""

    platform = "device"

    def __init__(
        self,
        connections: list[paramiko.Transport],
        vendor: str,
        secret: str | None = None,
        budget_seconds: float = door.BUDGET_SECONDS,
    ) -> None:
        self.vendor = vendor
        self.now = datetime.now(UTC)
        self.cache = {}
        self._connections, self._secret = connections, secret
        self._deadline = time.monotonic() + budget_seconds
        self._shell: Shell | None = None
        self._over: Unseen | None = None
        self._told: dict[str, str | Unseen] = {}

    def show(self, command: str) -> str:
        """See `Device.show`; what failed once fails again in the same words."""
        if allowed(self.vendor, command) not in self._told:
            try:
                self._told[command] = self._ask(command)
            except Unseen as unseen:
                self._told[command] = unseen
        told = self._told[command]
        if isinstance(told, Unseen):
            raise Unseen(told.reason, told.source, told.detail)
        return told

    def close(self) -> None:
        """End the session."""
        ssh_login.close(self._connections)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _ask(self, command: str) -> str:
        if self._over:
            raise Unseen(self._over.reason, command, f"after {self._over.source}, which ended the session")
        if self._left() <= 0:
            raise Unseen("budget_spent", command)
        try:
            if self._shell is None:
                self._shell = self._opened()
            return self._shell.ask(command)
        except Unseen as unseen:
            # A refusal is an answer; after anything else the next answer could be another command's.
            if self._shell is None or unseen.reason not in ("unsupported", "permission_denied"):
                self._over = unseen
                self.close()
            raise

    def _opened(self) -> Shell:
        import paramiko

        try:
            channel = self._connections[-1].open_session(timeout=ssh_login.CONNECT_SECONDS)
            channel.get_pty("vt100", _WIDTH, 1000)
            channel.invoke_shell()
        except (paramiko.SSHException, OSError, EOFError):
            raise Unseen("malformed", "session", "the device opens no command line") from None
        shell = Shell(channel, self._left)
        shell.start(SESSION[self.vendor])
        if self._secret is not None:
            secret, self._secret = self._secret, None
            shell.enable(ENABLE[self.vendor], secret)
        return shell
