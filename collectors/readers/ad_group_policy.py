"""What group policies set for domain controllers: each policy's files, and the value that holds in the end.

A value that no policy sets is the controller's own, which is not seen from here: `not_found`, never a default. Where a
policy is undecided, its value and those behind it are all possible; more than one is `unsupported`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, cast

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry
from collectors.readers import ad_filters, ad_links, audit_csv, policy_text, registry_pol
from collectors.readers.ad_links import Link
from collectors.readers.ad_objects import Account

_SECURITY: Final = "{827d319e-6eac-11d2-a4ea-00c04f79f83a}"
_AUDIT: Final = "{f3ccc681-b74c-4060-9f26-cd84525dca2a}"
_REGISTRY: Final = "{35378eac-683f-11d2-a89a-00c04fbbcfa2}"
_EXTENSION: Final = re.compile(r"\[(\{[0-9a-f-]{36}\})(?:\{[0-9a-f-]{36}\})*\]")
_FOLDER: Final = re.compile(r"\\\\[^\\]+\\sysvol\\([^\\]+)\\policies\\(\{[0-9a-f-]{36}\})", re.IGNORECASE)
_ORDERS_ABOUT_KEYS: Final = ("**delvals", "**deletevalues", "**deletekeys")
REGISTRY: Final = {
    "ldap_signing": r"system\currentcontrolset\services\ntds\parameters\ldapserverintegrity",
    "ldap_channel_binding": r"system\currentcontrolset\services\ntds\parameters\ldapenforcechannelbinding",
    "smb_signing": r"system\currentcontrolset\services\lanmanserver\parameters\requiresecuritysignature",
    "lm_compatibility": r"system\currentcontrolset\control\lsa\lmcompatibilitylevel",
    "no_lm_hash": r"system\currentcontrolset\control\lsa\nolmhash",
    "force_advanced": r"system\currentcontrolset\control\lsa\scenoapplylegacyauditpolicy",
}
"""The registry values that are looked at, by our word for them."""


class Settings(NamedTuple):
    """What one policy sets. A registry value of None is set to something that is no number, or in two ways."""

    registry: Mapping[str, int | None]
    basic: Mapping[str, int]
    advanced: Mapping[str, int]
    names_users: bool


class Step(NamedTuple):
    """One link with what became of it, strongest claim first; `settings` is None where the policy is not taken."""

    link: Link
    name: str
    word: str
    why: str
    settings: Settings | Unseen | None


NOTHING: Final = Settings({}, {}, {}, False)


def steps(door: Directory, controller: Account) -> tuple[Step, ...]:
    """Every link for one controller and what it brings."""
    key = f"ad.steps {controller.dn}"
    if key not in door.cache:
        token = ad_filters.token(door, controller)
        door.cache[key] = tuple(_step(door, link, token) for link in ad_links.linked(door, controller))
    return cast("tuple[Step, ...]", door.cache[key])


def _step(door: Directory, link: Link, token: object) -> Step:
    taken = ad_filters.taken(door, link.policy, cast("frozenset[str]", token))
    if taken.entry is None:
        reason = "permission_denied" if taken.why == ad_filters.HIDDEN else "unsupported"
        return Step(link, link.policy, taken.word, taken.why, Unseen(reason, link.policy, taken.why))
    settings = None if taken.word == "not taken" else _settings(door, taken.entry)
    why = taken.why or (str(settings) if isinstance(settings, Unseen) else "")
    return Step(link, ad_filters.label(taken.entry), taken.word, why, settings)


def _settings(door: Directory, found: Entry) -> Settings | Unseen:
    key = f"ad.settings {found.dn}"
    if key not in door.cache:
        try:
            door.cache[key] = _read(door, found)
        except Unseen as unseen:
            door.cache[key] = unseen
    return cast("Settings | Unseen", door.cache[key])


def _read(door: Directory, found: Entry) -> Settings:
    folder = _FOLDER.fullmatch(found.text("gPCFileSysPath") or "")
    if not folder or f"dc={folder[1].lower().replace('.', ',dc=')}" != door.base.lower():
        raise Unseen("unsupported", f"gPCFileSysPath of {found.dn}", "not in the domain's own folder")
    path = f"Policies/{folder[2].upper()}"
    there = policy_text.version(door.policy_file(f"{path}/GPT.INI"), f"{path}/GPT.INI")
    if there != (found.number("versionNumber") or 0) & 0xFFFF:
        raise Unseen("unsupported", f"{path}/GPT.INI", "SYSVOL and the directory tell different versions")
    listed = (found.text("gPCMachineExtensionNames") or "").strip().lower()
    if _EXTENSION.sub("", listed).strip():
        raise Unseen("malformed", f"gPCMachineExtensionNames of {found.dn}", "no list of extensions")
    extensions = _EXTENSION.findall(listed)
    if not there or not extensions:
        return NOTHING
    return _files(door, path + "/Machine", frozenset(extensions))


def _files(door: Directory, path: str, extensions: frozenset[str]) -> Settings:
    """A file counts only where the extension that reads it is listed; one that is listed has its file."""
    registry: dict[str, int | None] = {}
    basic: Mapping[str, int] = {}
    audit = audit_csv.Audit({}, False)
    if _REGISTRY in extensions:
        at = f"{path}/Registry.pol"
        registry = _wanted(registry_pol.orders(door.policy_file(at), at))
    if _SECURITY in extensions:
        at = f"{path}/Microsoft/Windows NT/SecEdit/GptTmpl.inf"
        template = policy_text.template(door.policy_file(at), at)
        basic = template.recorded
        for name in REGISTRY.values():
            if "machine\\" + name in template.registry:
                told = template.registry["machine\\" + name]
                registry[name] = told if registry.get(name, told) == told else None
    if _AUDIT in extensions:
        at = f"{path}/Microsoft/Windows NT/Audit/audit.csv"
        audit = audit_csv.audit(door.policy_file(at), at)
    return Settings(registry, basic, audit.recorded, audit.names_users)


def _wanted(orders: tuple[registry_pol.Order, ...]) -> dict[str, int | None]:
    """The values that are looked at; None where something else than a number is done to one."""
    found: dict[str, int | None] = {}
    for order in orders:
        for path in REGISTRY.values():
            key, _, name = path.rpartition("\\")
            if order.key == key and order.value == name:
                found[path] = order.number
            elif _undoes(order, key, name):
                found[path] = None
    return found


def _undoes(order: registry_pol.Order, key: str, name: str) -> bool:
    """Whether a line deletes this value, or sets it only where there is none yet."""
    if order.key == key and order.value in (f"**del.{name}", f"**soft.{name}"):
        return True
    return order.value.startswith(_ORDERS_ABOUT_KEYS) and (key + "\\").startswith(order.key)


def holding(
    door: Directory, controller: Account, told: Callable[[Settings], int | None], what: str
) -> tuple[int | None, str]:
    """The value that holds for one controller and the policy it comes from; None where no policy sets it.

    `told` gives a policy's value, None where it sets none, -1 where it sets something that is no number.
    """
    possible: set[int | None] = set()
    source = what
    for step in steps(door, controller):
        if step.settings is None:
            continue
        if isinstance(step.settings, Unseen):
            raise step.settings
        value = told(step.settings)
        if value is None:
            continue
        if value < 0:
            raise Unseen("unsupported", step.name, f"{what} is no number")
        possible.add(value)
        source = f"{what} in policy {step.name}"
        if step.word == "taken":
            break
    else:
        possible.add(None)
    if len(possible) > 1:
        raise Unseen("unsupported", source, "it depends on a policy that cannot be decided")
    return possible.pop(), source


def weakest(door: Directory, word: str) -> tuple[int, str]:
    """The lowest value of a registry setting that holds for any controller. `not_found` where none is set."""
    name = REGISTRY[word]

    def told(settings: Settings) -> int | None:
        if name not in settings.registry:
            return None
        value = settings.registry[name]
        return -1 if value is None else value

    found = [holding(door, one, told, name) for one in ad_links.followers(door)]
    if any(value is None for value, _ in found):
        raise Unseen("not_found", name, "no policy sets it; the controller's own value is not seen")
    return min((value, source) for value, source in found if value is not None)
