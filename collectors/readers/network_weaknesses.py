"""Weaknesses of TLS and SSH, out of what nmap's scripts print: a closed list of words.

ssl-enum-ciphers tries each version and cipher; ssl-cert shows the certificate, ssh2-enum-algos the algorithms
that an SSH server offers. A script that printed nothing found nothing out: then the weaknesses are not known.
Certificates hold what their maker wrote, line feeds too, so of several answers to one question the worst counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Final

from collectors.findings import rfc3339
from collectors.readers import sshd_tables

TLS_WORDS: Final = (
    *("sslv2", "sslv3", "tls_1_0", "tls_1_1", "rc4", "3des", "single_des", "export_cipher", "null_cipher"),
    *("anonymous_key_exchange", "weak_key_exchange", "weak_key", "sha1_signature", "md5_signature"),
)
SSH_WORDS: Final = ("ssh_1", "ssh_weak_kex", "ssh_weak_host_key", "ssh_weak_cipher", "ssh_weak_mac")

_VERSIONS: Final = {"SSLv2": "sslv2", "SSLv3": "sslv3", "TLSv1.0": "tls_1_0", "TLSv1.1": "tls_1_1"}
_VERSION: Final = re.compile(r"^\s*(SSLv[23]|TLSv1\.[0-9]):", re.MULTILINE)
_CIPHER: Final = re.compile(r"^\s*((?:TLS|SSL)_\w+)(?: \((\w+) (\d+)\))?", re.MULTILINE)
_CIPHERS: Final = (
    ("_RC4_", "rc4"),
    ("_3DES_", "3des"),
    ("_DES_", "single_des"),
    ("_DES40_", "single_des"),
    ("_EXPORT", "export_cipher"),
    ("_WITH_NULL", "null_cipher"),
    ("_ANON_", "anonymous_key_exchange"),
)
_BITS: Final = re.compile(r"^Public Key bits: +(\d+)", re.MULTILINE)
_TYPE: Final = re.compile(r"^Public Key type: +(\w+)", re.MULTILINE)
_SIGNED: Final = re.compile(r"^Signature Algorithm: +(\S+)", re.MULTILINE)
_ENDS: Final = re.compile(r"^Not valid after: +(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", re.MULTILINE)
_RSA_MIN_BITS: Final = 2048
_ELLIPTIC_MIN_BITS: Final = 224
_LISTS: Final = {
    "kex_algorithms": "ssh_weak_kex",
    "server_host_key_algorithms": "ssh_weak_host_key",
    "encryption_algorithms": "ssh_weak_cipher",
    "mac_algorithms": "ssh_weak_mac",
}
_WAYS: Final = ("_client_to_server", "_server_to_client")
_LIST: Final = re.compile(r"^  (\w+): \((\d+)\)$")


def speaks_tls(scripts: Mapping[str, str]) -> bool:
    """Whether one of the scripts got as far as TLS with this service."""
    return bool(_ENDS.search(scripts.get("ssl-cert", ""))) or bool(
        _VERSION.search(scripts.get("ssl-enum-ciphers", "")) or "SSLv2" in scripts.get("sslv2", "")
    )


def tls(scripts: Mapping[str, str]) -> list[str] | None:
    """The weaknesses of a service's TLS, in the order of TLS_WORDS; None where a script told nothing."""
    ciphers, certificate = scripts.get("ssl-enum-ciphers", ""), scripts.get("ssl-cert", "")
    old = {"sslv2"} if "SSLv2" in scripts.get("sslv2", "") else set()
    found = old | set(_of_ciphers(ciphers)) | set(_of_certificate(certificate))
    anonymous = "anonymous_key_exchange" in found  # then there may be no certificate at all
    if not _VERSION.search(ciphers) or not (_SIGNED.search(certificate) or anonymous):
        return None
    return [word for word in TLS_WORDS if word in found]


def certificate_ends_at(scripts: Mapping[str, str]) -> str | None:
    """Until when the certificate is valid: the earliest of what is printed as that."""
    moments = []
    for text in _ENDS.findall(scripts.get("ssl-cert", "")):
        try:
            moments.append(datetime.fromisoformat(text).replace(tzinfo=UTC))
        except ValueError:
            return None
    return rfc3339(min(moments)) if moments else None


def self_signed(scripts: Mapping[str, str]) -> bool | None:
    """Whether the certificate vouches for itself: subject and issuer are the same."""
    names = dict(
        line.split(": ", 1)
        for line in scripts.get("ssl-cert", "").splitlines()
        if line.startswith(("Subject: ", "Issuer: "))
    )
    return names["Subject"] == names["Issuer"] if len(names) == 2 else None


def ssh(scripts: Mapping[str, str], extra: str) -> list[str] | None:
    """The weaknesses of an SSH server; None where it did not show its algorithms.

    `extra` is what nmap read beside the version, such as "protocol 1.99", which takes SSH 1 as well.
    """
    found = {"ssh_1"} if re.search(r"protocol 1\.", extra) or "sshv1" in scripts else set()
    shown = _algorithms(scripts.get("ssh2-enum-algos", ""))
    if shown is None:
        return ["ssh_1"] if re.search(r"protocol 1\.[0-8]", extra) else None
    for name, word in _LISTS.items():
        if any(fnmatchcase(one, pattern) for one in shown[name] for pattern in sshd_tables.WEAK):
            found.add(word)
    return [word for word in SSH_WORDS if word in found]


def _of_ciphers(text: str) -> Iterator[str]:
    yield from (_VERSIONS[version] for version in _VERSION.findall(text) if version in _VERSIONS)
    for name, exchange, bits in _CIPHER.findall(text):
        yield from (word for mark, word in _CIPHERS if mark in name.upper() + "_")
        if exchange in ("dh", "rsa") and int(bits) < _RSA_MIN_BITS:
            yield "weak_key_exchange" if exchange == "dh" else "weak_key"


def _of_certificate(text: str) -> Iterator[str]:
    elliptic = [kind.startswith(("ec", "ed")) for kind in _TYPE.findall(text)]
    least = _ELLIPTIC_MIN_BITS if elliptic and all(elliptic) else _RSA_MIN_BITS
    if any(len(bits) < 6 and int(bits) < least for bits in _BITS.findall(text)):
        yield "weak_key"
    for algorithm in _SIGNED.findall(text):
        if "sha1" in algorithm.lower():
            yield "sha1_signature"
        elif "md5" in algorithm.lower() or "md2" in algorithm.lower():
            yield "md5_signature"


def _algorithms(text: str) -> dict[str, list[str]] | None:
    """What ssh2-enum-algos lists, both directions together; None where a list is missing or not whole."""
    lists: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        begins = _LIST.match(line)
        if begins:
            name, counts[begins[1]] = begins[1], int(begins[2])
            lists[name] = []
        elif line.startswith("      ") and name:
            lists[name].append(line.strip())
    if any(len(one) != counts[name] for name, one in lists.items()):
        return None
    joined = {
        name: lists[name] if name in lists else [one for way in _WAYS for one in lists.get(name + way, ())]
        for name in _LISTS
    }
    return joined if all(joined.values()) else None
