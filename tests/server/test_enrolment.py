"""Letting hosts in: tokens, keys and repeated requests."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from config import canonical, envelope, keys, statement
from config.canonical import Json
from config.errors import InputError
from config.statement import Subject
from server import database, tokens
from server.home import Home
from tests.server.twin import NOW, Answer, Clock, InProcess, Twin, new_token, rows
from tests.server.unharmed import unharmed


def _post(server: InProcess, body: bytes, secret: str) -> Answer:
    return server.request("POST", "/api/v1/enrolments", body, {"authorization": f"Bearer {secret}"})


def test_enrolment(server: InProcess) -> None:
    """A host gets the server's keys and its own signed enrolment, which names its key and the token's tags."""
    twin = Twin("new")
    answer = twin.enrol(server, new_token(server.home, tags=["warehouse"]))
    assert 201 == answer.status
    public = server.home.key("server").public
    verified = envelope.verify(envelope.decode(answer.body["enrolment"].encode()), [public])
    said = statement.decode(verified.payload)
    assert ("enrolment", "new", ["warehouse"]) == (
        said.kind,
        said.predicate["host_id"],
        said.predicate["tags"],
    )
    assert (Subject("key", twin.key.public.key_id),) == said.subjects
    server_keys = envelope.verify(envelope.decode(answer.body["server_keys"].encode()), [public])
    assert "server_keys" == statement.decode(server_keys.payload).kind
    twin.check(server, said, answer)


def test_enrolment_repeated(server: InProcess, clock: Clock) -> None:
    """The same key and token again is success and uses nothing up, even when the token has ended since."""
    secret = new_token(server.home)
    twin = Twin("new")
    first = twin.enrol(server, secret)
    clock.forward(days=3)
    again = twin.enrol(server, secret)
    assert (201, 200) == (first.status, again.status)
    assert first.body["enrolment"] == again.body["enrolment"]
    assert [(1,)] == rows(server.home, "SELECT used FROM token")
    assert [(1,)] == rows(server.home, "SELECT count(*) FROM statement WHERE kind='enrolment'")


def test_enrolment_repeated_with_another_token(server: InProcess, twin: Twin, clock: Clock) -> None:
    """An enrolled key with another token needs a good one, and uses nothing up."""
    other = new_token(server.home)
    assert 200 == twin.enrol(server, other).status
    clock.forward(days=3)
    assert "token_expired" == twin.enrol(server, other).code
    assert [(1,)] == rows(server.home, "SELECT sum(used) FROM token")


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("token_expired", lambda clock, home, secret: clock.forward(hours=24)),
        ("token_exhausted", lambda clock, home, secret: Twin("first")),
        ("token_revoked", lambda clock, home, secret: _revoke(home)),
        ("token_unknown", lambda clock, home, secret: None),
    ],
)
def test_token_refused(
    code: str,
    spoil: Callable[[Clock, Home, str], Twin | None],
    server: InProcess,
    twin: Twin,
    clock: Clock,
) -> None:
    """Each way in which a token is no good has a code of its own."""
    with unharmed(server, twin):
        secret = new_token(server.home)
        first = spoil(clock, server.home, secret)
        if first is not None:
            assert 201 == first.enrol(server, secret).status
        answer = Twin("second").enrol(server, "unknown" if code == "token_unknown" else secret)
        assert (401, code) == (answer.status, answer.code)
        assert [] == rows(server.home, "SELECT * FROM host WHERE host_id='second'")


def _revoke(home: Home) -> None:
    connection = database.connect(home.database)
    sql = "SELECT token_id FROM token WHERE used=0"
    tokens.revoke(connection, connection.execute(sql).fetchone()[0], NOW)
    connection.close()


def test_token_for_serial_numbers(server: InProcess) -> None:
    """A token that is bound to serial numbers lets in no other machine."""
    secret = new_token(server.home, serials=["S-1"])
    for serial, status in ((None, 401), ("S-2", 401), ("S-1", 201)):
        twin = Twin("bound")
        assert status == _post(server, twin.request_bytes(serial=serial), secret).status


def test_quota_at_once(server: InProcess) -> None:
    """A quota holds when many enrol in one moment."""
    secret = new_token(server.home, hosts=3)
    headers = {"authorization": f"Bearer {secret}"}
    twins = [Twin(f"host-{number}") for number in range(8)]
    answers = server.many([("POST", "/api/v1/enrolments", twin.request_bytes(), headers) for twin in twins])
    assert [201] * 3 + [401] * 5 == sorted(answer.status for answer in answers)
    assert [(3, 3)] == rows(server.home, "SELECT used, quota FROM token")


def test_host_id_taken(server: InProcess, twin: Twin) -> None:
    """Nobody takes an enrolled host's place with another key."""
    with unharmed(server, twin):
        answer = Twin(twin.host_id).enrol(server, new_token(server.home))
        assert (409, "host_exists") == (answer.status, answer.code)


