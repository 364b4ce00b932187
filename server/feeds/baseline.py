"""Writes the feeds that ship with the package, for script/feeds: a folder, the KEV file, the EOL files."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from config.errors import InputError
from server.feeds import importing
from server.feeds.importing import Wanted


def main(arguments: Sequence[str]) -> int:
    """Write kev.json and eol.json to a folder, both or none; return the exit code."""
    folder, kev, *eol = map(Path, arguments)
    now = datetime.now(UTC)
    try:
        made = [
            importing.reduce(name, paths, Wanted(), now, lambda done, total: None)[0]
            for name, paths in (("kev", [kev]), ("eol", eol))
        ]
    except InputError as error:
        print(f"feeds: {error.message}", *filter(None, [error.hint]), file=sys.stderr)
        return 2
    for each in made:
        (folder / f"{each.name}.json").write_bytes(each.data)
        print(f"{each.name}.json: {each.told}, published {each.published_at}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
