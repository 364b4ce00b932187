"""What is remembered from one attempt to ship to the next, read by status and the service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from agent.state import State, read_json, write_json
from config.canonical import Json
from config.errors import InputError

FILE: Final = "shipping.json"


@dataclass(frozen=True)
class Shipping:
    """Times are RFC 3339. `sequence` and `sha256` are those of the last acknowledged statement."""

    last_attempt_at: str | None = None
    last_receipt_at: str | None = None
    sequence: int = 0
    sha256: str | None = None
    log_size: int = 0
    clock_offset_ms: int | None = None
    next_attempt_at: str | None = None
    failures: int = 0
    problem: dict[str, str] | None = None

    def to_dict(self) -> dict[str, Json]:
        """For the file and for `status --json`."""
        problem: Json = None if self.problem is None else {**self.problem}
        return {
            "last_attempt_at": self.last_attempt_at,
            "last_receipt_at": self.last_receipt_at,
            "sequence": self.sequence,
            "sha256": self.sha256,
            "log_size": self.log_size,
            "clock_offset_ms": self.clock_offset_ms,
            "next_attempt_at": self.next_attempt_at,
            "failures": self.failures,
            "problem": problem,
        }

    def failed(self, error: InputError, next_attempt_at: str) -> Shipping:
        """After an attempt that left something waiting."""
        return replace(
            self, failures=self.failures + 1, next_attempt_at=next_attempt_at, problem=error.to_dict()
        )

    def succeeded(self) -> Shipping:
        """After an attempt that left nothing waiting."""
        return replace(self, failures=0, problem=None)


def read_shipping(state: State) -> Shipping:
    """What is remembered. A damaged file is as good as none: everything in it is measured again."""
    try:
        value = read_json(state, FILE)
    except InputError as error:
        if error.code != "state_file_damaged":
            raise
        value = None
    return Shipping() if value is None else _from_dict(value)


def write_shipping(state: State, shipping: Shipping) -> None:
    """Remember."""
    write_json(state, FILE, shipping.to_dict())


def _from_dict(value: dict[str, Json]) -> Shipping:
    problem = value.get("problem")
    return Shipping(
        last_attempt_at=_text(value, "last_attempt_at"),
        last_receipt_at=_text(value, "last_receipt_at"),
        sequence=_number(value, "sequence") or 0,
        sha256=_text(value, "sha256"),
        log_size=_number(value, "log_size") or 0,
        clock_offset_ms=_number(value, "clock_offset_ms"),
        next_attempt_at=_text(value, "next_attempt_at"),
        failures=_number(value, "failures") or 0,
        problem={name: str(text) for name, text in problem.items()} if isinstance(problem, dict) else None,
    )


def _text(value: dict[str, Json], name: str) -> str | None:
    text = value.get(name)
    return text if isinstance(text, str) else None


def _number(value: dict[str, Json], name: str) -> int | None:
    number = value.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) else None
