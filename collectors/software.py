"""Where software comes from: sources and their signatures, whether unsigned ones are allowed, foreign packages.

A mirror of the company's own carries another host name than the distribution's and counts as third party: the
company decides whether it trusts it. Foreign packages are those that no fetched list offers; without lists nothing
is known of them.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import (
    addresses,
    apt,
    apt_conf,
    dnf,
    managers,
    os_release,
    packages,
    packages_signed,
    repos,
    sources,
    zypper,
)

FACTS = {
    "software.sources": Fact(
        "records{uri: str, suite: str?, signed: bool, third_party: bool}",
        "enabled package sources; signed: its packages, or the lists that hold their digests, must be signed",
    ),
    "software.unsigned_allowed": Fact("bool", "some setting or source lets unsigned packages in"),
    "software.foreign": Fact(
        "list[str]",
        "installed packages that no source offers; with apt also those newer than any that is offered",
    ),
    "software.package_format": Fact("str", "whose database tells of the installed packages: dpkg or rpm"),
    "software.unsigned_packages": Fact("list[str]", "installed rpm packages that carry no signature at all"),
}
SWITCHES: Final = (
    "APT::Get::AllowUnauthenticated",
    "Acquire::AllowInsecureRepositories",
    "Acquire::AllowWeakRepositories",
    "Acquire::AllowDowngradeToInsecureRepositories",
)


def collect(host: Host) -> Findings:
    """Sources and settings by files, foreign packages by the package manager's lists."""
    findings = Findings()
    findings.look("software.sources", _sources, host)
    findings.look("software.unsigned_allowed", _unsigned_allowed, host)
    findings.look("software.foreign", _foreign, host)
    findings.look("software.package_format", _package_format, host)
    findings.look("software.unsigned_packages", packages_signed.unsigned, host)
    return findings


def _is_debian(host: Host) -> bool:
    return host.exists("/etc/apt") and host.exists(packages.DPKG_STATUS)


def _sources(host: Host) -> Seen:
    fields, release = os_release.read(host)
    family = fields.get("ID", ""), fields.get("ID_LIKE", "")
    found: list[tuple[str, str | None, bool, str]]
    if _is_debian(host):
        found = [(one.uri, one.suite, one.signed, one.source) for one in sources.sources(host)]
    else:
        found = [(repo.address, None, repo.signed, repo.source) for repo in repos.enabled(host)]
    unique = {(uri, suite): (signed, where) for uri, suite, signed, where in found}
    records: list[Json] = [
        {
            "uri": addresses.plain(uri),
            "suite": suite,
            "signed": signed,
            "third_party": any(sources.is_third_party(one, *family) for one in sources.mirrors(host, uri)),
        }
        for (uri, suite), (signed, _) in sorted(unique.items(), key=str)
    ]
    return Seen(records, *(where for _, where in unique.values()), release)


def _unsigned_allowed(host: Host) -> Seen:
    if not _is_debian(host):
        loose = [repo.source for repo in repos.enabled(host) if not repo.signed]
        return Seen(bool(loose), *(loose or repos.DNF_FOLDERS))
    settings = apt_conf.settings(host)
    switched = [name for name in SWITCHES if settings.is_on(name)]
    loose = [one.source for one in sources.sources(host) if not one.signed]
    found = [*(f"{settings.source}: {name}" for name in switched), *loose]
    return Seen(bool(found), *(found or [settings.source, sources.FILES[0]]))


def _foreign(host: Host) -> Seen:
    name, _ = managers.manager(host)
    return {"apt": apt.foreign, "dnf": dnf.foreign, "zypper": zypper.foreign}[name](host)


def _package_format(host: Host) -> Seen:
    name, source = packages.database(host)
    return Seen(name, source)
