"""DKIM key records (RFC 6376, section 3.6.1; RFC 8301 for lengths; RFC 8463 for Ed25519)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

_ED25519_BYTES: Final = 32
_TAG: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=(.*)", re.DOTALL)
_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03


@dataclass(frozen=True)
class Key:
    """What a selector's name holds. `state`: valid, absent, revoked, not_for_mail, several, malformed."""

    state: str
    algorithm: str | None = None
    bits: int | None = None
    testing: bool | None = None


def read(texts: tuple[str, ...]) -> Key:
    """The key among the TXT records of `<selector>._domainkey.<domain>`."""
    found = [tags for tags in map(_tags, texts) if tags is not None]
    if not found:
        return Key("malformed" if texts else "absent")
    if len(found) > 1:
        return Key("several")  # the results are undefined
    tags = found[0]
    algorithm = tags.get("k", "rsa").lower()
    testing = "y" in [flag.strip().lower() for flag in tags.get("t", "").split(":")]
    if not tags["p"]:
        return Key("revoked", algorithm, None, testing)
    if not {"*", "email"} & {service.strip().lower() for service in tags.get("s", "*").split(":")}:
        return Key("not_for_mail", algorithm, None, testing)
    bits = _bits(algorithm, tags["p"])
    if bits is None:
        return Key("malformed", algorithm, None, testing)
    return Key("valid", algorithm, bits, testing)


def _tags(text: str) -> dict[str, str] | None:
    """The tags of a key record; None where it is none: `v=` is another's or not first, or there is no `p=`."""
    found: dict[str, str] = {}
    for piece in text.split(";"):
        if not piece.strip():
            continue
        tag = _TAG.fullmatch(piece)
        if tag is None or tag[1] in found:
            return None
        found[tag[1]] = re.sub(r"\s", "", tag[2])
    if "p" not in found or ("v" in found and (found["v"] != "DKIM1" or next(iter(found)) != "v")):
        return None
    return found


def _bits(algorithm: str, text: str) -> int | None:
    """The length of the key; None where it is none of its algorithm."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if algorithm == "ed25519":
        return 256 if len(raw) == _ED25519_BYTES else None
    if algorithm != "rsa":
        return None
    try:
        return _rsa_bits(raw)
    except (IndexError, ValueError):
        return None


def _rsa_bits(raw: bytes) -> int:
    """The modulus' length of a SubjectPublicKeyInfo, or of the bare key that the RFC's own text names."""
    body = _inner(raw, _SEQUENCE)[0]
    if body[0] == _SEQUENCE:
        _, rest = _inner(body, _SEQUENCE)
        wrapped = _inner(rest, _BIT_STRING)[0]
        if wrapped[0]:
            raise ValueError("unused bits")
        body = _inner(wrapped[1:], _SEQUENCE)[0]
    modulus, rest = _inner(body, _INTEGER)
    _inner(rest, _INTEGER)
    return int.from_bytes(modulus, "big").bit_length()


def _inner(raw: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the DER element that begins here, and what follows it."""
    if raw[0] != tag:
        raise ValueError("another element")
    size, start = raw[1], 2
    if size & 0x80:
        start = 2 + (size & 0x7F)
        size = int.from_bytes(raw[2:start], "big")
    if not size or start + size > len(raw):
        raise ValueError("cut short")
    return raw[start : start + size], raw[start + size :]
