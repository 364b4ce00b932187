"""APT's sources (sources.list(5)), both forms, and whether each is checked by a signature.

A source counts as signed unless it says `trusted=yes` or allows an insecure repository: APT itself refuses
an unsigned one. Whose it is, is told by its host name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, glob

FILES: Final = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
)
OWN_HOSTS: Final = {
    "debian": ("debian.org", "debian.net"),
    "ubuntu": ("ubuntu.com", "canonical.com", "launchpad.net"),
    "raspbian": ("raspbian.org", "raspberrypi.com", "raspberrypi.org"),
    "linuxmint": ("linuxmint.com", "ubuntu.com"),
    "kali": ("kali.org",),
    "fedora": ("fedoraproject.org",),
    "rhel": ("redhat.com",),
    "centos": ("centos.org", "fedoraproject.org"),
    "rocky": ("rockylinux.org", "fedoraproject.org"),
    "almalinux": ("almalinux.org", "fedoraproject.org"),
    "ol": ("oracle.com",),
    "amzn": ("amazonaws.com", "amazonlinux.com"),
    "opensuse-leap": ("opensuse.org",),
    "sles": ("suse.com", "opensuse.org"),
}
PPA_HOST: Final = re.compile(r"(?:^|\.)ppa\.launchpad(?:content)?\.net$")

_ONE_LINE: Final = re.compile(r"^\s*deb\s+(?:\[([^\]]*)\]\s*)?(cdrom:\[[^\]]*\]\S*|\S+)\s+(\S+)")
_HOST: Final = re.compile(r"[a-z0-9+]+://(?:[^@/]*@)?([^/:]*)")
_YES: Final = ("yes", "true", "1", "on", "with", "enable")
_UNSAFE: Final = ("trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure")


@dataclass(frozen=True)
class Source:
    """One address and suite."""

    uri: str
    suite: str
    signed: bool
    source: str


def sources(host: Host) -> list[Source]:
    """The enabled sources of binary packages, in the order of their files."""
    found: list[Source] = []
    for path in [path for pattern in FILES for path in glob(host, pattern)]:
        read = deb822 if path.endswith(".sources") else one_line
        found += read(host.text(path), path)
    return found


def one_line(text: str, path: str) -> list[Source]:
    """The one-line form: `deb [option=value …] uri suite component…`."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _ONE_LINE.match(line)
        if match:
            options = dict(word.partition("=")[::2] for word in (match[1] or "").lower().split())
            found.append(Source(match[2], match[3], _is_signed(options), f"{path}:{number}"))
    return found


def deb822(text: str, path: str) -> list[Source]:
    """The stanza form: Types, URIs, Suites and their options."""
    found = []
    for fields in _stanzas(text):
        if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        signed = _is_signed(fields)
        for uri in fields.get("uris", "").split():
            found += [Source(uri, suite, signed, path) for suite in fields.get("suites", "").split()]
    return found


def mirrors(host: Host, uri: str) -> list[str]:
    """The addresses behind a source: those of a mirror list (apt-transport-mirror(1)), else itself."""
    path = re.match(r"mirror\+file:(?://)?(/.+)", uri)
    if not path:
        return [uri]
    lines = (line.split() for line in host.text(path[1]).splitlines())
    return [words[0] for words in lines if words and not words[0].startswith("#")]


def is_third_party(uri: str, os_id: str, os_like: str) -> bool:
    """Whether a source is not the distribution's own, by its host name. An installation disc is its own."""
    if uri.startswith("cdrom:"):
        return False
    match = _HOST.match(uri.lower())
    host = match[1] if match else ""
    if PPA_HOST.search(host):
        return True
    own = [name for key in (os_id, *os_like.split()) for name in OWN_HOSTS.get(key, ())]
    return not any(host == name or host.endswith(f".{name}") for name in own)


def _is_signed(options: Mapping[str, str]) -> bool:
    return not any(options.get(name, "").strip().lower() in _YES for name in _UNSAFE)


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and name:
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        yield fields
