"""The vocabulary as files, made from the collectors' FACTS: config/criteria/facts.toml and docs/facts.md.

`./script/facts` writes them, and a test demands that they are current.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from collectors import Collector, discover

TOML = "config/criteria/facts.toml"
DOCUMENT = "docs/facts.md"
_TYPES = """\
Types: bool, int, str; time is RFC 3339 in UTC, date is YYYY-MM-DD; list[…]; records{…} is a list of records,
where a field with "?" may be null: that one field could not be seen. An empty list means "looked, none"; what could
not be looked at is missing, with a reason."""


def toml(collectors: Mapping[str, Collector], written: str = "") -> str:
    """The text of facts.toml: every fact and its type, by name.

    Of what is written already, the facts of subjects that have no collector yet stay: a criterion may come
    first.
    """
    waiting = tomllib.loads(written)
    types = {name: str(kind) for name, kind in waiting.items() if name.split(".")[0] not in collectors}
    types |= {name: fact.type for one in collectors.values() for name, fact in one.facts.items()}
    lines = [f'"{name}" = "{kind}"\n' for name, kind in sorted(types.items())]
    return "# Written by script/facts from the collectors' FACTS.\n" + "".join(lines)


def document(collectors: Mapping[str, Collector]) -> str:
    """The text of docs/facts.md: every fact, its type and meaning, by collector."""
    count = sum(len(one.facts) for one in collectors.values())
    opening = f"Written by `./script/facts`: {count} facts of {len(collectors)} collectors."
    parts = [f"# Facts\n\n{opening}\n\n{_TYPES}\n"]
    for name, one in collectors.items():
        told = (import_module(one.collect.__module__).__doc__ or "").strip()
        parts.append(f"\n## {name}\n\n{told}\n\n| Fact | Type | Meaning |\n| --- | --- | --- |\n")
        parts.extend(
            f"| `{fact}` | `{kind.type.replace('|', chr(92) + '|')}` | {kind.meaning} |\n"
            for fact, kind in sorted(one.facts.items())
        )
    return "".join(parts)


def write(checkout: Path) -> None:
    """Write both files below a checkout."""
    collectors = discover()
    written = (checkout / TOML).read_text("utf-8")
    (checkout / TOML).write_text(toml(collectors, written), encoding="utf-8")
    (checkout / DOCUMENT).parent.mkdir(exist_ok=True)
    (checkout / DOCUMENT).write_text(document(collectors), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
