"""Repositories of the rpm world: the `.repo` files of dnf, yum and zypper (dnf.conf(5), zypper(8))."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen, glob

DNF_FOLDERS: Final = ("/etc/yum.repos.d", "/etc/distro.repos.d")
ZYPP_FOLDERS: Final = ("/etc/zypp/repos.d",)
MAIN_FILES: Final = ("/etc/dnf/dnf.conf", "/etc/yum.conf")


@dataclass(frozen=True)
class Repo:
    """One repository. `address` is its baseurl, metalink or mirrorlist; `signed` its effective gpgcheck."""

    name: str
    address: str
    enabled: bool
    signed: bool
    source: str


def enabled(host: Host) -> list[Repo]:
    """The enabled repositories, by file and section. `not_found` where there is no such folder."""
    main_checks = _main_checks(host)
    folders = [folder for folder in (*DNF_FOLDERS, *ZYPP_FOLDERS) if host.exists(folder)]
    if not folders:
        raise Unseen("not_found", ", ".join((*DNF_FOLDERS, *ZYPP_FOLDERS)))
    found = []
    for folder in folders:
        # zypper checks signatures unless told otherwise, dnf what its main file says (its own default: no).
        default = True if folder in ZYPP_FOLDERS else main_checks
        for path in glob(host, f"{folder}/*.repo"):
            found += [repo for repo in parse(host.text(path), path, default) if repo.enabled]
    return found


def parse(text: str, source: str, checks: bool) -> list[Repo]:
    """The repositories of one file; `checks` is the default of gpgcheck."""
    found = []
    for section, fields in _sections(text, source).items():
        if section == "main":
            continue
        address = next((fields[key] for key in ("baseurl", "metalink", "mirrorlist") if fields.get(key)), "")
        signed = _is_on(fields.get("gpgcheck", ""), checks) or _is_on(fields.get("pkg_gpgcheck", ""), False)
        lines = address.split()
        found.append(
            Repo(section, lines[0] if lines else "", _is_on(fields.get("enabled", ""), True), signed, source)
        )
    return found


def _main_checks(host: Host) -> bool:
    for path in MAIN_FILES:
        if host.exists(path):
            return _is_on(_sections(host.text(path), path).get("main", {}).get("gpgcheck", ""), False)
    return False


def _sections(text: str, source: str) -> dict[str, Mapping[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unseen("malformed", source, str(error).splitlines()[0]) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _is_on(word: str, default: bool) -> bool:
    return word.strip().lower() in ("1", "yes", "true", "on") if word.strip() else default
