"""What `boltseal scan` looks at: the door that opens to the subject which the options name.

A kind of subject takes a row in `_KINDS`, and its options in `target_options`.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from agent import identity, machine, state
from collectors import discover
from collectors.door import Door, Unseen
from collectors.doors.connecting import ConnectError
from config.errors import InputError

if TYPE_CHECKING:
    from collectors.doors.ssh_login import Credentials


class Target(NamedTuple):
    """An open door, and the id of the subject behind it."""

    door: Door
    subject: str


class _Kind(NamedTuple):
    """A kind of subject: the option that names it, its extra and that one's package, and what opens its door."""

    named: str
    extra: str
    needs: str
    open: Callable[[argparse.Namespace, float], Target]


@contextmanager
def opened(arguments: argparse.Namespace, folder: Path, budget_seconds: float) -> Iterator[Target]:
    """The subject that the options name, this host without one; its door is closed at the end."""
    kind = _kind_of(arguments)
    if kind is None:
        yield _here(arguments, folder, budget_seconds)
        return
    if importlib.util.find_spec(kind.needs) is None:
        hint = f"pip install 'boltseal[{kind.extra}]'"
        raise InputError("extra_missing", f"{flag(kind.named)} needs the extra {kind.extra}", hint)
    try:
        target = kind.open(arguments, budget_seconds)
    except ConnectError as error:
        raise InputError(error.code, error.message, error.hint) from None
    except Unseen as unseen:
        raise InputError("target_unseen", f"{unseen.source}: {unseen.reason}", unseen.detail) from None
    try:
        if not discover(target.door.platform):  # no look at all must not pass for a good one
            raise InputError("platform_unsupported", f"no collector looks at {target.door.platform} yet")
        yield target
    finally:
        close = getattr(target.door, "close", None)
        if close:
            close()


def named(arguments: argparse.Namespace) -> str:
    """What the options name, in words."""
    kind = _kind_of(arguments)
    return "this machine" if kind is None else str(getattr(arguments, kind.named))


def _kind_of(arguments: argparse.Namespace) -> _Kind | None:
    """The kind that is asked for; an option of another kind would be without effect, so it is refused."""
    asked = next((kind for kind in _KINDS if getattr(arguments, kind.named) is not None), None)
    for kind in _KINDS:
        given = [
            name
            for name, value in vars(arguments).items()
            if name.startswith(f"{kind.named}_") and value not in (None, False)
        ]
        if given and kind is not asked:
            raise InputError("option_without_target", f"{flag(given[0])} goes with {flag(kind.named)}")
    return asked


def flag(name: str) -> str:
    """An option as it is typed."""
    return "--" + _SPELT.get(name, name.replace("_", "-"))


def _here(arguments: argparse.Namespace, folder: Path, budget_seconds: float) -> Target:
    if arguments.root is None:
        return Target(machine.door(budget_seconds), _own_id(folder))
    from collectors.doors.root import Root

    try:
        door = Root(arguments.root, budget_seconds=budget_seconds)
    except OSError as error:
        raise InputError("root_unusable", f"{arguments.root}: {error.strerror}", "name a folder") from None
    return Target(door, identity.subject_id(Path(arguments.root).resolve().name))


def _own_id(folder: Path) -> str:
    """The enrolled id where there is one to be read, else the name of the machine."""
    try:
        known = identity.read_identity(state.open_state(folder))
    except InputError:
        known = None
    return known.host_id if known is not None else identity.subject_id(identity.hostname())


def _open_ssh(arguments: argparse.Namespace, budget_seconds: float) -> Target:
    from collectors.doors import ssh, ssh_login

    credentials = _credentials(arguments, "ssh")._replace(sudo=arguments.ssh_sudo)
    name = identity.subject_id(ssh_login.address(arguments.ssh).host)
    return Target(ssh.connect(arguments.ssh, credentials, budget_seconds), name)


def _open_device(arguments: argparse.Namespace, budget_seconds: float) -> Target:
    from collectors.doors import device, ssh_login

    credentials = device.Credentials(_credentials(arguments, "device"), arguments.device_enable_file)
    name = identity.subject_id(ssh_login.address(arguments.device).host)
    return Target(device.connect(arguments.device, credentials, budget_seconds), name)


def _credentials(arguments: argparse.Namespace, kind: str) -> Credentials:
    """The options of a login over SSH, which `target_options` gives each kind that has one."""
    from collectors.doors.ssh_login import Credentials

    names = ("key", "passphrase_file", "password_file", "known_hosts", "host_key", "jump")
    return Credentials(*(getattr(arguments, f"{kind}_{name}") for name in names))


def _open_tenant(arguments: argparse.Namespace, budget_seconds: float) -> Target:
    from collectors.doors import tenant

    if arguments.tenant_credentials is None:
        hint = "its settings and where its secrets lie: see docs/sources.md"
        raise InputError("tenant_settings_unusable", "--tenant needs --tenant-credentials FILE", hint)
    door = tenant.connect(arguments.tenant, arguments.tenant_credentials, budget_seconds)
    return Target(door, identity.subject_id(door.name))


def _open_directory(arguments: argparse.Namespace, budget_seconds: float) -> Target:
    from collectors.doors import directory

    door = directory.connect(
        arguments.directory,
        arguments.directory_user,
        arguments.directory_password_file,
        arguments.directory_ca,
        arguments.directory_base,
        budget_seconds,
    )
    return Target(door, identity.subject_id(door.label))


def _open_network(arguments: argparse.Namespace, budget_seconds: float) -> Target:
    """A scan of a network keeps a time of its own: it takes minutes, and is over when its door opens."""
    from collectors.doors import network, network_declaration
    from collectors.readers.network_range import declare

    try:
        beside = (arguments.network_owner, arguments.network_known, arguments.network_allow_public)
        if arguments.network.endswith(".toml"):
            if any(beside):
                raise ValueError(
                    "the declaration says who owns what: no other --network- option goes with it"
                )
            declared = network_declaration.read(arguments.network)
        else:
            known = arguments.network_known and network_declaration.text(arguments.network_known)
            declared = declare(
                arguments.network.split(","),
                arguments.network_owner or "",
                allow_public=arguments.network_allow_public or (),
                known=known,
            )
    except ValueError as error:
        hint = "--network RANGE --network-owner NAME, or a declaration: see docs/sources.md"
        raise InputError("network_unusable", str(error), hint) from None
    return Target(network.connect(declared), identity.subject_id("network-" + declared.ranges[0]))


def _open_mail(arguments: argparse.Namespace, budget_seconds: float) -> Target:
    from collectors.doors import mail

    try:
        door = mail.connect(
            arguments.mail, arguments.mail_selector or (), arguments.mail_resolver, budget_seconds
        )
    except ValueError as error:
        hint = "--mail-domain example.com --dkim-selector s1 --resolver 192.0.2.53"
        raise InputError("mail_domain_unusable", str(error), hint) from None
    return Target(door, identity.subject_id("mail-" + door.domain))


_SPELT: Final = {"mail": "mail-domain", "mail_selector": "dkim-selector", "mail_resolver": "resolver"}
_KINDS: Final = (
    _Kind("ssh", "ssh", "paramiko", _open_ssh),
    _Kind("device", "ssh", "paramiko", _open_device),
    _Kind("tenant", "agent", "requests", _open_tenant),
    _Kind("directory", "directory", "ldap3", _open_directory),
    _Kind("network", "netscan", "nmap", _open_network),
    _Kind("mail", "mail", "dns", _open_mail),
)
