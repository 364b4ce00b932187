"""Collectors: one module per subject, on top of one door to the observed system.

README.md says how to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

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

    Works from a zip as well.
    """
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        if module.ispkg or module.name in _NOT_SUBJECTS:
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(loaded, "FACTS"):
            version = getattr(loaded, "VERSION", 1)
            found[module.name] = Collector(module.name, version, loaded.FACTS, loaded.collect)
    return found


_NOT_SUBJECTS = frozenset({"door", "findings", "look"})
