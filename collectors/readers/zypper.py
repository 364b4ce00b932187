"""What zypper knows of newer versions (zypper(8)), from its cache alone.

`--no-refresh` alone does not keep zypper off the network: a repository that was never fetched it fetches, and
one that it cannot fetch it leaves out with return code 0. So nothing is asked before every enabled repository
lies in the cache. A patch is an advisory for several packages; `patch-info` tells which. Patches that are
locked ("unwanted") or wait for one of zypper itself (the blocked list) are pending all the same. The XML form
lists every category whatever `--category` asked for: the category is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen, rfc3339
from collectors.readers import dnf, packages, repos, zypper_automatic
from collectors.readers.versions import rpm_key

ZYPPER: Final = ("zypper", "--non-interactive", "--no-refresh")
UPDATES: Final = (*ZYPPER, "--xmlout", "list-updates", "-t", "patch", "-t", "package")
PATCH: Final = (*ZYPPER, "patch-info")
ORPHANED: Final = (*ZYPPER, "packages", "--orphaned")
CACHE: Final = "/var/cache/zypp/raw"
LOCKS: Final = "/etc/zypp/locks"
SECONDS: Final = 60.0
NEEDED: Final = (0, 100, 101, 102, 103)
"""Return codes that tell of needed patches, a needed restart and an update of zypper itself."""

_LOCKED: Final = re.compile(r"^solvable_name:\s*(\S+)", re.MULTILINE)
_FIELD: Final = re.compile(r"([A-Z][a-z ]+?) *: ?(.*)")
_CONFLICT: Final = re.compile(
    r"(\S+?)(?:\.(?:noarch|x86_64|i[3-6]86|aarch64|ppc64le|s390x|armv7hl|riscv64))? < (\S+)"
)


def parse(text: str) -> ET.Element:
    """The XML that tells what waits; a document without an update list is `malformed`."""
    source = " ".join(UPDATES)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # zypper writes none; entities could grow without bound
        raise Unseen("malformed", source, "a document type")
    try:
        tree = ET.fromstring(text)  # noqa: S314  entities were refused above
    except ET.ParseError as error:
        raise Unseen("malformed", source, str(error)) from None
    errors = [
        " ".join((one.text or "").split()) for one in tree.iter("message") if one.get("type") == "error"
    ]
    if errors:
        raise Unseen("malformed", source, errors[0][:200])
    if tree.find(".//update-list") is None:
        raise Unseen("malformed", source, "no list of updates")
    return tree


def parse_patches(text: str) -> dict[str, list[tuple[str, str]]]:
    """Patch name to the packages it is about and the versions that it wants at least."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = key = ""
    for line in text.splitlines():
        field = _FIELD.fullmatch(line)
        if field:
            key, value = field.groups()
            name = value if key == "Name" else name
        else:
            value = line.strip() if line.startswith("  ") else ""
        match = _CONFLICT.fullmatch(value) if key == "Conflicts" else None
        if match:
            found.setdefault(name, []).append((match[1], match[2]))
    return found


def pending_security(host: Host) -> Seen:
    """The packages that needed security patches are about; a patch by its own name where none is told."""
    tree = _updates(host)
    waiting = _waiting(host, tree)
    if not waiting:
        _hold_silence(host, tree)
        return Seen([], " ".join(UPDATES))
    known = packages.installed(host).newest()
    return Seen([*_records(waiting, known)], " ".join(UPDATES), " ".join(PATCH))


def pending_other_count(host: Host) -> Seen:
    """How many further packages have a newer version.

    While zypper itself waits for a patch it names no packages: then patches of other kinds are counted.
    """
    tree = _updates(host)
    if tree.find(".//blocked-update-list") is not None:
        return Seen(sum(one.get("category") != "security" for one in _patches(tree)), " ".join(UPDATES))
    names = {one.get("name", "") for one in tree.iter("update") if one.get("kind") == "package"}
    return Seen(len(names - _waiting(host, tree).keys()), " ".join(UPDATES))


def lists_refreshed_at(host: Host) -> Seen:
    """When the enabled repository that waited longest was last fetched or found unchanged."""
    moment, path = min((host.stat(path).modified_at, path) for path in _fetched(host).values())
    return Seen(rfc3339(moment), path)


