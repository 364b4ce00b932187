"""From downloaded files to a feed: opening, hashing, and the reducer that fits."""

import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config import feed
from config.errors import InputError
from server.feeds import eol, kev, osv
from server.feeds.advisories import Told
from server.feeds.reading import Reduced, Source, refused

FILES_MAX = 10_000
FILE_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Wanted:
    """What was asked for about the files, beside their names."""

    ecosystems: tuple[str, ...] = ()
    is_whole: bool = False
    product: str = ""
    published_on: str = ""

    def demand(self, name: str) -> None:
        """InputError ``feed_option`` where something was asked for that this feed does not have."""
        told = {
            "--ecosystem": ("osv", self.ecosystems),
            "--whole": ("osv", self.is_whole),
            "--product": ("eol", self.product),
            "--published": ("eol", self.published_on),
        }
        for option, (own, value) in told.items():
            if value and own != name:
                raise InputError("feed_option", f"{option} is for {own}, not for {name}.")


def reduce(
    name: str, paths: Sequence[Path], wanted: Wanted, moment: datetime, told: Told
) -> tuple[Reduced, str]:
    """Return the feed ``kev``, ``osv`` or ``eol`` out of files, and the digest of these.

    The digest of one file is its SHA-256; of several, that of the lines which `sha256sum` prints of them in the
    order of their names.

    Raises:
        InputError: ``feed_…``.
    """
    wanted.demand(name)
    names = [path.name for path in paths]
    if len(set(names)) < len(names) or len(names) > FILES_MAX:
        raise InputError("feed_files", "Two files have the same name, or there are too many.")
    if name == "kev" and len(paths) > 1:
        raise InputError("feed_files", "The KEV catalogue is one file.")
    with ExitStack() as stack:
        sources = [stack.enter_context(_opened(path)) for path in sorted(paths, key=lambda each: each.name)]
        digest = _digest(sources)
        if name == "kev":
            reduced = kev.reduce(sources[0], moment)
        elif name == "osv":
            reduced = osv.reduce(sources, moment, told, wanted.ecosystems, wanted.is_whole)
        else:
            reduced = eol.reduce(sources, moment, wanted.product, wanted.published_on)
    feed.read(name, reduced.data)
    return reduced, digest


@contextmanager
def _opened(path: Path) -> Iterator[Source]:
    name = "".join(letter if letter.isprintable() else "?" for letter in path.name)
    try:
        # Looked at before it is opened: a pipe would wait for ever.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise refused("unreadable", name, "this is no file")
        if status.st_size > FILE_MAX_BYTES:
            raise refused("too_large", name, f"more than {FILE_MAX_BYTES >> 20} MiB")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise InputError("feed_unreadable", f"{path}: {why}.") from error
    with file:
        yield Source(name, file)


def _digest(sources: Sequence[Source]) -> str:
    digests = {}
    for each in sources:
        digests[each.name] = hashlib.file_digest(each.file, "sha256").hexdigest()
        each.file.seek(0)
    if len(digests) == 1:
        return next(iter(digests.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256(lines.encode()).hexdigest()
