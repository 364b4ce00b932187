"""Known products and how each is recognised: by package, by a path it installs, by a running program.

A removed package that left its configuration is not installed; a product that was unpacked by hand has a
path or a process, but no package. Shell patterns are allowed in package names and paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collectors.door import Host, Unseen, glob
from collectors.readers import packages, processes, units


@dataclass(frozen=True)
class Product:
    """One product. `programs` are process names, `units` the systemd units that start it at boot."""

    name: str
    packages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Found:
    """A product that is there. `running` is None where processes cannot be seen."""

    product: Product
    installed: bool
    running: bool | None
    source: str


def found(host: Host, known: Iterable[Product]) -> Iterator[Found]:
    """Those of the known products that are installed or running, in their order.

    Raises `Unseen` when a package list or a path cannot be looked at: "none found" would be a guess.
    """
    for product in known:
        source = installed(host, product)
        running = processes.maybe_running(host, *product.programs) if product.programs else None
        if source or running:
            yield Found(product, source is not None, running, source or "/proc")


def installed(host: Host, product: Product) -> str | None:
    """What shows that the product is installed ("package clamav-daemon", a path), or None."""
    for pattern in product.paths:
        paths = glob(host, pattern)
        if paths:
            return paths[0]
    if not product.packages:
        return None
    try:
        package = packages.installed(host).first(*product.packages)
    except Unseen as unseen:
        if unseen.reason == "not_found":  # a system without a package database has no packages
            return None
        raise
    return f"package {package.name}" if package else None


def starts(host: Host, product: Product) -> bool:
    """Whether one of the product's units starts at boot."""
    return units.starting(host, *product.units) is not None
