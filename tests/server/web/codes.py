"""An authenticator app."""

import hmac
import struct
import time
from base64 import b32decode


def code(secret: str, at: float | None = None) -> str:
    """The six digits of an authenticator app (RFC 6238)."""
    counter = int(time.time() if at is None else at) // 30
    padded = secret + "=" * (-len(secret) % 8)
    digest = hmac.digest(b32decode(padded), struct.pack(">Q", counter), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
