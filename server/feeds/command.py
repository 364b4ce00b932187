"""`boltseal-server feed`: import a vendor's file, or list what is in force."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from server import console
from server.feeds import adopted, importing, listing
from server.feeds.importing import Wanted
from server.feeds.listing import FeedRow
from server.home import Home

SILENT_SECONDS = 2.0
_PERIOD_SECONDS = 1.0


def feed(options: argparse.Namespace) -> int:
    """Import or list feeds."""
    home = Home(options.home).demand()
    now = datetime.now(UTC)
    if options.action == "list":
        with console.opened(home) as connection:
            console.print_rows(listing.listed(connection, now), _line, options.json)
        return 0
    wanted = Wanted(tuple(options.ecosystem), options.whole, options.product, options.published)
    progress = Progress(time.monotonic)
    reduced, digest = importing.reduce(options.name, options.files, wanted, now, progress)
    progress.end()
    with console.opened(home) as connection, console.entering(home, connection) as entries:
        entry = adopted.adopt(entries, reduced, digest, options.older)
    if entry is None:
        print(f"Nothing new: this {reduced.name} of {reduced.published_at} is in force already.")
        return 0
    print(
        f"Adopted feed {reduced.name}, version {reduced.version}, published {reduced.published_at}: {reduced.told}."
    )
    print(f"It is entry {entry.leaf_index} of the log; every host is judged anew.")
    return 0


class Progress:
    """Says how far it is, to people who wait for longer than two seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = clock() + SILENT_SECONDS
        self._is_shown = False

    def __call__(self, done: int, total: int) -> None:
        """Hear that so many of so many are read."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + _PERIOD_SECONDS
        of = f" of {total:,}" if total else ""
        start, end = ("\r", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}{done:,}{of} advisories", end=end, file=sys.stderr, flush=True)
        self._is_shown = bool(start)

    def end(self) -> None:
        """Leave the line of the progress."""
        if self._is_shown:
            print(file=sys.stderr)


def _line(row: FeedRow) -> str:
    if not row.published_at:
        return f"{row.name}  {row.state}"
    state = f"{row.state} (more than {row.max_age_days} days)" if row.state == listing.TOO_OLD else row.state
    age = f"published {row.published_at}, {row.age_days} days ago"
    return (
        f"{row.name}  {state}  {age}  version {row.version}  entry {row.leaf_index}, sha256 {row.sha256[:16]}"
    )
