"""The one shape of an error, for reports, the API and the bare pages alike, and which status goes with which code."""

from collections.abc import Mapping
from datetime import datetime

from config import canonical
from config.canonical import Json
from config.errors import InputError

STATUS: Mapping[str, int] = {
    **dict.fromkeys(
        ("unknown_key", "bad_signature", "token_unknown", "token_expired", "token_exhausted"), 401
    ),
    **dict.fromkeys(("token_revoked", "token_wrong_serial"), 401),
    **dict.fromkeys(
        (
            "wrong_observer",
            "wrong_subject",
            "subjects_too_many",
            "host_revoked",
            "host_quarantined",
            "forbidden",
        ),
        403,
    ),
    **dict.fromkeys(("sections_missing", "sequence_gap", "sequence_fork", "host_exists"), 409),
    **dict.fromkeys(("not_found", "host_unknown", "criterion_unknown"), 404),
    "wrong_method": 405,
    "body_timeout": 408,
    "too_large": 413,
    "wrong_host": 421,
    "rate_limited": 429,
    "internal": 500,
    "busy": 503,
    "disk_full": 507,
}
RETRY_AFTER_SECONDS = {"busy": 5, "rate_limited": 60, "disk_full": 300}

# What Django's middleware adds to pages, for the answers that do not pass through it.
SECURITY_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class RefusalError(InputError):
    """A refusal that tells the caller what to send instead: the missing digests, the expected number."""

    def __init__(self, code: str, message: str, hint: str, more: Mapping[str, Json]) -> None:
        super().__init__(code, message, hint)
        self.more = more


def status(error: InputError) -> int:
    """Return the HTTP status of an error: 400 unless the code says otherwise."""
    return STATUS.get(error.code, 400)


def error_body(error: InputError, now: datetime) -> bytes:
    """Return ``{"error": {"code", "message", "hint", …}, "time": …}`` as JSON."""
    told: dict[str, Json] = {**error.to_dict()}
    if isinstance(error, RefusalError):
        told.update(error.more)
    return canonical.encode({"error": told, "time": canonical.encode_time(now)})


def error_headers(error: InputError) -> list[tuple[bytes, bytes]]:
    """Return the headers that go with an error beyond those of every answer."""
    seconds = RETRY_AFTER_SECONDS.get(error.code)
    headers = [(b"retry-after", str(seconds).encode())] if seconds else []
    # Whoever stalls would keep the connection, too.
    return [*headers, (b"connection", b"close")] if error.code == "body_timeout" else headers
