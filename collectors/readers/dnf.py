"""What dnf knows of newer versions (dnf(8)), from its cache alone: `-C` never goes to the network.

Security updates are told from advisories. A repository without advisories (updateinfo) answers with silence,
and silence is not "nothing pending": where such a repository has something newer, nothing is known. Excludes
are set aside: a package that the administrator excludes lacks its fix all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Json, Seen, rfc3339
from collectors.readers import dnf_automatic, dnf_locks, packages, repos
from collectors.readers.versions import rpm_key

CACHES: Final = ("/var/cache/dnf", "/var/cache/libdnf5")
# Without these, dnf 4 hides what is excluded, and writes 4 KB more into its own log each time it is asked.
DNF4: Final = ("dnf", "-q", "-C", "--disableexcludes=all", "--setopt=logfilelevel=0")
DNF5: Final = ("dnf", "-q", "-C", "--setopt=disable_excludes=*")
ADVISORIES: Final = ("updateinfo", "list", "--security")
EVERY: Final = ("updateinfo", "list")
CVES: Final = (*ADVISORIES, "--with-cve")
NEWER: Final = ("repoquery", "--upgrades", "--qf", r"%{name} %{repoid}\n")
EXTRAS: Final = ("repoquery", "--extras", "--qf", r"%{name}\n")
ALSO: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    NEWER: ("list", "--upgrades"),
    EXTRAS: ("list", "--extras"),
}
"""By question, another that tells the same: an answer of nothing at all may as well be no answer."""
SECONDS: Final = 60.0
# An identifier of a repository, then 16 hexadecimal digits: "test-*" would take "test-source-…" for "test".
HASH: Final = "[0-9a-f]" * 16

_NEVRA: Final = re.compile(r"(?P<name>\S+)-(?P<version>[^-\s]+-[^-\s]+)\.(?P<arch>[^.\s]+)")
_HEAD: Final = re.compile(r"Name +Type +Severity +Package +Issued *")
_NEWER: Final = re.compile(
    r"([\w.+~^-]+) ([\w.:+-]+)", re.ASCII
)  # a package and a repository, as dnf allows them
_SECURITY: Final = re.compile(r"^\S+ +(?:\w+/Sec\.|security) ", re.MULTILINE)
_EXTRA: Final = re.compile(r"[\w.+~^-]+", re.ASCII)


def parse_advisories(text: str) -> dict[str, tuple[str, set[str]]]:
    """Package name to its newest listed version and the advisories, of dnf 4's and dnf 5's tables.

    Nothing at all means none; `malformed` for a text without a row.
    """
    found: dict[str, tuple[str, set[str]]] = {}
    for line in text.splitlines():
        words = line.split()
        match = next((m for m in map(_NEVRA.fullmatch, words[2:5]) if m), None)
        if len(words) < 3 or match is None:
            continue
        version, advisories = found.get(match["name"], ("", set()))
        newest = max(version, match["version"], key=rpm_key)
        found[match["name"]] = (newest, advisories | {words[0]})
    if text and not found and not _HEAD.fullmatch(text.strip()):
        raise Unseen("malformed", " ".join(ADVISORIES), "no list of advisories")
    return found


def pending_security(host: Host) -> Seen:
    """Packages with a security advisory that is not applied, excluded and locked ones included."""
    waiting = parse_advisories(_ask(host, ADVISORIES))
    if not waiting:
        _hold_silence(host)
        return Seen([], _source(host, ADVISORIES))
    holes = parse_advisories(_ask(host, CVES))
    known = packages.installed(host).newest()
    records: list[Json] = []
    for name, (version, advisories) in sorted(waiting.items()):
        package = known.get(name)
        told: list[Json] = [*sorted(advisories | holes.get(name, ("", set()))[1])]
        records.append(
            {
                "name": name,
                "source_package": package.source if package else None,
                "installed": package.version if package else "",
                "available": version.removeprefix("0:"),
                "advisories": told,
            }
        )
    return Seen(records, _source(host, ADVISORIES))


def pending_other_count(host: Host) -> Seen:
    """How many packages have a newer version and no security advisory."""
    security = parse_advisories(_ask(host, ADVISORIES))
    return Seen(len(_newer(host).keys() - security.keys()), _source(host, NEWER))


def lists_refreshed_at(host: Host) -> Seen:
    """When the enabled repository that waited longest was last fetched or found unchanged."""
    moments = []
    for repo, path in _fetched(host).items():
        # dnf 4 leaves repomd.xml as it is when nothing changed, and touches the list of packages instead.
        paths = [path, *glob(host, path.replace("repomd.xml", "*primary*"))]
        moments.append((max(host.stat(one).modified_at for one in paths), f"{path} ({repo})"))
    return Seen(rfc3339(min(moments)[0]), min(moments)[1])


def last_installed_at(host: Host) -> Seen:
    """When the newest package was put in place: rpm installs anew to update."""
    moments = [one.installed_at for one in packages.installed(host).by_name.values() if one.installed_at]
    if not moments:
        raise Unseen("malformed", "rpm -qa", "no time of installation")
    return Seen(rfc3339(datetime.fromtimestamp(max(moments), UTC)), "rpm -qa")


def foreign(host: Host) -> Seen:
    """Installed packages that no enabled repository offers in any version."""
    _fetched(host)
    names = {match[0] for match in _rows(host, EXTRAS, _EXTRA)}
    if not names:
        _confirm_none(host, EXTRAS)
    return Seen([*sorted(names - {"gpg-pubkey"})], _source(host, EXTRAS))


def _hold_silence(host: Host) -> None:
    """Raise `not_found` where an empty list of advisories proves nothing, `malformed` where it is none."""
    if _SECURITY.search(_ask(host, EVERY)):
        raise Unseen("malformed", _source(host, ADVISORIES), f"{_source(host, EVERY)} tells of some")
    fetched = _fetched(host)
    silent = {repo for repo, path in fetched.items() if 'type="updateinfo"' not in host.text(path)}
    newer = _newer(host) if silent else {}
    untold = [name for name, repo in newer.items() if repo in silent]
    if silent and not newer:
        _confirm_none(host, NEWER)
    if untold:
        detail = f"{len(untold)} newer packages in {', '.join(sorted(silent))}, which carry no advisories"
        raise Unseen("not_found", _source(host, ADVISORIES), detail)
    if _is_dnf5(host) and dnf_locks.locked(host):
        raise Unseen("unsupported", dnf_locks.TOML, "dnf 5 hides what is locked")


def _fetched(host: Host) -> Mapping[str, str]:
    """The index of each enabled repository. `not_found` where one was never fetched, or none is enabled."""
    found = {}
    for repo in repos.enabled(host, repos.DNF_FOLDERS):
        paths = [
            path for cache in CACHES for path in glob(host, f"{cache}/{repo.name}-{HASH}/repodata/repomd.xml")
        ]
        if not paths:
            raise Unseen("not_found", CACHES[0], f"{repo.name} was never fetched")
        found[repo.name] = max(paths, key=lambda path: host.stat(path).modified_at)
    if not found:
        raise Unseen("not_found", ", ".join(repos.DNF_FOLDERS), "no repository is enabled")
    return found


def _newer(host: Host) -> dict[str, str]:
    """Packages with a newer version, and the repository that has it."""
    return {match[1]: match[2] for match in _rows(host, NEWER, _NEWER)}


def _rows(host: Host, question: tuple[str, ...], row: re.Pattern[str]) -> list[re.Match[str]]:
    """The rows of an answer. Nothing at all means none; `malformed` for a text without a row."""
    text = _ask(host, question)
    found = [match for match in map(row.fullmatch, map(str.strip, text.splitlines())) if match]
    if text and not found:
        raise Unseen("malformed", _source(host, question), "no list of packages")
    return found


def _confirm_none(host: Host, question: tuple[str, ...]) -> None:
    """Ask another way. `malformed` where that tells of packages; dnf 4 ends with 1 if there are none."""
    done = host.run(_command(host, ALSO[question]), ok=(0, 1), timeout=SECONDS)
    if done.text.strip() and not done.text.startswith("No matching"):
        raise Unseen("malformed", _source(host, question), f"{done.source} tells of some")


def _is_dnf5(host: Host) -> bool:
    try:
        return "dnf5" in host.readlink("/usr/bin/dnf")
    except Unseen:
        return not host.exists("/usr/bin/dnf") and host.exists("/usr/bin/dnf5")


def _command(host: Host, question: tuple[str, ...]) -> tuple[str, ...]:
    return (*(DNF5 if _is_dnf5(host) else DNF4), *question)


def _source(host: Host, question: tuple[str, ...]) -> str:
    return " ".join(_command(host, question))


def _ask(host: Host, question: tuple[str, ...]) -> str:
    return host.run(_command(host, question), timeout=SECONDS).text


QUESTIONS: Final[Mapping[str, Callable[[Host], Seen]]] = {
    "pending_security": pending_security,
    "pending_other_count": pending_other_count,
    "lists_refreshed_at": lists_refreshed_at,
    "last_installed_at": last_installed_at,
    "automatic_security": dnf_automatic.automatic_security,
    "automatic_blocked_by": dnf_automatic.automatic_blocked_by,
    "held": dnf_locks.held,
}
