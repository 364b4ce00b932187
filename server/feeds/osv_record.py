"""What one OSV advisory says, by the schema 1.x: https://ossf.github.io/osv-schema.

Records name CVEs in different places: the tracker's (`DEBIAN-CVE-…`, `UBUNTU-CVE-…`) in their own id and `upstream`,
advisories (DSA, DLA, USN) in `aliases` or `upstream`, older ones in `related`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from server.feeds import reading
from server.feeds.reading import refused

RELEASE = re.compile(r"Debian:\d{1,3}|Ubuntu:(Pro:)?\d\d\.\d\d(:LTS)?")
"""Ecosystems that are read: releases of Debian and Ubuntu."""

_TRACKER = re.compile(r"(?:DEBIAN|UBUNTU)-(CVE-.*)")
_ADVISORY = re.compile(r"(?:DSA|DLA|DTSA|ELA|USN|LSN)-.*")
_NOT_AFFECTED = "0"


def cves(advisory: dict[str, Any], where: str) -> list[str]:
    """Return the CVEs that it is about; InputError ``feed_malformed``."""
    own = advisory["id"]
    names = [own, *_texts(advisory, "aliases", where), *_texts(advisory, "upstream", where)]
    found = _only_cves(names)
    if not found and _ADVISORY.fullmatch(own):
        found = _only_cves(_texts(advisory, "related", where))
    return found


def affected(advisory: dict[str, Any], where: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield ecosystem, source package and the versions that closed it, for each package that it is about.

    InputError ``feed_malformed``.
    """
    for each in _list(advisory.get("affected"), where, "affected"):
        match each:
            case {"package": {"ecosystem": str(ecosystem), "name": str(name)}, **others}:
                if RELEASE.fullmatch(ecosystem):
                    package = reading.text(name, where, "a package's name", 128)
                    yield ecosystem, package, list(_fixed(others.get("ranges"), where))
                else:
                    yield ecosystem[:40], "", []
            case {"package": _} | {"ranges": _}:
                raise refused("malformed", where, "an affected package has no ecosystem or no name")


def _only_cves(names: Sequence[str]) -> list[str]:
    stripped = (_TRACKER.sub(r"\1", name) for name in names)
    return [cve for cve in dict.fromkeys(map(reading.cve, stripped)) if cve]


def _texts(advisory: dict[str, Any], name: str, where: str) -> list[str]:
    value = _list(advisory.get(name), where, name)
    if not all(isinstance(each, str) for each in value):
        raise refused("malformed", where, f"{name} is not a list of texts")
    return value


def _list(value: Any, where: str, name: str) -> list[Any]:
    """A list; what is not there or null is an empty one."""
    if value is not None and not isinstance(value, list):
        raise refused("malformed", where, f"{name} is no list")
    return value or []


def _fixed(ranges: Any, where: str) -> Iterator[str]:
    for each in _list(ranges, where, "ranges"):
        match each:
            case {"type": "ECOSYSTEM", "events": list(events)}:
                for event in events:
                    if not isinstance(event, dict):
                        raise refused("malformed", where, "an event is not an object")
                    version = event.get("fixed")
                    if version is not None and version != _NOT_AFFECTED:
                        yield reading.text(version, where, "a fixed version", 128)
            case {"type": str()}:
                continue  # commits, say: they order no package
            case _:
                raise refused("malformed", where, "a range has no type or no events")
