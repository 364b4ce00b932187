"""Installed packages, as the package manager's own database has them.

dpkg keeps a text file (deb822, dpkg-query(1)), read the same way on a live host and on a root. rpm keeps a
binary database, so rpm itself is asked, and a root of that family is `offline_root`. It leaves a damaged entry
out and still ends with 0, so a second question, which checks nothing, must tell of the same packages. A package
that was removed but left its configuration behind ("rc") is not installed.
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
RPM_SIGN: Final = (
    r"%|RSAHEADER?{signed}:{%|DSAHEADER?{signed}:{%|SIGPGP?{signed}:{%|SIGGPG?{signed}:{unsigned}|}|}|}|"
)
RPM_QUERY: Final = (
    "rpm",
    "-qa",
    "--nosignature",  # a key that the host's policy no longer likes hides no package
    "--queryformat",
    rf"%{{NAME}}\t%{{EPOCHNUM}}:%{{VERSION}}-%{{RELEASE}}\t%{{ARCH}}\t%{{INSTALLTIME}}\t%{{SOURCERPM}}\t{RPM_SIGN}\n",
)
RPM_NAMES: Final = ("rpm", "-qa", "--nosignature", "--nodigest", "--queryformat", r"%{NAME}\n")

SIGNED: Final = {"signed": True, "unsigned": False}
_FIELD: Final = re.compile(r"^(Package|Status|Version|Architecture|Source): *(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """An installed package.

    `held` is dpkg's selection "hold"; `installed_at`, in seconds since 1970, is known to rpm alone; `source` is
    the name of the source package that it was built from, None where that is not told; `signed` tells whether a
    package of rpm carries a signature that rpm 4 knows, None for those of dpkg, which have none of their own.
    """

    name: str
    version: str
    architecture: str
    held: bool = False
    installed_at: int | None = None
    source: str | None = None
    signed: bool | None = None


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


def database(host: Host) -> tuple[str, str]:
    """Whose database tells of the packages, dpkg's or rpm's, and where it lies. `not_found` without either."""
    folder = _rpm_database(host)
    # An rpm host may have a dpkg beside it, to build packages: its database does not hold dpkg itself.
    if host.exists(DPKG_STATUS) and (folder is None or "dpkg" in once(host, _dpkg)):
        return "dpkg", DPKG_STATUS
    if folder is None:
        raise Unseen("not_found", ", ".join((DPKG_STATUS, *RPM_DATABASES)))
    return "rpm", folder


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


def parse_rpm(text: str) -> list[Package]:
    """The packages of RPM_QUERY's answer; `malformed` for a line that does not tell all.

    An epoch of 0 is left out, as rpm itself writes versions.
    """
    found = []
    for line in text.splitlines(keepends=True):
        fields = line.split("\t")
        if len(fields) != 6 or not line.endswith("\n") or fields[5].strip() not in SIGNED:
            raise Unseen("malformed", "rpm -qa", "a line that is torn")
        name, version, architecture, moment, source, sign = fields
        seconds = int(moment) if moment.isdecimal() else None
        built_from = source.removesuffix(".rpm").rsplit("-", 2)[0] if source.endswith("src.rpm") else None
        version, signed = version.removeprefix("0:"), SIGNED[sign.strip()]
        found.append(Package(name, version, architecture, False, seconds, built_from, signed))
    return found


def _installed(host: Host) -> Packages:
    manager, source = database(host)
    if manager == "dpkg":
        known = once(host, _dpkg)
        if not known:  # a dpkg host has at least dpkg: an empty database is no answer
            raise Unseen("malformed", source, "no package in it")
        return Packages(manager, source, known)
    if host.offline:
        raise Unseen("offline_root", source)
    return Packages(manager, "rpm -qa", _rpm(host, source))


def _dpkg(host: Host) -> dict[str, Package]:
    return parse_dpkg(host.text(DPKG_STATUS, STATUS_MAX_BYTES))


def _rpm(host: Host, source: str) -> dict[str, Package]:
    done = host.run(RPM_QUERY)
    told = parse_rpm(done.text)
    if b"skipping h#" in done.stderr:
        raise Unseen("malformed", source, "a damaged entry")
    if sorted(one.name for one in told) != sorted(host.run(RPM_NAMES).text.splitlines()):
        raise Unseen("malformed", "rpm -qa", "asked twice, rpm tells of other packages")
    found: dict[str, Package] = {}
    for one in told:
        if one.name != "gpg-pubkey":  # a key that is trusted
            found[f"{one.name}:{one.version}" if one.name in found else one.name] = one
    if not found:
        raise Unseen("malformed", "rpm -qa", "no package in it")
    return found


def _rpm_database(host: Host) -> str | None:
    for folder in RPM_DATABASES:
        if any(host.exists(f"{folder}/{name}") for name in ("rpmdb.sqlite", "Packages", "Packages.db")):
            return folder
    return None
