"""Who may do what. Roles are few and fixed; a second factor is demanded of everyone."""

import secrets
from collections.abc import Mapping

from allauth.mfa.models import Authenticator

from config.errors import InputError
from server.store.models import Person

READ, EXPORT, ENROL = "read", "export", "enrol"
RIGHTS: Mapping[str, frozenset[str]] = {
    "administrator": frozenset({READ, EXPORT, ENROL}),
    "operator": frozenset({READ, ENROL}),
    "compliance": frozenset({READ, EXPORT}),
    "auditor": frozenset({READ, EXPORT}),
}
ROLES = tuple(RIGHTS)
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def make_password() -> str:
    """Return a random password of about 120 bits that a person can type."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(6)) for _ in range(4))


def may(person: Person, right: str) -> bool:
    """Whether a person's role has a right; a role that is not known has none."""
    return person.is_active and right in RIGHTS.get(person.role, frozenset())


def has_second_factor(person: Person) -> bool:
    """Whether a person has set up more than a password; recovery codes alone are no factor."""
    return bool(Authenticator.objects.filter(user=person, type__in=SECOND_FACTORS).exists())


def add(name: str, role: str, password: str) -> Person:
    """Make a person; InputError ``person_exists`` or ``role_unknown``."""
    if role not in ROLES:
        raise InputError("role_unknown", f"{role} is not a role.", f"Roles: {', '.join(ROLES)}.")
    if Person.objects.filter(username=name).exists():
        raise InputError("person_exists", f"{name} is already there; nothing was changed.")
    return Person.objects.create_user(username=name, password=password, role=role)


def listed() -> list[tuple[str, str]]:
    """Return everyone's name and role."""
    return list(Person.objects.order_by("username").values_list("username", "role"))


def reset(name: str, password: str) -> None:
    """Give a person a new password and drop the second factors; the next login asks for one again."""
    person = Person.objects.filter(username=name).first()
    if person is None:
        raise InputError("person_unknown", f"There is nobody called {name}.")
    person.set_password(password)
    person.save()
    Authenticator.objects.filter(user=person).delete()


def remove(name: str) -> None:
    """Remove a person, with sessions and tokens."""
    deleted, _ = Person.objects.filter(username=name).delete()
    if not deleted:
        raise InputError("person_unknown", f"There is nobody called {name}.")
