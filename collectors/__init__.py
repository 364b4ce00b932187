"""Collectors: one module per subject, on top of one door to the observed system.

README.md says how to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from collectors.door import Host
from collectors.findings import Fact, Findings


@dataclass(frozen=True)
class Collector:
    """One subject's module: its name, its facts, the version of their meaning, and how to look."""

    name: str
    version: int
    facts: Mapping[str, Fact]
    collect: Callable[[Host], Findings]


@cache
def discover() -> Mapping[str, Collector]:
    """Every collector by name, sorted: the modules of this folder that declare FACTS.

    One that fails at import is there without facts and raises the same error when it is to look, so that it
    is one failed section and hides no other. Works from a zip as well.
    """
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        if module.ispkg or module.name in _NOT_SUBJECTS:
            continue
        try:
            loaded = importlib.import_module(f"{__name__}.{module.name}")
            if hasattr(loaded, "FACTS"):
                version = getattr(loaded, "VERSION", 1)
                found[module.name] = Collector(module.name, version, loaded.FACTS, loaded.collect)
        except (Exception, SystemExit) as error:  # noqa: BLE001  raised again inside the guard of those who scan
            found[module.name] = Collector(module.name, 1, {}, partial(_raise, error))
    return found


def _raise(error: BaseException, host: Host) -> Findings:
    raise error


_NOT_SUBJECTS = frozenset({"door", "findings", "look"})