def test_request_malformed(server: InProcess, twin: Twin) -> None:
    """A request that is not signed by the key in it, or not about it, lets nobody in."""
    with unharmed(server, twin):
        fresh, other = Twin("fresh"), keys.generate()
        payload = envelope.decode(fresh.request_bytes()).payload
        no_id = envelope.sign(payload.replace(b'"host_id":"fresh"', b'"host_id":"Not An Id"'), fresh.key)
        unsupported: dict[str, Json] = {"algorithm": "ed25519", "spki": canonical.encode_base64(b"no key")}
        wrong_kind: dict[str, Json] = {
            "algorithm": "ecdsa-p256",
            "spki": canonical.encode_base64(fresh.key.public.spki),
        }
        for body, code in (
            (envelope.encode(envelope.sign(payload, other)), "bad_signature"),
            (fresh.sign(fresh.report()), "statement_unknown_kind"),
            (fresh.request_bytes(key=unsupported), "key_malformed"),
            (fresh.request_bytes(key=wrong_kind), "statement_malformed"),
            (envelope.encode(no_id), "statement_malformed"),
            (b"[" * 100_000, "too_deep"),
            (b"", "not_json"),
        ):
            answer = _post(server, body, new_token(server.home))
            assert code == answer.code
        assert [(0,)] == rows(server.home, "SELECT count(*) FROM host WHERE host_id='fresh'")
        assert [(1,)] == rows(server.home, "SELECT sum(used) FROM token")  # the good host's


def test_no_token(server: InProcess) -> None:
    """Without a token nothing is read."""
    for headers in ({}, {"authorization": "Basic eA=="}, {"authorization": "Bearer "}):
        assert "token_unknown" == server.request("POST", "/api/v1/enrolments", b"{}", headers).code


def test_token_is_not_kept(server: InProcess) -> None:
    """The database never holds the secret."""
    secret = new_token(server.home, note="for the yard")
    assert [(tokens.digest(secret),)] == rows(server.home, "SELECT digest FROM token")
    assert not any(secret in str(row) for row in rows(server.home, "SELECT * FROM token"))


@pytest.mark.parametrize(("text", "length"), [("90m", 5400), ("24h", 86400), ("7d", 604800)])
def test_span(text: str, length: int) -> None:
    """Spans of time are written as people say them."""
    assert timedelta(seconds=length) == tokens.span(text)


@pytest.mark.parametrize("text", ["", "0h", "24", "1w", "-1h", "31d", "99999h", "1h "])
def test_span_refused(text: str) -> None:
    """Anything else, and what is too long, is refused."""
    with pytest.raises(InputError, match="span_"):
        tokens.span(text)


def test_quota_refused(home: Home) -> None:
    """A token for no host is none."""
    with pytest.raises(InputError, match="quota_malformed"):
        new_token(home, hosts=0)
