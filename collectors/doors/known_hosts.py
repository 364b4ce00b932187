"""Host keys that are known: OpenSSH's known_hosts files (sshd(8)) and pinned fingerprints."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import NamedTuple


class Known(NamedTuple):
    """What is known of one host: (type, key) pairs, in the files' order, and keys that are revoked."""

    keys: tuple[tuple[str, bytes], ...]
    revoked: frozenset[bytes]


def name_of(host: str, port: int) -> str:
    """The name by which known_hosts knows a host: a port other than 22 belongs to it."""
    return host if port == 22 else f"[{host}]:{port}"


def known(text: str, name: str) -> Known:
    """What a known_hosts file says of a host. Lines that are none, and certificate authorities, say nothing."""
    keys, revoked = [], set()
    for marker, patterns, kind, key in _lines(text):
        if _fits(patterns, name.lower()):
            if marker == "@revoked":
                revoked.add(key)
            elif not marker:
                keys.append((kind, key))
    return Known(tuple(keys), frozenset(revoked))


def fingerprint(key: bytes) -> str:
    """A key's fingerprint as `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def is_pinned(pin: str, key: bytes) -> bool:
    """Whether a key has this fingerprint."""
    return hmac.compare_digest(pin.rstrip("=").encode(), fingerprint(key).encode())


def _lines(text: str) -> Iterator[tuple[str, str, str, bytes]]:
    for line in text.splitlines():
        words = line.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) < 3 or words[0].startswith("#"):
            continue
        try:
            yield marker, words[0], words[1], base64.b64decode(words[2], validate=True)
        except binascii.Error:
            continue


def _fits(patterns: str, name: str) -> bool:
    if patterns.startswith("|1|"):
        return _is_hash_of(patterns, name)
    fits = False
    for pattern in patterns.lower().split(","):
        if re.fullmatch(_expression(pattern.lstrip("!")), name):
            if pattern.startswith("!"):
                return False
            fits = True
    return fits


def _expression(pattern: str) -> str:
    """`*` and `?` are wild; brackets stand around a host with a port."""
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def _is_hash_of(hashed: str, name: str) -> bool:
    try:
        _, _, salt, digest = hashed.split("|")
        made = hmac.new(base64.b64decode(salt, validate=True), name.encode(), "sha1").digest()
        return hmac.compare_digest(made, base64.b64decode(digest, validate=True))
    except ValueError:  # covers binascii.Error
        return False
