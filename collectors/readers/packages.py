"""Installed packages, as the package manager's own database has them.

dpkg keeps a text file (deb822, dpkg-query(1)), read the same way on a live host and on a root. rpm keeps a
binary database, so rpm itself is asked, and a root of that family is `offline_root`. A package that was
removed but left its configuration behind ("rc") is not installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once
from collectors.readers.versions import rpm_key

DPKG_STATUS: Final = "/var/lib/dpkg/status"
STATUS_MAX_BYTES: Final = 32 * 1024 * 1024
RPM_DATABASES: Final = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
RPM_QUERY: Final = (
    "rpm",
    "-qa",
    "--queryformat",
    r"%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\t%{SOURCERPM}\n",
)

_FIELD: Final = re.compile(r"^(Package|Status|Version|Architecture|Source): *(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """An installed package.

    `held` is dpkg's selection "hold"; `installed_at`, in seconds since 1970, is known to rpm alone; `source` is
    the name of the source package that it was built from, None where that is not told.
    """

    name: str
    version: str
    architecture: str
    held: bool = False
    installed_at: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Packages:
    """All installed packages of a host, by name (with `:architecture` for further ones of the same name)."""

    manager: str
    source: str
    by_name: Mapping[str, Package]

    def first(self, *patterns: str) -> Package | None:
        """The first package whose name is, or matches, one of these names or shell patterns."""
        for pattern in patterns:
            if "*" not in pattern:
                if pattern in self.by_name:
                    return self.by_name[pattern]
                continue
            for name, package in self.by_name.items():
                if fnmatchcase(name, pattern):
                    return package
        return None

    def newest(self) -> dict[str, Package]:
        """The newest package of each name, by rpm's order: several kernels may be installed side by side."""
        found: dict[str, Package] = {}
        for one in self.by_name.values():
            if one.name not in found or rpm_key(found[one.name].version) < rpm_key(one.version):
                found[one.name] = one
        return found


def installed(host: Host) -> Packages:
    """The host's packages. `not_found` where there is neither a dpkg nor an rpm database."""
    return once(host, _installed)


def parse_dpkg(text: str) -> dict[str, Package]:
    """The installed packages of a dpkg status file."""
    found: dict[str, Package] = {}
    for stanza in text.split("\n\n"):
        fields = dict(_FIELD.findall(stanza))
        status = fields.get("Status", "").split()
        if "Package" not in fields or len(status) != 3 or status[2] in ("not-installed", "config-files"):
            continue
        name, architecture = fields["Package"], fields.get("Architecture", "")
        source = (fields.get("Source", "").split() or [name])[0]  # "glibc (2.36-9)"; none: as the package
        package = Package(name, fields.get("Version", ""), architecture, status[0] == "hold", source=source)
        found[f"{name}:{architecture}" if name in found else name] = package
    return found


def parse_rpm(text: str) -> dict[str, Package]:
    """The packages of RPM_QUERY's answer; an epoch of 0 is left out, as rpm itself writes versions."""
    found: dict[str, Package] = {}
    for line in text.splitlines():
        name, version, architecture, moment, source = [*line.split("\t"), "", "", "", ""][:5]
        if not version or name == "gpg-pubkey":
            continue
        seconds = int(moment) if moment.isdecimal() else None
        built_from = source.removesuffix(".rpm").rsplit("-", 2)[0] if source.endswith("src.rpm") else None
        package = Package(name, version.removeprefix("0:"), architecture, False, seconds, built_from)
        found[f"{name}:{version}" if name in found else name] = package
    return found


def _installed(host: Host) -> Packages:
    if host.exists(DPKG_STATUS):
        packages = parse_dpkg(host.text(DPKG_STATUS, STATUS_MAX_BYTES))
        if "dpkg" in packages or not _rpm_database(host):
            if not packages:  # a dpkg host has at least dpkg: an empty database is no answer
                raise Unseen("malformed", DPKG_STATUS, "no package in it")
            return Packages("dpkg", DPKG_STATUS, packages)
    database = _rpm_database(host)
    if not database:
        raise Unseen("not_found", ", ".join((DPKG_STATUS, *RPM_DATABASES)))
    if host.offline:
        raise Unseen("offline_root", database)
    done = host.run(RPM_QUERY)
    packages = parse_rpm(done.text)
    if not packages:
        raise Unseen("malformed", "rpm -qa", "no package in it")
    return Packages("rpm", "rpm -qa", packages)


def _rpm_database(host: Host) -> str | None:
    for folder in RPM_DATABASES:
        if any(host.exists(f"{folder}/{name}") for name in ("rpmdb.sqlite", "Packages", "Packages.db")):
            return folder
    return None
