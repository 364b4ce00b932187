"""Repositories of the rpm world: the `.repo` files of dnf, yum and zypper (dnf.conf(5), zypper(8)).

dnf 5 lays files of overrides over them, by patterns of their names. `signed` means that a forged package is refused:
its own signature is checked, or that of the list which holds its digest.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from collectors.door import Host, Unseen, glob

DNF_FOLDERS: Final = ("/etc/yum.repos.d", "/etc/distro.repos.d", "/usr/share/dnf5/repos.d")
ZYPP_FOLDERS: Final = ("/etc/zypp/repos.d",)
FOLDERS: Final = (*DNF_FOLDERS, *ZYPP_FOLDERS)
OVERRIDES: Final = ("/usr/share/dnf5/repos.override.d/*.repo", "/etc/dnf/repos.override.d/*.repo")
MAIN_FILES: Final = ("/etc/dnf/dnf.conf", "/etc/yum.conf")
ZYPP_MAIN: Final = "/etc/zypp/zypp.conf"
_CHECKS: Final = ("gpgcheck", "pkg_gpgcheck", "repo_gpgcheck")


@dataclass(frozen=True)
class Repo:
    """One repository. `address` is its baseurl, metalink or mirrorlist; `fields` all that its section says."""

    name: str
    address: str
    enabled: bool
    signed: bool
    source: str
    fields: Mapping[str, str]


def enabled(host: Host, folders: Iterable[str] = FOLDERS) -> list[Repo]:
    """The enabled repositories, by file and section. `not_found` where there is no such folder."""
    main = main_fields(host)
    # A folder that dnf's main file names replaces the usual ones.
    own = [folder for folder in main.get("reposdir", "").replace(",", " ").split() if folder.startswith("/")]
    looked_at = [one for one in folders if one not in DNF_FOLDERS or not own]
    looked_at += own if set(folders) & set(DNF_FOLDERS) else []
    there = [folder for folder in looked_at if host.exists(folder)]
    if not there:
        raise Unseen("not_found", ", ".join(looked_at))
    over = _overrides(host)
    found = []
    if set(folders) & set(DNF_FOLDERS):  # dnf's main file may hold repositories too
        for path in filter(host.exists, MAIN_FILES[:1]):
            found += [
                repo for repo in parse(host.text(path), path, _checks(main, False), over) if repo.enabled
            ]
    for folder in there:
        # zypper checks signatures unless told otherwise, dnf what its main file says (its own default: no).
        zypp = folder in ZYPP_FOLDERS
        default = is_on(_zypp_main(host).get("gpgcheck", ""), True) if zypp else _checks(main, False)
        for path in glob(host, f"{folder}/*.repo"):
            laid = {} if zypp else over
            found += [repo for repo in parse(host.text(path), path, default, laid) if repo.enabled]
    return found


def parse(
    text: str, source: str, checks: bool, over: Mapping[str, Mapping[str, str]] | None = None
) -> list[Repo]:
    """The repositories of one file; `checks` is the default of gpgcheck, `over` what overrides them."""
    found = []
    for section, told in sections(text, source).items():
        if section == "main":
            continue
        fields = dict(told)
        for pattern, laid in (over or {}).items():
            fields |= laid if fnmatchcase(section, pattern) else {}
        address = next((fields[key] for key in ("baseurl", "metalink", "mirrorlist") if fields.get(key)), "")
        lines, on = address.split(), is_on(fields.get("enabled", ""), True)
        found.append(Repo(section, lines[0] if lines else "", on, _checks(fields, checks), source, fields))
    return found


def main_sections(host: Host) -> list[tuple[str, Mapping[str, str]]]:
    """The [main] section of each of dnf's main files that is there, with its path."""
    there = [path for path in MAIN_FILES if host.exists(path)]
    return [(path, sections(host.text(path), path).get("main", {})) for path in there]


def main_fields(host: Host) -> Mapping[str, str]:
    """The [main] section of the file that counts."""
    return next((fields for _, fields in main_sections(host)), {})


def sections(text: str, source: str) -> dict[str, Mapping[str, str]]:
    """The sections of a file of this form. `malformed` where it has another."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unseen("malformed", source, str(error).splitlines()[0]) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def is_on(word: str, default: bool) -> bool:
    """A truth value as dnf and zypper write it."""
    return word.strip().lower() in ("1", "yes", "true", "on") if word.strip() else default


def _checks(fields: Mapping[str, str], default: bool) -> bool:
    """Whether packages are checked: `gpgcheck` alone has a default of its own."""
    return is_on(fields.get("gpgcheck", ""), default) or any(
        is_on(fields.get(key, ""), False) for key in _CHECKS
    )


def _overrides(host: Host) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for path in [path for pattern in OVERRIDES for path in glob(host, pattern)]:
        for section, fields in sections(host.text(path), path).items():
            found[section] = {**found.get(section, {}), **fields}
    return found


def _zypp_main(host: Host) -> Mapping[str, str]:
    return sections(host.text(ZYPP_MAIN), ZYPP_MAIN).get("main", {}) if host.exists(ZYPP_MAIN) else {}
