"""Verdicts: what judging answers, in the shape that every interface shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.canonical import Json
from config.criterion import ANSWERS
from config.errors import InputError


@dataclass(frozen=True)
class Verdict:
    """A check's answer for a subject at a moment."""

    check: str
    subject: str
    answer: str
    reason: str
    """as_wanted, not_as_wanted, does_not_apply, empty_selection, or why it is unknown."""
    detail: str
    observed: Json
    """By fact."""
    expected: Json
    """By fact, as words."""
    origin: str
    """Where the thresholds come from; empty where the criterion itself sets the value."""
    sources: tuple[str, ...]
    waived_by: str | None = None

    def to_dict(self) -> dict[str, Json]:
        """The shape in which every interface shows a verdict."""
        return {**vars(self), "sources": list(self.sources)}

    @staticmethod
    def from_dict(value: Mapping[str, Json]) -> "Verdict":
        """What `to_dict` wrote. Raises InputError verdict_malformed."""
        match value:
            case {
                "check": str(),
                "subject": str(),
                "answer": answer,
                "reason": str(),
                "detail": str(),
                "observed": _,
                "expected": _,
                "origin": str(),
                "sources": list(sources),
                "waived_by": str() | None,
                **rest,
            } if answer in ANSWERS and not rest and all(isinstance(each, str) for each in sources):
                return Verdict(**{**value, "sources": tuple(sources)})  # type: ignore[arg-type]
        raise InputError(
            "verdict_malformed", "not a verdict", "It has exactly the fields that judging gives it."
        )
