"""Reading the server's answers: a receipt, the time, when to come back, or an error.

Nothing else in them has any effect, since the agent takes no orders: fields that are not named here are
dropped unread, numbers are clamped, and texts are stripped of what could steer a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from agent.console import plain
from agent.exits import ServerRefusedError
from agent.transport import ANSWER_MAX_BYTES, Answer
from config import canonical
from config.canonical import Json
from config.errors import InputError

COME_BACK_MAX_SECONDS: Final = 24 * 3600
"""However long the server asks for, the agent tries again within a day."""
_CODE_MAX_CHARACTERS: Final = 64
_DIGESTS_MAX: Final = 1000


@dataclass(frozen=True)
class GoodAnswer:
    """A 2xx answer. `value` is only read field by field; `clock_offset_ms` is server minus host."""

    status: int
    value: dict[str, Json]
    clock_offset_ms: int | None
    come_back_seconds: int | None


class RefusalError(ServerRefusedError):
    """The server's own error, with what this agent may act on."""

    def __init__(self, code: str, message: str, hint: str, status: int) -> None:
        super().__init__(code, message, hint)
        self.status = status
        self.retry_after_seconds: int | None = None
        self.clock_offset_ms: int | None = None
        self.missing: tuple[str, ...] = ()
        self.expected: int | None = None

    @property
    def passes(self) -> bool:
        """Whether trying again later may help with nothing changed here."""
        return self.status in (408, 425, 429) or self.status >= 500


def read_answer(answer: Answer) -> GoodAnswer:
    """A good answer. Raises RefusalError for the server's errors, `server_unreachable` for anything else."""
    value = _object(answer)
    offset = _clock_offset_ms(value.get("time"), answer)
    if 200 <= answer.status < 300:
        return GoodAnswer(answer.status, value, offset, _seconds(value.get("next_seconds")))
    error = value.get("error")
    if not isinstance(error, dict) or not 400 <= answer.status < 600:
        raise _malformed(answer, "no answer of a Boltseal server")
    refusal = RefusalError(
        plain(error.get("code"), _CODE_MAX_CHARACTERS) or "refused",
        plain(error.get("message")),
        plain(error.get("hint")),
        answer.status,
    )
    refusal.retry_after_seconds = retry_after(answer.headers.get("retry-after"), answer.received_at)
    refusal.clock_offset_ms = offset
    refusal.missing, refusal.expected = _missing(error), _expected(error)
    raise refusal


def retry_after(text: str | None, now: datetime) -> int | None:
    """Seconds until a Retry-After header (RFC 9110, 10.2.3: seconds or a date), clamped.

    None when it has none.
    """
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(int(text.strip()[:9]), COME_BACK_MAX_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
        return max(0, min(int((moment - now).total_seconds()), COME_BACK_MAX_SECONDS))
    except (TypeError, ValueError, OverflowError):
        return None


def _object(answer: Answer) -> dict[str, Json]:
    try:
        value = canonical.decode(answer.body, ANSWER_MAX_BYTES)
    except InputError as error:
        raise _malformed(answer, error.message) from None
    if not isinstance(value, dict):
        raise _malformed(answer, "no object")
    return value


def _malformed(answer: Answer, why: str) -> InputError:
    hint = "look whether a proxy or another service answers at the server's address"
    return InputError("server_unreachable", f"HTTP {answer.status}, but {why}", hint)


def _clock_offset_ms(text: Json, answer: Answer) -> int | None:
    """Server time minus this host's, at the middle of the exchange; a whole second counts as its middle."""
    if not isinstance(text, str):
        return None
    try:
        told = canonical.decode_time(text)
    except InputError:
        return None
    middle = answer.sent_at + (answer.received_at - answer.sent_at) / 2
    return round((told - middle).total_seconds() * 1000) + 500


def _seconds(value: Json) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return max(0, min(value, COME_BACK_MAX_SECONDS))


def _missing(error: dict[str, Json]) -> tuple[str, ...]:
    listed = error.get("missing")
    if not isinstance(listed, list):
        return ()
    return tuple(each for each in listed[:_DIGESTS_MAX] if isinstance(each, str))


def _expected(error: dict[str, Json]) -> int | None:
    number = error.get("expected")
    return number if isinstance(number, int) and not isinstance(number, bool) else None
