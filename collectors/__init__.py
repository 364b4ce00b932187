"""Collectors: one module per subject, on top of one door to the observed system.

README.md says how to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from collectors.findings import Fact, Findings

PLATFORMS: Final = {
    "linux": "host",
    "windows": "host",
    "macos": "host",
    "ad": "directory",
    "openldap": "directory",
    "entra": "tenant",
    "google": "tenant",
    "okta": "tenant",
    "device": "device",
    "network": "network",
    "mail": "network",
}
"""What is looked at, and which kind of subject that is. A module's last word says its platform: `updates_windows`
looks at Windows; one without such a word looks at Linux. The same fact has the same name and type everywhere."""


@dataclass(frozen=True)
class Collector:
    """One subject's module: its name, its facts, the version of their meaning, and how to look.

    `collect` takes the door to what the collector's platform is reached by: of hosts a `Host`.
    """

    name: str
    version: int
    facts: Mapping[str, Fact]
    collect: Callable[[Any], Findings]
    platform: str = "linux"

    @property
    def subject(self) -> str:
        """What its facts begin with: the name without the platform."""
        return self.name.removesuffix(f"_{self.platform}")


def discover(platform: str = "linux") -> Mapping[str, Collector]:
    """The collectors of one platform by name, sorted; nothing of other platforms is imported.

    Of a platform that is none of PLATFORMS they are Linux's: what its files and tools can tell, they tell.
    They are the modules of this folder that declare FACTS. One that fails at import is there without facts and
    raises the same error when it is to look, so that it is one failed section and hides no other. Works from a
    zip as well.
    """
    return _discover(platform if platform in PLATFORMS else "linux")


def every() -> Mapping[str, Collector]:
    """The collectors of all platforms by name, sorted."""
    return dict(sorted(item for platform in PLATFORMS for item in discover(platform).items()))


def platform_of(name: str) -> str:
    """The platform that a module's name says."""
    word = name.rpartition("_")[2]
    return word if word in PLATFORMS and word != name else "linux"


@cache
def _discover(platform: str) -> Mapping[str, Collector]:
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        if module.ispkg or module.name in _NOT_SUBJECTS or platform_of(module.name) != platform:
            continue
        try:
            loaded = importlib.import_module(f"{__name__}.{module.name}")
            if hasattr(loaded, "FACTS"):
                version = getattr(loaded, "VERSION", 1)
                found[module.name] = Collector(module.name, version, loaded.FACTS, loaded.collect, platform)
        except (Exception, SystemExit) as error:  # noqa: BLE001  raised again inside the guard of those who scan
            found[module.name] = Collector(module.name, 1, {}, partial(_raise, error), platform)
    return found


def _raise(error: BaseException, host: object) -> Findings:
    raise error


_NOT_SUBJECTS = frozenset({"door", "findings", "look"})
