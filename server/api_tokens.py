"""People's tokens for the API: shown once, kept as digests, with scopes and an end.

A token never grants more than its person's role does at the time it is used.
"""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import canonical
from config.errors import InputError
from server import tokens
from server.people import EXPORT, READ, may
from server.store.models import ApiToken, Person

PREFIX = "boltseal-api-"
SCOPES = (READ, EXPORT)
LIFETIME_MAX_DAYS = 366
TOKENS_MAX = 50  # of one person, ended ones included


@dataclass(frozen=True)
class Bearer:
    """Whom a token stands for, and what for."""

    person: Person
    scopes: frozenset[str]

    def may(self, right: str) -> bool:
        """Whether both the token and its person's role have a right."""
        return right in self.scopes and may(self.person, right)


def new(
    person: Person, now: datetime, lifetime: timedelta, scopes: Collection[str], note: str
) -> tuple[ApiToken, str]:
    """Make a token; return it and the secret, which is not kept.

    InputError ``scope_unknown``, ``span_too_long`` or ``too_many_tokens``.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InputError(
            "scope_unknown", "A token needs at least one scope.", f"Scopes: {', '.join(SCOPES)}."
        )
    if not timedelta(0) < lifetime <= timedelta(days=LIFETIME_MAX_DAYS):
        raise InputError("span_too_long", f"A token lives at most {LIFETIME_MAX_DAYS} days.")
    if ApiToken.objects.filter(person=person).count() >= TOKENS_MAX:
        raise InputError("too_many_tokens", f"You have {TOKENS_MAX} tokens.", "Delete one that ended.")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken.objects.create(
        token_id=secrets.token_hex(8),
        digest=tokens.digest(secret),
        person=person,
        note=note,
        scopes=json.dumps(sorted(scopes)),
        created_at=canonical.encode_time(now),
        expires_at=canonical.encode_time(now + lifetime),
    )
    return made, secret


def bearer(secret: str, now: datetime) -> Bearer | None:
    """Return whom a secret stands for; None when it is unknown or ended, or its person gone."""
    found = ApiToken.objects.select_related("person").filter(digest=tokens.digest(secret)).first()
    moment = canonical.encode_time(now)
    if found is None or found.revoked_at or found.expires_at <= moment or not found.person.is_active:
        return None
    if found.last_used_at[:10] != moment[:10]:  # a day is fine enough, and spares a write for each request
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=moment)
    return Bearer(found.person, frozenset(json.loads(found.scopes)))


def listed(person: Person) -> list[ApiToken]:
    """Return a person's tokens, the newest first."""
    return list(ApiToken.objects.filter(person=person).order_by("-created_at", "token_id"))


def delete(person: Person, token_id: str) -> None:
    """End a token and forget it; InputError ``not_found`` when the person has no such token."""
    deleted, _ = ApiToken.objects.filter(person=person, token_id=token_id).delete()
    if not deleted:
        raise InputError("not_found", "You have no such token.")
