"""Signing keys: Ed25519, and ECDSA P-256 with SHA-256 and DER signatures for hardware that has only that."""

import hashlib
import stat
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from config.errors import InputError

ED25519 = "ed25519"
ECDSA_P256 = "ecdsa-p256"
ALGORITHMS = (ED25519, ECDSA_P256)

_Public: TypeAlias = Ed25519PublicKey | ec.EllipticCurvePublicKey
_Private: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
_ECDSA = ec.ECDSA(SHA256())


@dataclass(frozen=True)
class PublicKey:
    """A public key, known by its DER SubjectPublicKeyInfo; made by `load_public` or `PrivateKey.public`."""

    spki: bytes
    _key: _Public = field(repr=False, compare=False)

    @property
    def algorithm(self) -> str:
        """`ed25519` or `ecdsa-p256`."""
        return ED25519 if isinstance(self._key, Ed25519PublicKey) else ECDSA_P256

    @cached_property
    def key_id(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, in hex: the key's fingerprint everywhere."""
        return hashlib.sha256(self.spki).hexdigest()

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Tell whether the signature over the data is this key's."""
        try:
            if isinstance(self._key, Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                self._key.verify(signature, data, _ECDSA)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A private key. Its representation never shows the secret."""

    def __init__(self, key: _Private) -> None:
        self._key = key
        self.public = _public(key.public_key())

    def sign(self, data: bytes) -> bytes:
        """Sign the data. Ed25519 signatures are the same each time, ECDSA's are not."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, _ECDSA)

    def to_pem(self) -> bytes:
        """The key as unencrypted PKCS#8 PEM, for a file that only its owner may read."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def generate(algorithm: str = ED25519) -> PrivateKey:
    """Make a new key from the system's randomness."""
    if algorithm == ED25519:
        return PrivateKey(Ed25519PrivateKey.generate())
    if algorithm == ECDSA_P256:
        return PrivateKey(ec.generate_private_key(ec.SECP256R1()))
    raise ValueError(f"{algorithm} is none of {ALGORITHMS}")


def load_private(pem: bytes, mode: int) -> PrivateKey:
    """Read a PKCS#8 file's bytes; `mode` is the file's st_mode.

    Raises InputError `key_readable_by_others`, `key_malformed` or `key_unsupported`.
    """
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"the key file's mode is {stat.S_IMODE(mode):04o}"
        raise InputError("key_readable_by_others", message, "Set it to 0600, and renew the key.")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:  # TypeError: the file is encrypted
        raise InputError("key_malformed", "not an unencrypted PKCS#8 private key") from error
    except UnsupportedAlgorithm as error:
        raise _unsupported() from error
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return PrivateKey(key)
    raise _unsupported()


def load_public(spki: bytes) -> PublicKey:
    """Read a DER SubjectPublicKeyInfo. Raises InputError `key_malformed` or `key_unsupported`."""
    try:
        key = load_der_public_key(spki)
    except ValueError as error:
        raise InputError("key_malformed", "not a DER SubjectPublicKeyInfo") from error
    except UnsupportedAlgorithm as error:
        raise _unsupported() from error
    if not isinstance(key, Ed25519PublicKey) and not (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        raise _unsupported()
    loaded = _public(key)
    # One key, one fingerprint: a second spelling of the same key (a compressed point) is refused.
    if loaded.spki != spki:
        raise InputError("key_malformed", "the SubjectPublicKeyInfo is not in its usual form")
    return loaded


def _public(key: _Public) -> PublicKey:
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), key)


def _unsupported() -> InputError:
    return InputError("key_unsupported", "neither Ed25519 nor ECDSA P-256")
