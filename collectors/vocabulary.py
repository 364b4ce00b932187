"""The vocabulary as files, made from the collectors' FACTS: config/criteria/facts.toml and docs/facts.md.

`./script/facts` writes them, and a test demands that they are current. Facts that judging joins from a host's
and from feeds are declared elsewhere, and handed in, and so is where each fact was read on each system.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from collectors import Collector, every
from collectors.findings import Fact

TOML = "config/criteria/facts.toml"
DOCUMENT = "docs/facts.md"
Sources: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]
"""By fact and system: what is read."""
_TYPES = """\
Types: bool, int, str; time is RFC 3339 in UTC, date is YYYY-MM-DD; list[…]; records{…} is a list of records,
where a field with "?" may be null: that one field could not be seen. An empty list means "looked, none"; what could
not be looked at is missing, with a reason.

"Read from" is what the collectors read when they run on the fixtures of their tests: on a live host of the system
named, and under `--root`, where files alone are there. Where systems are not told apart, all have it in one place."""
_DERIVED = """\
Joined where a report is judged, out of the host's own facts and the feeds that the server's log adopts (on a host
alone: the baseline that came with the package). No host can report them: what a report says under these names
counts for nothing."""


def toml(collectors: Mapping[str, Collector], derived: Mapping[str, Fact], written: str = "") -> str:
    """The text of facts.toml: every fact and its type, by name.

    Of what is written already, the facts of subjects that have no collector yet stay: a criterion may come
    first.
    """
    waiting, subjects = tomllib.loads(written), {one.subject for one in collectors.values()}
    types = {name: str(kind) for name, kind in waiting.items() if name.split(".")[0] not in subjects}
    types |= {name: fact.type for one in collectors.values() for name, fact in one.facts.items()}
    types |= {name: fact.type for name, fact in derived.items()}
    lines = [f'"{name}" = "{kind}"\n' for name, kind in sorted(types.items())]
    return "# Written by script/facts from the collectors' FACTS and those joined from feeds.\n" + "".join(
        lines
    )


def document(collectors: Mapping[str, Collector], derived: Mapping[str, Fact], sources: Sources) -> str:
    """The text of docs/facts.md: every fact, its type, meaning and sources on each system, by collector."""
    count = len({name for one in collectors.values() for name in one.facts})
    beside = f"and {len(derived)} that are joined from feeds"
    opening = f"Written by `./script/facts`: {count} facts of {len(collectors)} collectors, {beside}."
    parts = [f"# Facts\n\n{opening}\n\n{_TYPES}\n"]
    for name, one in collectors.items():
        told = (import_module(one.collect.__module__).__doc__ or "").strip()
        parts.append(_table(name, told, one.facts, sources))
    return "".join([*parts, _table("Joined from feeds", _DERIVED, derived, sources)])


def write(checkout: Path, derived: Mapping[str, Fact], sources: Sources) -> None:
    """Write both files below a checkout."""
    collectors = every()
    written = (checkout / TOML).read_text("utf-8")
    (checkout / TOML).write_text(toml(collectors, derived, written), encoding="utf-8")
    (checkout / DOCUMENT).parent.mkdir(exist_ok=True)
    (checkout / DOCUMENT).write_text(document(collectors, derived, sources), encoding="utf-8")


def _table(title: str, told: str, facts: Mapping[str, Fact], sources: Sources) -> str:
    rows = (
        f"| `{name}` | {_code(fact.type)} | {fact.meaning} | {_read_from(sources[name])} |\n"
        for name, fact in sorted(facts.items())
    )
    head = "| Fact | Type | Meaning | Read from |\n| --- | --- | --- | --- |\n"
    return f"\n## {title}\n\n{told}\n\n{head}{''.join(rows)}"


def _read_from(by_system: Mapping[str, Sequence[str]]) -> str:
    """Systems that read the same share a line."""
    systems: dict[str, list[str]] = {}
    for system, read in sorted(by_system.items(), key=lambda each: (each[0] == "--root", each[0])):
        systems.setdefault(", ".join(map(_code, read)), []).append(system)
    return "<br>".join(f"{', '.join(names)}: {read}" for read, names in systems.items())


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"
