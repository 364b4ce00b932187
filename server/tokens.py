"""Enrolment tokens: shown once, kept as digests, with an end, a quota, and tags and serial numbers where given."""

import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import canonical, statement
from config.errors import InputError
from config.settings import TOKEN_MAX_AGE_DAYS
from server import database

STRING_PREFIX = "boltseal1."
_SPAN = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_COLUMNS = "token_id, note, tags, serials, created_at, expires_at, quota, used, revoked_at"


@dataclass(frozen=True)
class Token:
    """A token as it is kept; the secret itself is not."""

    token_id: str
    note: str
    tags: tuple[str, ...]
    serials: tuple[str, ...]
    created_at: str
    expires_at: str
    quota: int
    used: int
    revoked_at: str


def span(text: str) -> timedelta:
    """Read ``90m``, ``24h`` or ``7d``; InputError ``span_malformed`` or ``span_too_long``."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise InputError("span_malformed", f"{text[:40]!r} is not a span of time.", "Write 90m, 24h or 7d.")
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if length > timedelta(days=TOKEN_MAX_AGE_DAYS):
        raise InputError("span_too_long", f"A token lives at most {TOKEN_MAX_AGE_DAYS} days.")
    return length


def new(
    connection: sqlite3.Connection,
    now: datetime,
    lifetime: timedelta,
    quota: int = 1,
    tags: Sequence[str] = (),
    serials: Sequence[str] = (),
    note: str = "",
) -> tuple[Token, str]:
    """Make a token; return it and the secret, which is not kept and cannot be shown again."""
    if quota < 1:
        raise InputError("quota_malformed", "A token is for at least one host.")
    secret = secrets.token_urlsafe(32)
    created_at, expires_at = canonical.encode_time(now), canonical.encode_time(now + lifetime)
    made = Token(
        secrets.token_hex(6), note, tuple(tags), tuple(serials), created_at, expires_at, quota, 0, ""
    )
    sql = f"INSERT INTO token (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
    values = (digest(secret), made.token_id, note, json.dumps(made.tags), json.dumps(made.serials))
    with database.writing(connection):
        connection.execute(sql, (*values, created_at, expires_at, quota, 0, ""))
    return made, secret


def enrolment_string(url: str, ca_fingerprint: str, secret: str) -> str:
    """Return the one string to paste on a host: where to go, whom to trust there, and the token."""
    data = canonical.encode({"ca": ca_fingerprint, "token": secret, "url": url})
    return STRING_PREFIX + base64.urlsafe_b64encode(data).decode().rstrip("=")


def digest(secret: str) -> str:
    """Return what is kept of a token: a random secret of 256 bits needs no slow hash."""
    return statement.digest(secret.encode())


def find(connection: sqlite3.Connection, secret: str) -> Token:
    """Return the token of a secret, whatever its state; InputError ``token_unknown``."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM token WHERE digest=?", (digest(secret),)).fetchone()  # noqa: S608
    if row is None:
        raise InputError(
            "token_unknown", "The enrolment token is not known here.", "Ask for a new enrolment string."
        )
    return _token(row)


def demand_usable(token: Token, serial: str | None, now: datetime) -> None:
    """InputError ``token_revoked``, ``token_expired``, ``token_exhausted`` or ``token_wrong_serial``."""
    hint = "Ask for a new enrolment string."
    if token.revoked_at:
        raise InputError("token_revoked", "The enrolment token was revoked.", hint)
    if token.expires_at <= canonical.encode_time(now):
        raise InputError("token_expired", f"The enrolment token ended at {token.expires_at}.", hint)
    if token.used >= token.quota:
        raise InputError(
            "token_exhausted", f"The enrolment token was for {token.quota} hosts, all enrolled.", hint
        )
    if token.serials and serial not in token.serials:
        raise InputError(
            "token_wrong_serial", "The enrolment token is for other machines' serial numbers.", hint
        )


def state(token: Token, now: datetime) -> str:
    """Return ``usable``, ``revoked``, ``expired`` or ``exhausted``."""
    try:
        demand_usable(token, next(iter(token.serials), None), now)
    except InputError as error:
        return error.code.removeprefix("token_")
    return "usable"


def listed(connection: sqlite3.Connection) -> list[Token]:
    """Return all tokens, the newest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM token ORDER BY created_at DESC, token_id")  # noqa: S608
    return [_token(row) for row in rows]


def revoke(connection: sqlite3.Connection, token_id: str, now: datetime) -> None:
    """End a token; InputError ``token_unknown``. Hosts that it enrolled stay."""
    sql = "UPDATE token SET revoked_at=? WHERE token_id=? AND revoked_at=''"
    with database.writing(connection):
        changed = connection.execute(sql, (canonical.encode_time(now), token_id)).rowcount
    if not changed:
        raise InputError("token_unknown", f"There is no token {token_id} that could be revoked.")


def _token(row: Sequence[str | int]) -> Token:
    token_id, note, tags, serials, created_at, expires_at, quota, used, revoked_at = row
    return Token(
        str(token_id),
        str(note),
        tuple(json.loads(str(tags))),
        tuple(json.loads(str(serials))),
        str(created_at),
        str(expires_at),
        int(quota),
        int(used),
        str(revoked_at),
    )
