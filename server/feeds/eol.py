"""Support ends from endoflife.date: `/api/v1/products/NAME`, `/api/v1/products/full`, or the older `/api/NAME.json`.

What counts is the last day of security updates that nobody pays extra for. That is `eol`; at Debian it is the end of
LTS (`eoes`), since the same archive goes on for everybody. A release that ended without a date is left out: the form
has no place for it, and what is not there is not known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config import canonical
from config.errors import InputError
from server.feeds import reading
from server.feeds.reading import Reduced, Source, refused

FILE_MAX_BYTES = 32 << 20
WANTED = "data of endoflife.date about a product"
# Their names of products, and the ids of os-release. CentOS Linux and CentOS Stream share one.
PRODUCTS: Mapping[str, str] = {
    "almalinux": "almalinux",
    "alpine-linux": "alpine",
    "amazon-linux": "amzn",
    "centos": "centos",
    "centos-stream": "centos",
    "debian": "debian",
    "fedora": "fedora",
    "linuxmint": "linuxmint",
    "macos": "macos",
    "opensuse": "opensuse-leap",
    "oracle-linux": "ol",
    "rhel": "rhel",
    "rocky-linux": "rocky",
    "sles": "sles",
    "ubuntu": "ubuntu",
}
_FREE_EXTENSION = ("debian",)
_Systems = dict[str, dict[str, str | None]]


@dataclass(frozen=True)
class _Release:
    """What one form or the other says of a release: False is "no such end", True "ended, no date"."""

    name: str
    eol: str | bool
    extended: str | bool | None


def reduce(sources: Sequence[Source], moment: datetime, product: str = "", published_on: str = "") -> Reduced:
    """Return all files' products together, as old as the oldest of them.

    Args:
        sources: one product each, or `full`.
        moment: now; what was published later is refused.
        product: whose releases the one file of the older form lists, where its name does not tell.
        published_on: the day when files of the older form were downloaded: they do not say.

    Raises:
        InputError: ``feed_…``.
    """
    systems: _Systems = {}
    moments = []
    told: dict[str, str] = {}
    for source in sources:
        opened = reading.document(source.read(FILE_MAX_BYTES), source.name, WANTED)
        if isinstance(opened, list):
            moments.append(_published_on(opened, source, published_on))
            products = {_named(source, product): [_older(each, source.name) for each in opened]}
        else:
            moments.append(_generated_at(opened, source))
            products = dict(_products(opened, source.name))
        for name, releases in products.items():
            if name in told:
                raise refused("malformed", source.name, f"{name} stands in {told[name]} already")
            told[name] = source.name
            _add(systems.setdefault(PRODUCTS[name], {}), name, releases)
    published_at = reading.published(min(moments), moment, ", ".join(each.name for each in sources))
    data = canonical.encode({"format": "eol.v1", "published_at": published_at, "systems": systems})
    count = sum(map(len, systems.values()))
    return Reduced(
        "eol", published_at[:10], published_at, data, f"{count} releases of {', '.join(sorted(systems))}"
    )


def _add(versions: dict[str, str | None], product: str, releases: Sequence[_Release]) -> None:
    for each in releases:
        end = each.eol
        if product in _FREE_EXTENSION and isinstance(each.extended, str) and end is not True:
            end = max(each.extended, end or each.extended)
        if end is True:
            continue
        # Two systems under one id: the earlier end is the one that nobody can lean on.
        held = versions.get(each.name) or None
        versions[each.name] = min(filter(None, (held, end or None)), default=None)


def _products(opened: Any, where: str) -> Iterator[tuple[str, list[_Release]]]:
    result = opened["result"]
    listed = result if isinstance(result, list) else [result]
    found = False
    for each in listed:
        match each:
            case {"name": str(name), "releases": list(releases)}:
                found = True
                if name in PRODUCTS:
                    yield name, [_newer(release, f"{where}: {name}") for release in releases]
                elif len(listed) == 1:
                    raise _unknown(where, name)
            case _:
                raise refused("malformed", where, "a product has no name or no releases")
    if not found:
        raise refused("empty", where, "no products are in it")


def _newer(release: Any, where: str) -> _Release:
    """Read a release of API version 1."""
    match release:
        case {"name": name, "isEol": bool(is_eol), **others}:
            label = reading.text(name, where, "a release's name", 32)
            eol = _end(others.get("eolFrom"), is_eol, f"{where} {label}", "eolFrom")
            extended = _end(
                others.get("eoesFrom"), bool(others.get("isEoes")), f"{where} {label}", "eoesFrom"
            )
            return _Release(label, eol, extended)
    raise refused("malformed", where, "a release has no name or no isEol")


def _older(cycle: Any, where: str) -> _Release:
    """Read a cycle of API version 0."""
    match cycle:
        case {"cycle": str() | int() as name, "eol": eol, **others}:
            label = reading.text(str(name), where, "a cycle's name", 32)
            extended = others.get("extendedSupport", False)
            ends = [
                each if isinstance(each, bool) else reading.day(each, f"{where} {label}", what)
                for each, what in ((eol, "eol"), (extended, "extendedSupport"))
            ]
            return _Release(label, ends[0], ends[1])
        case {"cycle": _} | {"releaseDate": _}:
            raise refused("malformed", where, "a cycle has no name or no eol")
    raise reading.wrong_kind(where, reading.kind([cycle]), WANTED)


def _end(value: Any, is_over: bool, where: str, name: str) -> str | bool:
    return is_over if value is None else reading.day(value, where, name)


def _generated_at(opened: Any, source: Source) -> datetime:
    match opened:
        case {"schema_version": str(version), "generated_at": text, "result": dict() | list()}:
            if version.startswith("1."):
                return reading.time(text, source.name, "generated_at")
            raise refused("wrong_kind", source.name, f"version {version[:20]} of the API is not known")
        case {"schema_version": _, "result": _}:
            raise refused("malformed", source.name, "it does not say when it was generated")
    raise reading.wrong_kind(source.name, reading.kind(opened), WANTED)


def _published_on(cycles: list[Any], source: Source, told: str) -> datetime:
    """When a file of the older form was published: only who downloaded it can say."""
    if not cycles:
        raise refused("empty", source.name, "no releases are in it")
    if not isinstance(cycles[0], dict) or "cycle" not in cycles[0]:
        raise reading.wrong_kind(source.name, reading.kind(cycles), WANTED)
    if not told:
        hint = "Say --published 2026-11-24, or take /api/v1/products/full, which says it."
        raise refused("undated", source.name, "this older form does not say when it was published", hint)
    return reading.midnight(reading.day(told, "--published", "the day"))


def _named(source: Source, product: str) -> str:
    name = product or source.name.removesuffix(".json")
    if name not in PRODUCTS:
        raise _unknown(source.name, name)
    return name


def _unknown(where: str, name: str) -> InputError:
    hint = f"Known are: {', '.join(PRODUCTS)}. Name it with --product, or call the file NAME.json."
    return refused("unknown_product", where, f"{name[:40]!r} is no operating system that is known here", hint)
