"""Reading answers: what has an effect, and what has none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from agent import exits
from agent.answer import GoodAnswer, RefusalError, read_answer, retry_after
from agent.transport import Answer
from config.errors import InputError

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def answer(status: int, body: object, seconds: float = 2.0, **headers: str) -> Answer:
    """An answer that took some seconds."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers, data, NOW, NOW + timedelta(seconds=seconds))


def refusal(status: int, body: object, **headers: str) -> RefusalError:
    """What an error answer raises."""
    with pytest.raises(RefusalError) as raised:
        read_answer(answer(status, body, **headers))  # type: ignore[arg-type]
    return raised.value


def test_good() -> None:
    """The clock's offset is measured at the middle of the exchange."""
    read = read_answer(answer(200, {"time": "2026-11-24T12:00:31Z", "next_seconds": 60}))
    assert (200, 30_500, 60) == (read.status, read.clock_offset_ms, read.come_back_seconds)


@pytest.mark.parametrize(
    ("value", "read"), [(None, None), (True, None), ("60", None), (-5, 0), (0, 0), (10**12, 86_400)]
)
def test_come_back(value: object, read: int | None) -> None:
    """However long the server asks for, the agent comes back within a day."""
    assert read == read_answer(answer(200, {"next_seconds": value})).come_back_seconds


@pytest.mark.parametrize("time", [None, 1, "", "now", "2026-11-24 12:00:00", "9999-99-99T00:00:00Z"])
def test_no_time(time: object) -> None:
    """A time that is none measures nothing."""
    assert None is read_answer(answer(200, {"time": time})).clock_offset_ms


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"1", b'{"a":1,"a":2}', b"[" * 100_000, b"\xff", b'{"a":1.5}']
)
@pytest.mark.parametrize("status", [200, 400, 503])
def test_no_answer_of_ours(status: int, body: bytes) -> None:
    """A captive portal, a broken proxy: no refusal, but no server either."""
    with pytest.raises(InputError, match="server_unreachable"):
        read_answer(answer(status, body))


@pytest.mark.parametrize("status", [100, 204, 301, 302, 307, 308])
def test_no_redirect(status: int) -> None:
    """A redirect with an error's body is still no answer; 204 has nothing we could use."""
    got = answer(status, {"error": {"code": "x"}}, location="https://elsewhere.test/")
    if status == 204:
        assert isinstance(read_answer(got), GoodAnswer)
    else:
        with pytest.raises(InputError, match="server_unreachable"):
            read_answer(got)


def test_refusal() -> None:
    """The server's error, with what the agent may act on, and an exit code of its own."""
    error = {"code": "sections_missing", "message": "m", "hint": "h", "missing": ["a", 1, "b"], "expected": 7}
    refused = refusal(409, {"error": error})
    assert ("sections_missing", "m", "h", ("a", "b"), 7) == (
        refused.code, refused.message, refused.hint, refused.missing, refused.expected
    )  # fmt: skip
    assert exits.FAILED == exits.exit_code(refused)


def test_refusal_of_a_stranger() -> None:
    """Words of a stranger cannot steer a terminal, nor fill a log."""
    refused = refusal(400, {"error": {"code": "\x1b[2Jx", "message": "a\x1b[31m\nb" + "c" * 1000, "hint": 7}})
    assert ("?[2Jx", "") == (refused.code, refused.hint)
    assert refused.message.startswith("a?[31m?b")
    assert 300 == len(refused.message)


def test_refusal_without_words() -> None:
    """An error without a code is still an error."""
    assert "refused" == refusal(403, {"error": {}}).code


@pytest.mark.parametrize(
    ("status", "passes"),
    [(400, False), (401, False), (403, False), (408, True), (429, True), (500, True), (507, True)],
)
def test_passes(status: int, passes: bool) -> None:
    """What may end otherwise when it is tried again."""
    assert passes == refusal(status, {"error": {"code": "x"}}).passes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7),
        (" 7 ", 7),
        ("-7", None),
        ("7.5", None),
        ("9" * 5000, 86_400),
        ("\u0667", None),
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 24 Nov 2099 11:00:00 GMT", 86_400),
        ("Tue, 24 Nov 2026 12:01:00", None),
        ("soon", None),
    ],
)
def test_retry_after(text: str | None, seconds: int | None) -> None:
    """Seconds or a date (RFC 9110), clamped to a day."""
    assert seconds == retry_after(text, NOW)
