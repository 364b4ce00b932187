"""Addresses of backup targets and log services: whether they lead off this host, and the words without a secret.

People put passwords into addresses (`rest:https://user:password@host/`); they never become part of a fact.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

_USER: Final = re.compile(r"//[^/@\s]*@")
_PARAMETER: Final = re.compile(r"([?&;])([^?&;=]*)=([^&;]*)")
_SECRET: Final = re.compile(r"key|token|secret|password|sig", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:[a-z0-9+]+:)?([a-z0-9+]+)://(.*)", re.IGNORECASE | re.DOTALL)
_SCP: Final = re.compile(r"(?:[a-z]+:)?(?:[\w.-]+@)?(\[[0-9a-f:]+\]|[\w.-]+):(?!//).*", re.IGNORECASE)
_SERVICES: Final = (
    "s3",
    "b2",
    "azure",
    "gs",
    "gdrive",
    "swift",
    "rclone",
    "onedrive",
    "dropbox",
    "mega",
    "boto3+s3",
)


def plain(address: str) -> str:
    """The address without user, password and signed parameters."""
    return _PARAMETER.sub(_hidden, _USER.sub("//", address.strip()))


def is_away(address: str) -> bool:
    """Whether an address names another host or a service; a path or this host itself does not."""
    text = address.strip()
    if text.split(":", 1)[0].lower() in _SERVICES and ":" in text:
        return True
    scheme = _SCHEME.fullmatch(text)
    if scheme:
        kind, rest = scheme[1].lower(), _USER.sub("//", f"//{scheme[2]}")
        host = re.split(r"[/?]", rest[2:], maxsplit=1)[0]
        host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        return kind not in ("file", "local") and bool(host) and not is_here(host)
    match = _SCP.fullmatch(text) if not text.startswith("/") else None
    return bool(match) and not is_here(match[1].strip("[]")) if match else False


def _hidden(parameter: re.Match[str]) -> str:
    sign, name, value = parameter.groups()
    return f"{sign}{name}={'…' if _SECRET.search(name) else value}"


def is_here(host: str) -> bool:
    """Whether a host name or address is this host itself."""
    if host.lower() in ("localhost", "localhost.localdomain", "ip6-localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
