"""Reading bodies: stalled, too many at once, cut off."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from config.errors import InputError
from server import asgi, body
from server.body import DisconnectedError, Reading
from tests.server.twin import InProcess, Twin
from tests.server.unharmed import unharmed

SCOPE: dict[str, Any] = {"headers": []}


def _parts(*parts: Any, then: str = "stall") -> Callable[[], Any]:
    """A client that sends some parts, and then stalls or goes away."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        if left:
            return {"type": "http.request", "body": left.pop(0), "more_body": True}
        if then == "stall":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return receive


def test_stalled() -> None:
    """A body that does not go on is given up, and its bytes are free for others."""
    reading = Reading(limit=10)
    for _ in range(3):
        with pytest.raises(InputError, match="body_timeout"):
            asyncio.run(body.read(SCOPE, _parts(b"12345678"), reading, 100, 0.01))


def test_cut_off() -> None:
    """A client that goes away half-way needs no answer."""
    with pytest.raises(DisconnectedError):
        asyncio.run(body.read(SCOPE, _parts(b"1", then="go"), Reading(), 100, 1))


def test_too_many_at_once() -> None:
    """Half-read bodies share one bound; what would pass it is told to come back, what is there goes on."""
    reading = Reading(limit=10)

    async def both() -> tuple[bytes | BaseException, bytes | BaseException]:
        first = body.read(SCOPE, _parts(b"123456"), reading, 100, 0.2)
        second = body.read(SCOPE, _parts(b"123456"), reading, 100, 0.2)
        return await asyncio.gather(first, second, return_exceptions=True)

    codes = [each.code for each in asyncio.run(both()) if isinstance(each, InputError)]
    assert ["body_timeout", "busy"] == codes


def test_page_that_stalls() -> None:
    """For a page, a body that stalls is a client that went away."""

    async def take() -> list[str]:
        receive = body.within(_parts(b"name=value"), 0.01)
        return [(await receive())["type"] for _ in range(2)]

    assert ["http.request", "http.disconnect"] == asyncio.run(take())


def test_answer_to_a_stalled_body(server: InProcess, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stalls hears why, and that the connection ends."""
    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    async def post() -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/reports",
            "headers": [(b"host", b"localhost")],
        }
        await server.front(scope, _parts(b"{"), send)

    with unharmed(server, twin):
        monkeypatch.setitem(asgi.ROUTES, "/api/v1/reports", ("POST", _impatient))
        server.runner.run(post())
        monkeypatch.undo()
    assert 408 == answers[0]["status"]
    assert (b"connection", b"close") in answers[0]["headers"]
    assert b"body_timeout" in answers[1]["body"]


async def _impatient(scope: Any, receive: Any, desk: Any) -> Any:
    await body.read(scope, receive, desk.reading, 100, 0.01)


def test_busy(server: InProcess, twin: Twin) -> None:
    """Beyond the reports that may be on their way at once, the next is told when to come back."""
    with unharmed(server, twin):
        server.front.desk.in_flight = 10_000
        answer = server.request("POST", "/api/v1/reports", twin.body(twin.report()))
        assert (503, "busy", "5") == (answer.status, answer.code, answer.headers["retry-after"])
        server.front.desk.in_flight = 0


def test_unforeseen(server: InProcess, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is one answer with a code, tells nothing of the inside, and harms no other request."""

    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError("secret of the inside")

    with unharmed(server, twin):
        monkeypatch.setitem(asgi.ROUTES, "/checkpoint", ("GET", broken))
        answer = server.request("GET", "/checkpoint")
        assert (500, "internal") == (answer.status, answer.code)
        assert "inside" not in str(answer.body)


def test_unforeseen_in_the_writer(server: InProcess, twin: Twin) -> None:
    """A job that fails in a way nobody foresaw is rolled back, and the writer goes on."""

    def broken(entries: Any) -> Any:
        entries.say("release", [], {"host_id": "h", "reason": "r", "released_at": entries.now})
        raise ZeroDivisionError

    with unharmed(server, twin), pytest.raises(ZeroDivisionError):
        server.runner.run(server.front.desk.writer.submit(broken))
