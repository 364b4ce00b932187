"""The home folder: keys, certificates, settings and database of one server, readable by its owner only."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from config import keys
from config.errors import InputError
from config.settings import ServerSettings, server_settings
from server import tls

ED25519_KEYS = ("server", "bundle", "log")
ECDSA_KEYS = ("ca", "tls")


@dataclass(frozen=True)
class Home:
    """Where things are inside a home folder, and the way to read them."""

    folder: Path

    @property
    def database(self) -> Path:
        """Where the SQLite file is."""
        return self.folder / "boltseal.sqlite3"

    @property
    def ca_file(self) -> Path:
        """Where the CA certificate is."""
        return self.folder / "tls" / "ca.pem"

    @property
    def certificate_file(self) -> Path:
        """Where the server certificate is."""
        return self.folder / "tls" / "server.pem"

    @property
    def settings_file(self) -> Path:
        """Where the settings are."""
        return self.folder / "server.toml"

    def key_file(self, name: str) -> Path:
        """Return where a private key is."""
        return self.folder / "keys" / f"{name}.key"

    def key(self, name: str) -> keys.PrivateKey:
        """Return the key ``server``, ``bundle`` or ``log``; InputError when others may read its file."""
        path = self.key_file(name)
        return keys.load_private(path.read_bytes(), path.stat().st_mode)

    def secret(self) -> str:
        """Return Django's secret."""
        return (self.folder / "secret").read_text(encoding="ascii").strip()

    def settings(self) -> ServerSettings:
        """Return the settings; InputError when `server.toml` has an unknown key or a wrong type."""
        return server_settings(self.settings_file.read_bytes())

    def certificate_names(self) -> tuple[str, ...]:
        """Return the host names and addresses that the server answers to."""
        return tls.certificate_names(self.certificate_file.read_bytes())

    def public_names(self) -> frozenset[str]:
        """Return the host name of the public URL, where one is set: that of a proxy in front, perhaps."""
        return frozenset(filter(None, [urlsplit(self.settings().public_url).hostname]))

    def demand(self) -> "Home":
        """Return itself; InputError when the folder is no home."""
        if not self.settings_file.is_file():
            hint = f"Make one with: boltseal-server --home {self.folder} init"
            raise InputError("home_missing", f"{self.folder} is not a server's home folder.", hint)
        return self


def make(folder: Path, names: Sequence[str], settings: str, now: datetime) -> Home:
    """Make a home folder with fresh keys, certificates and the settings text given, all without a database.

    It is made beside its place under another name; `settle` moves it there when it is complete, so that half
    a home is never taken for a whole one. InputError ``home_exists`` when the place is taken.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("home_exists", f"{folder} is already there and not empty; nothing was changed.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    home = Home(Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)))
    for part in ("keys", "tls"):
        (home.folder / part).mkdir(mode=0o700)
    for name in ED25519_KEYS:
        write_private(home.key_file(name), keys.generate("ed25519").to_pem())
    for name in ECDSA_KEYS:
        write_private(home.key_file(name), keys.generate("ecdsa-p256").to_pem())
    write_private(home.folder / "secret", secrets.token_urlsafe(48).encode("ascii"))
    write_private(home.ca_file, tls.make_ca(home.key_file("ca").read_bytes(), now))
    renew_certificate(home, names, now)
    write_private(home.settings_file, settings.encode("utf-8"))
    return home


def settle(made: Home, folder: Path) -> Home:
    """Move a complete home to its place, durably, and return it there."""
    if folder.exists():
        folder.rmdir()  # empty, as `make` has seen; anything put there since is an error, not a loss
    made.folder.rename(folder)
    sync_folder(folder.parent)
    return Home(folder)


def drop(made: Home) -> None:
    """Remove a home that was not completed."""
    shutil.rmtree(made.folder)


def renew_certificate(home: Home, names: Iterable[str], now: datetime) -> bool:
    """Make the server certificate anew if it is absent, ends soon or lacks a name; return whether it did."""
    wanted = tls.own_names(names)
    path = home.certificate_file
    if path.exists() and not tls.needs_renewal(path.read_bytes(), wanted, now):
        return False
    tls_key, ca_key = (home.key_file(name).read_bytes() for name in ("tls", "ca"))
    write_private(path, tls.make_certificate(tls_key, home.ca_file.read_bytes(), ca_key, wanted, now))
    return True


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all, and durably."""
    # A name nobody can have planted, and never through a link: the folder may be one that others write to.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
