"""Checkpoints of the log: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519 signatures of type 0x01.

Follows https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint. A note may carry several signature
lines; those of unknown keys are ignored.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.canonical import decode_base64, encode_base64
from config.errors import InputError
from config.keys import ED25519, PrivateKey, PublicKey, load_public
from config.merkle import HASH_BYTES
from config.settings import INTEGER_MAX, NOTE_MAX_BYTES

_ED25519_TYPE = b"\x01"
# RFC 8410: what stands before the 32 bytes of a key in its SubjectPublicKeyInfo.
_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+(\S+)")
_SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)")


@dataclass(frozen=True)
class Checkpoint:
    """A log's head: its name, its number of leaves and its root."""

    origin: str
    size: int
    root: bytes


def vkey(name: str, key: PublicKey) -> str:
    """The verifier key of a signed note. Raises ValueError for a name or an algorithm that can't be one."""
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name has no spaces and no plus sign")
    return f"{name}+{_key_hash(name, key).hex()}+{encode_base64(_ED25519_TYPE + _raw(key))}"


def sign(checkpoint: Checkpoint, key: PrivateKey) -> bytes:
    """Write the checkpoint as a note, signed under its origin's name."""
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{encode_base64(checkpoint.root)}\n"
    return cosign(text.encode() + b"\n", checkpoint.origin, key)


def cosign(note: bytes, name: str, key: PrivateKey) -> bytes:
    """Add one more signature line over the note's text; the earlier ones stay."""
    text, _ = _parts(note)
    signature = encode_base64(_key_hash(name, key.public) + key.sign(text))
    return note + f"— {name} {signature}\n".encode()


def open_note(note: bytes, vkeys: Sequence[str]) -> tuple[bytes, frozenset[str]]:
    """Verify a signed note: its text, and the names of the known keys that signed it.

    Raises InputError `checkpoint_malformed`, `checkpoint_bad_signature` or `vkey_malformed`.
    """
    known = {(name, key_hash): key for name, key_hash, key in map(_read_vkey, vkeys)}
    text, lines = _parts(note)
    names = set()
    for name, key_hash, signature in _signatures(lines):
        if key := known.get((name, key_hash)):
            # A known key's line that does not verify condemns the whole note.
            if not key.verify(signature, text):
                raise InputError("checkpoint_bad_signature", f"the signature of {name} does not verify")
            names.add(name)
    if not names:
        raise InputError("checkpoint_bad_signature", "no signature by a known key")
    return text, frozenset(names)


def verify(note: bytes, vkeys: Sequence[str]) -> Checkpoint:
    """Verify a checkpoint's note, then read it; the log itself, named by the origin, must have signed.

    Raises as `open_note` does.
    """
    text, names = open_note(note, vkeys)
    origin, size, root, *_ = [*text.decode().split("\n"), "", ""]
    if not _SIZE.fullmatch(size) or int(size) > INTEGER_MAX:
        raise _malformed("the second line is not a tree size")
    try:
        computed = Checkpoint(origin, int(size), decode_base64(root))
    except InputError as error:
        raise _malformed("the third line is not base64") from error
    if len(computed.root) != HASH_BYTES:
        raise _malformed("the root is not a SHA-256")
    if origin not in names:
        raise InputError("checkpoint_bad_signature", "the log named in the first line has not signed")
    return computed


def _parts(note: bytes) -> tuple[bytes, list[str]]:
    """Split a note into its text, final line break included, and its signature lines."""
    if len(note) > NOTE_MAX_BYTES:
        raise _malformed(f"longer than {NOTE_MAX_BYTES} bytes")
    try:
        decoded = note.decode()
    except UnicodeDecodeError as error:
        raise _malformed("not UTF-8") from error
    if any(character < " " and character != "\n" for character in decoded):
        raise _malformed("a control character")
    text, blank, lines = decoded.rpartition("\n\n")
    if not blank or (lines and not lines.endswith("\n")):
        raise _malformed("no blank line before the signatures, or no line break at the end")
    return text.encode() + b"\n", lines.split("\n")[:-1]


def _signatures(lines: Sequence[str]) -> Iterator[tuple[str, bytes, bytes]]:
    for line in lines:
        found = _SIGNATURE.fullmatch(line)
        if not found:
            raise _malformed("a signature line is not of the form '— name base64'")
        try:
            data = decode_base64(found[2])
        except InputError as error:
            raise _malformed("a signature is not base64") from error
        if len(data) < 5:
            raise _malformed("a signature is too short")
        yield found[1], data[:4], data[4:]


def _read_vkey(text: str) -> tuple[str, bytes, PublicKey]:
    found = _VKEY.fullmatch(text)
    if not found:
        raise _bad_vkey("not of the form name+hash+key")
    try:
        data = decode_base64(found[3])
    except InputError as error:
        raise _bad_vkey("the key is not base64") from error
    if data[:1] != _ED25519_TYPE or len(data) != 33:
        raise _bad_vkey("the key is not an Ed25519 key")
    key = load_public(_SPKI_PREFIX + data[1:])
    key_hash = _key_hash(found[1], key)
    if key_hash.hex() != found[2]:
        raise _bad_vkey("the hash is not the key's")
    return found[1], key_hash, key


def _key_hash(name: str, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519_TYPE + _raw(key)).digest()[:4]


def _raw(key: PublicKey) -> bytes:
    if key.algorithm != ED25519:
        raise ValueError("a log signs with Ed25519")
    return key.spki[len(_SPKI_PREFIX) :]


def _malformed(message: str) -> InputError:
    return InputError("checkpoint_malformed", f"not a signed checkpoint: {message}")


def _bad_vkey(message: str) -> InputError:
    return InputError("vkey_malformed", f"not a verifier key: {message}")
