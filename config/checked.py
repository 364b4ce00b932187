"""What a bundle's check found: proven step by step, not proven, and worth a warning."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from config.canonical import Json
from config.errors import InputError
from config.standing import Standing

COUNTS = (
    "members",
    "log_entries",
    "server_statements",
    "hosts",
    "observed",
    "reports",
    "losses",
    "sections",
    "verdicts",
)


@dataclass(frozen=True)
class Checked:
    """What a check proved, what it could not prove, and what its reader should know."""

    ok: bool
    """All twelve steps were taken and nothing was found wrong."""
    proven: tuple[str, ...]
    """A numbered sentence for each step taken."""
    not_proven: tuple[str, ...]
    warnings: tuple[str, ...]
    counts: Mapping[str, int]
    """By the names in COUNTS: what was there to be proven, and was."""
    manifest: Mapping[str, Json]
    """What the bundle says of itself: moment, company, scope; empty before step 3."""
    standing: Standing | None
    """Rolled up anew from the verdicts found; None before step 12."""


class BundleError(InputError):
    """The first thing found wrong, with what had been proven before it, as callers show both."""

    def __init__(self, error: InputError, checked: Checked) -> None:
        super().__init__(error.code, error.message, error.hint)
        self.checked = checked


class Told:
    """The findings of one check while it goes on."""

    def __init__(self) -> None:
        self.proven: list[str] = []
        self.not_proven: list[str] = []
        self.warnings: list[str] = []
        self.counts = dict.fromkeys(COUNTS, 0)
        self.manifest: Mapping[str, Json] = {}
        self.standing: Standing | None = None

    def step(self, sentence: str) -> None:
        """Note the next step as taken."""
        self.proven.append(f"{len(self.proven) + 1}. {sentence}")

    def absent(self, count: int, size: int) -> None:
        """Say what entries that are not here may hide. Raises InputError where the manifest says all are."""
        if count and "whole chains" in str(self.manifest["scope"]):
            raise InputError(
                "bundle_member_missing", f"whole chains are told, and {count} entries are not here"
            )
        if count:
            which = f"{count} of the log's {size} entries are not here"
            self.not_proven.append(f"{which}: that they are only earlier reports is the server's word.")
            what = "a revocation, a quarantine or a newer, failing report"
            self.warnings.append(f"{which}: {what} could be among them, and the standing another.")

    def checked(self, ok: bool) -> Checked:
        """The findings so far."""
        lists = (tuple(self.proven), tuple(self.not_proven), tuple(self.warnings))
        return Checked(ok, *lists, dict(self.counts), self.manifest, self.standing)


@contextmanager
def naming(member: str) -> Iterator[None]:
    """Put the member's name before the message of whatever is found wrong inside."""
    try:
        yield
    except InputError as error:
        raise InputError(error.code, f"{member}: {error.message}", error.hint) from error