def foreign(host: Host) -> Seen:
    """Installed packages that no enabled repository offers in any version."""
    _fetched(host)
    text = host.run(ORPHANED, ok=NEEDED, timeout=SECONDS).text
    rows = [line.split("|") for line in text.splitlines()]
    names = {row[2].strip() for row in rows if len(row) == 5 and row[0].startswith("i")}
    # A head without a row is torn: where there is no package, zypper prints no table.
    if not text.endswith("\n") or (not names and "No packages found." not in text.splitlines()):
        raise Unseen("malformed", " ".join(ORPHANED), "no whole list of packages")
    return Seen([*sorted(names - {"gpg-pubkey"})], " ".join(ORPHANED))


def held(host: Host) -> Seen:
    """Locks of packages and patches."""
    if not host.exists(LOCKS):
        return Seen([], LOCKS, packages.RPM_DATABASES[0])
    return Seen(sorted(set(_LOCKED.findall(host.text(LOCKS)))), LOCKS)


def _waiting(host: Host, tree: ET.Element) -> dict[str, tuple[str, set[str]]]:
    """Package to the version that needed security patches want, and their identifiers."""
    patches = [one for one in _patches(tree) if one.get("category") == "security"]
    names = sorted({one.get("name", "") for one in patches})
    if not names:
        return {}
    told = parse_patches(host.run((*PATCH, *names), ok=NEEDED, timeout=SECONDS).text)
    known = packages.installed(host).newest()
    found: dict[str, tuple[str, set[str]]] = {}
    for one in patches:
        name = one.get("name", "")
        advisories = {name} | {
            issue.get("id", "") for issue in one.iter("issue") if issue.get("type") == "cve"
        }
        older = [(pkg, want) for pkg, want in told.get(name, []) if pkg in known and _older(known[pkg], want)]
        for package, wanted in older or [(name, one.get("edition", ""))]:
            version, others = found.get(package, ("", set()))
            found[package] = (max(version, wanted, key=rpm_key), others | advisories - {""})
    return found


def _hold_silence(host: Host, tree: ET.Element) -> None:
    """Raise `not_found` where the want of a security patch proves nothing."""
    fetched = _fetched(host)
    silent = {alias for alias, path in fetched.items() if 'type="updateinfo"' not in host.text(path)}
    aliases = {
        source.get("alias")
        for one in tree.iter("update")
        if one.get("kind") == "package"
        for source in one.iter("source")
    }
    if tree.find(".//blocked-update-list") is not None:  # then zypper names no packages
        aliases = {*silent}
    if silent & aliases:
        detail = f"newer packages in {', '.join(sorted(silent & aliases))}, which carry no patches"
        raise Unseen("not_found", " ".join(UPDATES), detail)


def _fetched(host: Host) -> Mapping[str, str]:
    """The index of each enabled repository. `not_found` where one was never fetched, or none is enabled."""
    found = {}
    for repo in repos.enabled(host, repos.ZYPP_FOLDERS):
        folder = f"{CACHE}/{repo.name.replace('/', '_')}"
        paths = [path for path in (f"{folder}/repodata/repomd.xml", f"{folder}/content") if host.exists(path)]
        if not paths:
            raise Unseen("not_found", CACHE, f"{repo.name} was never fetched")
        found[repo.name] = paths[0]
    if not found:
        raise Unseen("not_found", CACHE, "no repository is enabled")
    return found


def _updates(host: Host) -> ET.Element:
    _fetched(host)
    return parse(host.run(UPDATES, ok=NEEDED, timeout=SECONDS).text)


def _patches(tree: ET.Element) -> Iterator[ET.Element]:
    return (one for one in tree.iter("update") if one.get("kind") == "patch")


def _older(package: packages.Package, wanted: str) -> bool:
    return rpm_key(package.version) < rpm_key(wanted)


def _records(
    found: Mapping[str, tuple[str, set[str]]], known: Mapping[str, packages.Package]
) -> Iterator[dict[str, Json]]:
    for name, (version, advisories) in sorted(found.items()):
        package = known.get(name)
        yield {
            "name": name,
            "source_package": package.source if package else None,
            "installed": package.version if package else "",
            "available": version,
            "advisories": [*sorted(advisories)],
        }


QUESTIONS: Final[Mapping[str, Callable[[Host], Seen]]] = {
    "pending_security": pending_security,
    "pending_other_count": pending_other_count,
    "lists_refreshed_at": lists_refreshed_at,
    "last_installed_at": dnf.last_installed_at,
    "automatic_security": zypper_automatic.automatic_security,
    "automatic_blocked_by": zypper_automatic.automatic_blocked_by,
    "held": held,
}
