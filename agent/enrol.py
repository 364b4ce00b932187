"""Enrolment: one pasted string makes this host known to a server, and the server known to this host.

Steps, numbered here and in README.md:
1. read the string: address, token, fingerprint of the server's CA
2. fetch the CA without trust (nothing secret is sent) and compare its fingerprint; from here on TLS is
   verified
3. make the key on this host; it is durable before anybody hears of it
4. send a request signed by that key, with the token
5. check the answer: the server's keys speak for themselves, the enrolment is signed by them and names our
   key, the
   receipt proves that it stands in the log
6. keep the checkpoint, an empty account of the chain, the CA and, last of all, the identity with the server's
   keys

A crash before the identity leaves a key and what nobody reads without it; the same string enrols it again (the
server knows the key), and so does another server's. The token is never written, logged or put into an error.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent import durable, membership
from agent.answer import read_answer
from agent.identity import Identity, hostname, make_key, new_host_id, read_identity, serial
from agent.private import PROTECTION
from agent.report import encode_time
from agent.state import State
from agent.transport import Transport
from collectors.door import this_platform
from config import __version__, canonical, envelope, keys, receipt, statement
from config.canonical import Json
from config.errors import InputError
from config.keys import PrivateKey, PublicKey
from config.statement import Statement, Subject

PREFIX: Final = "boltseal1."
STRING_MAX_CHARACTERS: Final = 4096
CA_MAX_BYTES: Final = 64 * 1024
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_TOKEN: Final = re.compile(r"[!-~]{1,512}")


@dataclass(frozen=True)
class Invitation:
    """A parsed enrolment string. The token does not show in its representation."""

    url: str
    ca_sha256: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class _Admitted:
    """A checked answer: the identity to keep, and the checkpoint that the receipt proved."""

    identity: Identity
    checkpoint_note: str


def parse(text: str) -> Invitation:
    """Step 1. InputError `enrolment_string_malformed`; its text never holds the token."""
    text = "".join(text.split())  # mail programs break long lines
    if not text.startswith(PREFIX) or len(text) > STRING_MAX_CHARACTERS:
        raise _malformed(f"it does not begin with {PREFIX}")
    packed = text.removeprefix(PREFIX)
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        value = canonical.decode(data, STRING_MAX_CHARACTERS)
    except (binascii.Error, ValueError, InputError):
        raise _malformed("a part of it is missing or changed") from None
    match value:
        case {"ca": str(ca), "token": str(token), "url": str(url), **rest} if not rest:
            if _HEX.fullmatch(ca) and _TOKEN.fullmatch(token) and _is_https(url):
                return Invitation(url.rstrip("/"), ca, token)
    raise _malformed("it does not hold an https address, a token and a fingerprint")


def check_ca(pem: bytes, sha256: str) -> str:
    """Step 2: the one certificate whose fingerprint the string names, as PEM. InputError `tls_ca_wrong`."""
    hint = "another server answers, or somebody is in between; ask for a new string on a way you trust"
    begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
    for block in pem[:CA_MAX_BYTES].split(begin)[1:]:
        try:
            der = binascii.a2b_base64(block.partition(end)[0])
        except binascii.Error:
            continue
        if hashlib.sha256(der).hexdigest() == sha256:
            return ssl.DER_cert_to_PEM_cert(der)
    raise InputError("tls_ca_wrong", "the server's CA is not the one in the enrolment string", hint)


def enrol(
    state: State,
    invitation: Invitation,
    fetch_ca: Callable[[str], bytes],
    connect: Callable[[str, Path], Transport],
    clock: Callable[[], datetime],
) -> Identity:
    """Steps 2 to 6.

    Needs the lock. The same string again is success; another server is `already_enrolled`.
    """
    known = read_identity(state)
    if known is not None and known.url != invitation.url:
        hint = "to move it, revoke it there and enrol with a fresh state folder (--state)"
        raise InputError("already_enrolled", f"this host is enrolled at {known.url}", hint)
    ca_pem = check_ca(fetch_ca(invitation.url), invitation.ca_sha256)  # 2
    key = make_key(state)  # 3
    candidate = state.path("ca.enrolling.pem")
    durable.write(candidate, ca_pem.encode())
    transport = connect(invitation.url, candidate)
    payload = _request(key, clock())  # 4
    answer = read_answer(
        transport.request(
            "POST",
            "/api/v1/enrolments",
            envelope.encode(envelope.sign(payload, key)),
            {"Authorization": f"Bearer {invitation.token}", "Content-Type": "application/json"},
        )
    )
    admitted = _check(answer.value, invitation.url, key)  # 5
    if answer.status == 201 and _request_named(answer.value) != statement.digest(payload):
        raise _untrue("the enrolment is for another request")
    if known is not None and known.server_spki != admitted.identity.server_spki:
        hint = "if the server was really set up anew, enrol with a fresh state folder (--state)"
        raise InputError("already_enrolled", "the server at this address has other keys than before", hint)
    membership.keep(state, admitted.identity, admitted.checkpoint_note, candidate)  # 6
    return admitted.identity


def _request(key: PrivateKey, now: datetime) -> bytes:
    public = key.public
    predicate: dict[str, Json] = {
        "host_id": new_host_id(key),
        "hostname": hostname(),
        "key": {"algorithm": public.algorithm, "spki": canonical.encode_base64(public.spki)},
        "protection": PROTECTION,
        "serial": serial(),
        "platform": this_platform(),
        "agent_version": __version__,
        "requested_at": encode_time(now),
    }
    return statement.encode(Statement("enrolment_request", (Subject("key", public.key_id),), predicate))


def _check(value: dict[str, Json], url: str, key: PrivateKey) -> _Admitted:
    """Step 5: nothing of the answer is kept that does not prove itself."""
    server, said = _server_keys(_text(value, "server_keys"))
    enrolment = envelope.verify(envelope.decode(_text(value, "enrolment").encode()), [server])
    told = statement.decode(enrolment.payload)
    log = said["log"]
    assert isinstance(log, dict)  # the statement's schema says so
    names_us = Subject("key", key.public.key_id) in told.subjects
    if told.kind != "enrolment" or not names_us or told.predicate["host_id"] != value.get("host_id"):
        raise _untrue("the enrolment does not name this host's key")
    shown = receipt.from_dict(value.get("receipt"))
    computed = receipt.verify(shown, enrolment.payload, str(log["vkey"]), None)
    if computed.origin != log["name"]:
        raise _untrue("the checkpoint is another log's")
    bundle = said["bundle"]
    assert isinstance(bundle, dict)
    identity = Identity(
        host_id=str(told.predicate["host_id"]),
        hostname=str(told.predicate["hostname"]),
        key_id=key.public.key_id,
        url=url,
        server_spki=canonical.encode_base64(server.spki),
        bundle_spki=str(bundle["spki"]),
        log_name=str(log["name"]),
        log_vkey=str(log["vkey"]),
        enrolled_at=str(told.predicate["enrolled_at"]),
    )
    return _Admitted(identity, shown.checkpoint)


def _server_keys(text: str) -> tuple[PublicKey, dict[str, Json]]:
    """The server's key and its statement about its keys, once that is signed by the very key it names.

    The statement is read before it is verified, only to learn which key to verify it with; that this key is
    the server's is what the verified connection says.
    """
    opened = envelope.decode(text.encode())
    claimed = statement.decode(opened.payload)
    named = claimed.predicate.get("server")
    if claimed.kind != "server_keys" or not isinstance(named, dict):
        raise _untrue("no statement of the server's keys")
    server = keys.load_public(canonical.decode_base64(str(named["spki"])))
    said = statement.decode(envelope.verify(opened, [server]).payload).predicate
    return server, dict(said)


def _request_named(value: dict[str, Json]) -> Json:
    told = statement.decode(envelope.decode(_text(value, "enrolment").encode()).payload)
    return told.predicate["request_sha256"]


def _text(value: dict[str, Json], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise _untrue(f"it has no {name}")
    return text


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and port_is_right
        and plain
        and parts.path in ("", "/")
    )


def _malformed(why: str) -> InputError:
    hint = "copy the whole string again, or ask for a new one"
    return InputError("enrolment_string_malformed", f"not an enrolment string: {why}", hint)


def _untrue(why: str) -> InputError:
    hint = "nothing was kept but this host's key; look at the server before you try again"
    return InputError("enrolment_untrue", f"the server's answer does not hold: {why}", hint)
