"""A directory over LDAPS, or over LDAP with StartTLS: never without TLS, never with an unproven certificate.

Nothing that a server says is repeated in a detail but numbers, so that none can make this agent tell a
password. Referrals are not followed: they would carry the password to another server. An empty password is
refused here, since a server takes it for a guest and says yes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from collectors import door_directory
from collectors.door import BUDGET_SECONDS, Unseen
from collectors.door_directory import Directory, Entry, Scope
from collectors.doors import secret_file
from collectors.doors.connecting import ConnectError
from collectors.doors.directory_sysvol import Sysvol
from collectors.doors.directory_tls import Guard, library

_PAGED: Final = "1.2.840.113556.1.4.319"
_SD_FLAGS: Final = "1.2.840.113556.1.4.801"
_OWNER_GROUP_DACL: Final = bytes((0x30, 3, 2, 1, 7))  # not the audit list, which would hide all of it
_ACTIVE_DIRECTORY: Final = b"1.2.840.113556.1.4.800"
_SCOPES: Final = {"base": "BASE", "one": "LEVEL", "subtree": "SUBTREE"}
_RANGE: Final = re.compile(r"(?P<name>[^;]+);range=(?P<first>\d+)-(?P<last>\d+|\*)")
_ROOT: Final = (
    "defaultNamingContext configurationNamingContext rootDomainNamingContext schemaNamingContext namingContexts"
    " configContext supportedCapabilities supportedControl structuralObjectClass vendorName dnsHostName tokenGroups"
    " domainFunctionality forestFunctionality isGlobalCatalogReady monitorContext"
).split()
_REASONS: Final = {
    1: ("permission_denied", "a login is needed"),
    3: ("timeout", "the server's time limit"),
    4: ("too_large", "the server's size limit"),
    7: ("unsupported", "way of logging in"),
    8: ("permission_denied", "the server wants a stronger login"),
    10: ("unsupported", "the tree lies on another server"),
    11: ("too_large", "the server's administrative limit"),
    12: ("unsupported", "a control that the server does not know"),
    13: ("unsupported", "the server wants another kind of TLS"),
    32: ("not_found", ""),
    34: ("malformed", "no name of an entry"),
    49: ("permission_denied", "wrong user or password"),
    50: ("permission_denied", "insufficient rights"),
    51: ("timeout", "the server is busy"),
    52: ("timeout", "the server is unavailable"),
}
_LOGIN_FAILURES: Final = {
    "525": "no such user",
    "52e": "wrong user or password",
    "530": "not at this hour",
    "531": "not from here",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}


def connect(
    address: str,
    user: str | None = None,
    password_file: str | None = None,
    ca_file: str | None = None,
    base: str | None = None,
    budget_seconds: float = BUDGET_SECONDS,
) -> Ldap:
    """The directory at `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` where StartTLS is demanded.

    `ca_file` holds the certificates that are trusted in place of the system's. Without a user it is looked at
    as a guest. Raises ConnectError for an address or a file that cannot be meant; `Unseen` where the server cannot be
    reached, proven or logged in to.
    """
    scheme, host, port = _address(address)
    if (user is None) != (password_file is None):
        raise ConnectError("directory_user", "a user needs a password file, and a password file needs a user")
    try:
        secret = secret_file.read_password(password_file) if password_file else None
    except secret_file.SecretError as error:
        raise ConnectError("directory_password", str(error)) from None
    guard = Guard(host, ca_file, budget_seconds)
    connection = _connection(host, port, scheme == "ldaps", guard, user, secret)
    try:
        with guard.told(f"{scheme}://{host}:{port}"):
            connection.open(read_server_info=False)
            if scheme == "ldap":
                connection.start_tls(read_server_info=False)
            connection.bind(read_server_info=False)
        _refused(connection.result, f"{scheme}://{host}:{port}")
        return _opened(connection, guard, base, Sysvol(host, user, secret, budget_seconds))
    except Unseen:
        guard.close()
        if connection.socket:  # opened in vain, or refused to be proven
            connection.socket.close()
        raise


def _connection(
    host: str, port: int, is_tls: bool, guard: Guard, user: str | None, secret: str | None
) -> Any:
    ldap3 = library()
    server = ldap3.Server(
        host, port, use_ssl=is_tls, tls=guard.tls(), get_info=ldap3.NONE,
        connect_timeout=door_directory.ANSWER_MAX_SECONDS,
    )  # fmt: skip
    return ldap3.Connection(
        server, user, secret, authentication=ldap3.SIMPLE if user else ldap3.ANONYMOUS, read_only=True,
        auto_referrals=False, auto_range=False, check_names=False, raise_exceptions=False,
        receive_timeout=door_directory.ANSWER_MAX_SECONDS,
    )  # fmt: skip


def _address(address: str) -> tuple[str, str, int]:
    try:
        parts, port = urlsplit(address), urlsplit(address).port
    except ValueError:
        raise ConnectError("directory_address", "the address of a directory has no such port") from None
    if parts.scheme not in ("ldaps", "ldap") or not parts.hostname:
        raise ConnectError(
            "directory_address", "the address of a directory is ldaps://HOST, or ldap://HOST for StartTLS"
        )
    if parts.username is not None or parts.path.strip("/") or parts.query:
        raise ConnectError(
            "directory_address", "the address of a directory holds a host and perhaps a port, nothing else"
        )
    return parts.scheme, parts.hostname, port or (636 if parts.scheme == "ldaps" else 389)


def _opened(connection: Any, guard: Guard, base: str | None, sysvol: Sysvol) -> Ldap:
    opened = Ldap(connection, guard, sysvol)
    root = door_directory.entry(opened, "", _ROOT)
    if _ACTIVE_DIRECTORY in root.values("supportedCapabilities"):
        opened.platform = "ad"
    elif any(b"OpenLDAP" in one for one in root.values("structuralObjectClass") + root.values("vendorName")):
        opened.platform = "openldap"
    else:
        raise Unseen("unsupported", "root DSE", "neither Active Directory nor OpenLDAP")
    named = root.texts("defaultNamingContext") or root.texts("namingContexts")
    if not base and not named:
        raise Unseen("not_found", "root DSE", "no tree is named; say which")
    opened.root, opened.base = root, base or named[0]
    return opened


@dataclass
class Ldap(Directory):
    """A directory that was logged in to."""

    _connection: Any
    _guard: Guard
    _sysvol: Sysvol
    root: Entry = Entry("", {})  # noqa: RUF009  of tuples and a mapping that nobody changes
    base: str = ""
    platform: str = ""
    page_entries: int = door_directory.PAGE_ENTRIES
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    cache: dict[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The tree in words: corp.test for DC=corp,DC=test."""
        parts = [part.partition("=") for part in self.base.split(",")]
        domain = ".".join(value for key, _, value in parts if key.strip().lower() == "dc")
        return domain or self.base

    def close(self) -> None:
        """Let go of the connections."""
        self._guard.close()
        self._sysvol.close()

    def policy_file(self, path: str) -> bytes:
        """A file below the domain's folder in SYSVOL, of this very controller."""
        return self._sysvol.read(f"{self.label}/{path}")

    def search(
        self, base: str, matching: str, attributes: Sequence[str], scope: Scope = "subtree"
    ) -> tuple[Entry, ...]:
        """The entries that fit, page by page to the last."""
        found: list[Entry] = []
        cookie: bytes | None = None
        while cookie is None or cookie:
            entries, cookie = self._page(base, matching, attributes, scope, cookie)
            found += entries
            if len(found) > door_directory.ENTRIES_MAX:
                raise Unseen("too_large", base or "root DSE", "too many entries")
        return tuple(self._whole(one) for one in found)

    def _page(
        self, base: str, matching: str, attributes: Sequence[str], scope: Scope, cookie: bytes | None
    ) -> tuple[list[Entry], bytes]:
        source = base or "root DSE"
        wanted: dict[str, Any] = {}
        if scope != "base":
            wanted = {"paged_size": self.page_entries, "paged_cookie": cookie}
        if "nTSecurityDescriptor" in attributes:
            wanted["controls"] = [(_SD_FLAGS, True, _OWNER_GROUP_DACL)]
        with self._guard.told(source):
            self._connection.search(base, matching, _SCOPES[scope], attributes=[*attributes], **wanted)
        _refused(self._connection.result, source)
        response = self._connection.response or []
        if self.platform == "openldap" and any(one["type"] == "searchResRef" for one in response):
            raise Unseen("unsupported", source, "a part of the tree lies on another server")
        entries = [_entry(one) for one in response if one["type"] == "searchResEntry"]
        control = self._connection.result.get("controls", {}).get(_PAGED, {})
        return entries, control.get("value", {}).get("cookie") or b""

    def _whole(self, one: Entry) -> Entry:
        """An entry with the rest of those attributes of which the server sent a part."""
        attributes = {name: values for name, values in one.attributes.items() if ";range=" not in name}
        for name in one.attributes.keys() - attributes.keys():
            attributes[name.partition(";")[0]] = self._rest(one, name)
        return one._replace(attributes=attributes)

    def _rest(self, one: Entry, name: str) -> tuple[bytes, ...]:
        values, part = [*one.values(name)], _RANGE.fullmatch(name)
        while part and part["last"] != "*" and len(values) <= door_directory.ENTRIES_MAX:
            asked = f"{part['name']};range={int(part['last']) + 1}-*"
            (more,), _ = self._page(one.dn, "(objectClass=*)", [asked], "base", None)
            following = next((key for key in more.attributes if key.startswith(f"{part['name']};range=")), "")
            part = _RANGE.fullmatch(following)
            values += more.values(following)
        if not part or part["last"] != "*":
            raise Unseen("malformed", one.dn, "an attribute was sent in part")
        return tuple(values)


def _entry(response: Any) -> Entry:
    raw = response["raw_attributes"].items()
    return Entry(response["dn"], {name.lower(): tuple(values) for name, values in raw if values})


def _refused(result: Any, source: str) -> None:
    """Raise what a result other than success means."""
    code = result.get("result", -1) if result else -1
    if code == 0:
        return
    reason, detail = _REASONS.get(code, ("malformed", f"result {int(code)}"))
    told = re.search(r"\bdata ([0-9a-f]{3}),", str(result.get("message", ""))) if result else None
    if code == 49 and told:
        detail = _LOGIN_FAILURES.get(told[1], detail)
    raise Unseen(reason, source, detail)
