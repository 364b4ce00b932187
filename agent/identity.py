"""Who this host is, and to which server: written by enrolment, read by everything that signs or ships."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from agent import durable, private
from agent.state import State, read_json, write_json
from config import canonical
from config.canonical import Json
from config.errors import InputError

if TYPE_CHECKING:  # its cryptography is a third of a scan's imports, and a scan signs nothing
    from config.keys import PrivateKey, PublicKey

KEY_FILE: Final = "key.pem"
_KEY_MAX_BYTES: Final = 16 * 1024


@dataclass(frozen=True)
class Identity:
    """What enrolment settled. `server_spki` and `bundle_spki` are base64; `log_vkey` verifies checkpoints."""

    host_id: str
    hostname: str
    key_id: str
    url: str
    server_spki: str
    bundle_spki: str
    log_name: str
    log_vkey: str
    enrolled_at: str

    @property
    def server_key(self) -> PublicKey:
        """The key that signs the server's statements."""
        from config import keys

        return keys.load_public(canonical.decode_base64(self.server_spki))

    def to_dict(self) -> dict[str, Json]:
        """For the file and for `status --json`."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def read_identity(state: State) -> Identity | None:
    """The identity, None before enrolment. `state_file_damaged` when the file is not one."""
    value = read_json(state, "identity.json")
    if value is None:
        return None
    names = {each.name for each in fields(Identity)}
    if set(value) != names or not all(isinstance(each, str) for each in value.values()):
        raise InputError("state_file_damaged", f"{state.path('identity.json')} is not an identity")
    return Identity(**{name: str(each) for name, each in value.items()})


def enrolled(state: State) -> Identity:
    """The identity. InputError `not_enrolled`."""
    identity = read_identity(state)
    if identity is None:
        raise InputError("not_enrolled", f"{state.folder} is not enrolled", "boltseal enroll STRING")
    return identity


def write_identity(state: State, identity: Identity) -> None:
    """Keep an identity; the last step of enrolment."""
    write_json(state, "identity.json", identity.to_dict())


def load_key(state: State) -> PrivateKey:
    """The host's key.

    InputError `key_missing`, `key_readable_by_others`, `key_malformed` or `key_unsupported`.
    """
    from config import keys

    path = state.path(KEY_FILE)
    kept = durable.read(path, _KEY_MAX_BYTES)
    if kept is None:
        hint = "restore the state folder, or enrol again with a fresh one"
        raise InputError("key_missing", f"{path} is gone", hint)
    if sys.platform == "win32":  # whose modes say nothing
        if exposed := private.others(path):
            raise InputError("key_readable_by_others", f"{path}: {exposed}", private.remedy(state.folder))
        return keys.load_private(private.unseal(kept), 0)
    return keys.load_private(kept, os.stat(path).st_mode)


def make_key(state: State) -> PrivateKey:
    """The host's key, made now when there is none; it is durable before anybody hears of it."""
    from config import keys

    if not state.path(KEY_FILE).exists():
        durable.write(state.path(KEY_FILE), private.seal(keys.generate().to_pem()))
    return load_key(state)


def new_host_id(key: PrivateKey) -> str:
    """The host's id, derived from its key: stable over repeated enrolments, telling nothing of the host."""
    return "h-" + hashlib.sha256(b"boltseal host id\0" + key.public.spki).hexdigest()[:24]


def hostname() -> str:
    """This machine's name, as people know it."""
    return socket.gethostname() or "unnamed"


def serial() -> str | None:
    """The machine's serial number, for tokens that are bound to one; None where it may not be read."""
    if sys.platform == "win32":
        from agent import windows

        return windows.serial()
    try:
        with open("/sys/class/dmi/id/product_serial", encoding="utf-8", errors="replace") as file:
            return "".join(letter for letter in file.read(256).strip() if letter.isprintable()) or None
    except OSError:
        return None


def subject_id(name: str) -> str:
    """A subject's id for a scan without enrolment: the host name, in the letters an id may have."""
    lowered = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return lowered.strip("-")[:100] or "host"
