"""DSSE v1 envelopes: the wrapping of every signed statement.

Follows https://github.com/secure-systems-lab/dsse, protocol.md and envelope.md, version 1.0.2. The payload
stays opaque bytes here: an envelope proves nothing, what `verify` returns does.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from config import canonical
from config.canonical import encode_base64
from config.errors import InputError
from config.keys import PrivateKey, PublicKey
from config.settings import ENVELOPE_MAX_BYTES, SIGNATURES_MAX

PAYLOAD_TYPE = "application/vnd.in-toto+json"

_FROM_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class Signature:
    """One signature; `keyid` is an unauthenticated hint."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A decoded envelope. Nothing in it has been verified."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class VerifiedPayload:
    """A payload whose bytes carry a signature by `key`."""

    payload: bytes
    key: PublicKey

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the payload in hex; statements are known by it, as envelopes have many spellings."""
        return hashlib.sha256(self.payload).hexdigest()


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, *keys: PrivateKey, payload_type: str = PAYLOAD_TYPE) -> Envelope:
    """Sign the payload with each key."""
    signed = pae(payload_type, payload)
    signatures = (Signature(key.public.key_id, key.sign(signed)) for key in keys)
    return Envelope(payload, payload_type, tuple(signatures))


def encode(envelope: Envelope) -> bytes:
    """Write the envelope as canonical JSON, in standard base64."""
    signatures = [{"keyid": each.keyid, "sig": encode_base64(each.sig)} for each in envelope.signatures]
    payload = encode_base64(envelope.payload)
    return canonical.encode(
        {"payload": payload, "payloadType": envelope.payload_type, "signatures": signatures}
    )


def decode(data: bytes, limit: int = ENVELOPE_MAX_BYTES) -> Envelope:
    """Read an envelope; fields it does not know are ignored, as DSSE demands.

    Raises InputError `envelope_malformed`, `bad_base64`, or what `canonical.decode` raises.
    """
    match canonical.decode(data, limit):
        case {"payload": str(payload), "payloadType": str(kind), "signatures": [_, *_] as signatures}:
            if len(signatures) > SIGNATURES_MAX:
                raise InputError("envelope_malformed", f"more than {SIGNATURES_MAX} signatures")
            return Envelope(_base64(payload), kind, tuple(map(_signature, signatures)))
    raise InputError("envelope_malformed", "not an object with payload, payloadType and signatures")


def signers(envelope: Envelope, keys: Iterable[PublicKey]) -> Iterator[PublicKey]:
    """Yield each key by which the envelope is signed, once; the key id only says which to try first."""
    signed = pae(envelope.payload_type, envelope.payload)
    hints = {each.keyid for each in envelope.signatures}
    for key in sorted(set(keys), key=lambda key: (key.key_id not in hints, key.key_id)):
        if any(key.verify(each.sig, signed) for each in envelope.signatures):
            yield key


def verify(envelope: Envelope, keys: Iterable[PublicKey]) -> VerifiedPayload:
    """Verify the bytes, then the payload type: by one of the keys, whatever the key id says.

    Raises InputError `bad_signature` or `wrong_payload_type`.
    """
    key = next(signers(envelope, keys), None)
    if key is None:
        raise InputError("bad_signature", "no signature by a trusted key verifies")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise InputError("wrong_payload_type", f"{envelope.payload_type[:80]!r} is not {PAYLOAD_TYPE}")
    return VerifiedPayload(envelope.payload, key)


def _signature(value: canonical.Json) -> Signature:
    match value:
        case {"keyid": str(keyid), "sig": str(sig)}:
            return Signature(keyid, _base64(sig))
        case {"sig": str(sig), **rest} if "keyid" not in rest:
            return Signature("", _base64(sig))
    raise InputError("envelope_malformed", "a signature is not an object with sig and keyid")


def _base64(text: str) -> bytes:
    """Decode either alphabet of RFC 4648; DSSE leaves the choice to the signer."""
    return canonical.decode_base64(text.translate(_FROM_URL_SAFE))
