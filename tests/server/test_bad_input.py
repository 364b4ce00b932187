"""Bad input of every kind that can be told from its bytes: one clear code, and no harm done."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from config import canonical, envelope, keys, statement
from config.settings import ENVELOPE_MAX_BYTES, SECTIONS_MAX, UPLOAD_MAX_BYTES
from tests.server.twin import NOW, Clock, InProcess, Twin, new_token, rows, section_bytes, upload
from tests.server.unharmed import unharmed

Build = Callable[[Twin], bytes]


def _changed(**changes: Any) -> Build:
    """The next report in an envelope with changed fields."""

    def build(twin: Twin) -> bytes:
        signed = json.loads(twin.sign(twin.report()))
        return upload(json.dumps({**signed, **changes}).encode(), [section_bytes()])

    return build


def _signed(payload: bytes, payload_type: str = envelope.PAYLOAD_TYPE) -> Build:
    """Any bytes, well signed."""

    def build(twin: Twin) -> bytes:
        return upload(envelope.encode(envelope.sign(payload, twin.key, payload_type=payload_type)), [])

    return build


def _said(change: Callable[[dict[str, Any]], None]) -> Build:
    """The next report with a change to its JSON, well signed."""

    def build(twin: Twin) -> bytes:
        document = json.loads(statement.encode(twin.report()))
        change(document)
        return _signed(json.dumps(document).encode())(twin)

    return build


def _with_sections(*sections: bytes) -> Build:
    def build(twin: Twin) -> bytes:
        return upload(twin.sign(twin.report()), sections)

    return build


def _by_another_key(twin: Twin) -> bytes:
    signed = envelope.sign(statement.encode(twin.report()), keys.generate())
    claimed = envelope.Signature(twin.key.public.key_id, signed.signatures[0].sig)
    forged = envelope.Envelope(signed.payload, signed.payload_type, (claimed,))
    return upload(envelope.encode(forged), [section_bytes()])


def _by_an_unknown_key(twin: Twin) -> bytes:
    return Twin(twin.host_id).body(twin.report())


def _changed_section(twin: Twin) -> bytes:
    return upload(twin.sign(twin.report()), [section_bytes(facts={"password.min_length": 1})])


BAD: dict[str, tuple[int, str, Build]] = {
    "body_not_json": (400, "not_json", lambda twin: b"\x7b not json"),
    "body_not_utf8": (400, "not_utf8", lambda twin: b"\xff\xfe"),
    "body_empty": (400, "not_json", lambda twin: b""),
    "body_no_object": (400, "upload_malformed", lambda twin: b"[]"),
    "body_more_fields": (400, "upload_malformed", lambda twin: b'{"envelope":"","sections":[],"more":1}'),
    "body_deep": (400, "too_deep", lambda twin: b"[" * 100_000),
    "body_duplicate_key": (400, "duplicate_key", lambda twin: b'{"envelope":"","envelope":"","sections":[]}'),
    "body_too_large": (413, "too_large", lambda twin: b" " * (UPLOAD_MAX_BYTES + 1)),
    "section_no_text": (
        400,
        "upload_malformed",
        lambda twin: twin.body(twin.report()).replace(b'"sections":[', b'"sections":[1,'),
    ),
    "envelope_not_json": (400, "not_json", lambda twin: upload(b"{", [])),
    "envelope_too_large": (413, "too_large", lambda twin: upload(b" " * (ENVELOPE_MAX_BYTES + 1), [])),
    "envelope_deep": (400, "too_deep", lambda twin: upload(b"[" * 100_000 + b"]" * 100_000, [])),
    "envelope_duplicate_key": (400, "duplicate_key", lambda twin: upload(b'{"payload":"","payload":""}', [])),
    "envelope_unsigned": (400, "envelope_malformed", _changed(signatures=[])),
    "envelope_bad_base64": (400, "bad_base64", _changed(payload="YWJ=")),
    "envelope_wrong_payload_type": (400, "wrong_payload_type", _signed(b"{}", "text/plain")),
    "signature_wrong": (401, "bad_signature", _by_another_key),
    "signature_of_another_type": (401, "bad_signature", _changed(payloadType="text/plain")),
    "key_unknown": (401, "unknown_key", _by_an_unknown_key),
    "payload_not_json": (400, "not_json", _signed(b"{")),
    "payload_deep": (400, "too_deep", _signed(b"[" * 100_000)),
    "payload_duplicate_key": (400, "duplicate_key", _signed(b'{"a":1,"a":2}')),
    "payload_float": (400, "float_refused", _signed(b'{"a":1.5}')),
    "payload_no_statement": (400, "statement_malformed", _signed(b"{}")),
    "payload_more_fields": (400, "statement_malformed", _said(lambda said: said["predicate"].update(more=1))),
    "payload_field_missing": (400, "statement_malformed", _said(lambda said: said["predicate"].pop("role"))),
    "payload_unknown_kind": (
        400,
        "statement_unknown_kind",
        _said(lambda said: said.update(predicateType="x")),
    ),
    "payload_section_twice": (
        400,
        "statement_malformed",
        _said(lambda said: said["subject"].append(said["subject"][0])),
    ),
    "payload_first_with_previous": (
        400,
        "statement_malformed",
        lambda twin: twin.body(twin.report(sequence=1)),
    ),
    "payload_another_subject": (
        403,
        "wrong_subject",
        lambda twin: twin.body(twin.report(subject={"id": "dc", "kind": "directory"})),
    ),
    "payload_subject_of_another": (
        403,
        "wrong_subject",
        lambda twin: twin.body(
            twin.report(subject={"id": "other~device.a", "kind": "device"}, platform="device")
        ),
    ),
    "payload_subject_of_another_kind": (
        403,
        "wrong_subject",
        lambda twin: twin.body(twin.observes("device.a", "linux").report()),
    ),
    "payload_host_as_a_network": (403, "wrong_subject", lambda twin: twin.body(twin.report(platform="mail"))),
    "payload_subject_malformed": (
        400,
        "statement_malformed",
        _said(lambda said: said["predicate"]["subject"].update(id="twin-1~device.a/../b")),
    ),
    "payload_subject_gap": (
        409,
        "sequence_gap",
        lambda twin: twin.body(twin.observes("device.a", "device").report(sequence=2, previous="0" * 64)),
    ),
    "payload_no_report": (400, "statement_unknown_kind", lambda twin: upload(twin.request_bytes(), [])),
    "section_digest_mismatch": (400, "section_digest_mismatch", _changed_section),
    "section_not_named": (
        400,
        "section_digest_mismatch",
        _with_sections(section_bytes(), section_bytes("other")),
    ),
    "sections_too_many": (413, "too_large", _with_sections(*[b""] * (SECTIONS_MAX + 1))),
    "sequence_gap": (409, "sequence_gap", lambda twin: twin.body(twin.report(sequence=twin.sequence + 2))),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_report(name: str, server: InProcess, twin: Twin) -> None:
    """One code for each kind, and the host's next report is admitted."""
    status, code, build = BAD[name]
    with unharmed(server, twin):
        answer = server.request("POST", "/api/v1/reports", build(twin))
        assert (status, code) == (answer.status, answer.code)
        assert {"code", "message", "hint"} <= answer.body["error"].keys()
        assert canonical.encode_time(NOW) == answer.body["time"]


def test_bad_section(server: InProcess, twin: Twin) -> None:
    """A section that no reader accepts is refused, although the report names its digest."""
    with unharmed(server, twin):
        for bad in (b"{}", b"[" * 100_000, section_bytes("other")):
            said = twin.report()
            named = (statement.Subject("password", statement.digest(bad)),)
            said = statement.Statement(said.kind, named, said.predicate)
            answer = server.request("POST", "/api/v1/reports", upload(twin.sign(said), [bad]))
            assert 400 == answer.status
            assert answer.code in ("section_malformed", "too_deep")


def test_section_missing(server: InProcess, twin: Twin) -> None:
    """A report whose section is not here is told which; with it, it is admitted."""
    with unharmed(server, twin):
        fresh = section_bytes(facts={"password.min_length": 8})
        said = twin.report([fresh])
        answer = server.request("POST", "/api/v1/reports", twin.body(said, []))
        assert (409, "sections_missing") == (answer.status, answer.code)
        assert [statement.digest(fresh)] == answer.body["error"]["missing"]
        assert 200 == twin.ship(server, said).status


def test_section_of_another_host(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """What one host sent is not here for another."""
    twin, other = enrolled("one"), enrolled("two")
    with unharmed(server, twin):
        answer = server.request("POST", "/api/v1/reports", other.body(other.report(), []))
        assert (409, "sections_missing") == (answer.status, answer.code)


def test_section_known(server: InProcess, twin: Twin) -> None:
    """A section that is here is not sent and not stored again."""
    with unharmed(server, twin):
        assert 200 == twin.ship(server, twin.report(), []).status
        assert [(1,)] == rows(server.home, "SELECT count(*) FROM section")


def test_signature_of_another_host(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """A valid signature of one host does not speak for another."""
    twin, other = enrolled("one"), enrolled("two")
    with unharmed(server, twin):
        forged = envelope.encode(envelope.sign(statement.encode(twin.report()), other.key))
        answer = server.request("POST", "/api/v1/reports", upload(forged, [section_bytes()]))
        assert (403, "wrong_observer") == (answer.status, answer.code)


def test_gzip(server: InProcess, twin: Twin) -> None:
    """A packed body is admitted; a bomb, a stump and a disguise are not."""
    zipped = {"content-encoding": "gzip"}
    with unharmed(server, twin):
        said = twin.report()
        answer = server.request("POST", "/api/v1/reports", gzip.compress(twin.body(said)), zipped)
        assert 200 == answer.status
        twin.advance(said)
        for body, code in (
            (gzip.compress(b" " * (UPLOAD_MAX_BYTES + 1)), "too_large"),
            (gzip.compress(b"{}")[:-4], "bad_gzip"),
            (gzip.compress(b"{}") + b"more", "bad_gzip"),
            (b"{}", "bad_gzip"),
        ):
            assert code == server.request("POST", "/api/v1/reports", body, zipped).code
        answer = server.request("POST", "/api/v1/reports", b"{}", {"content-encoding": "br"})
        assert "encoding_unknown" == answer.code


@pytest.mark.parametrize("ahead", [timedelta(days=366), timedelta(days=-366)], ids=["future", "past"])
def test_clock_a_year_off(server: InProcess, twin: Twin, ahead: timedelta) -> None:
    """A report from a host whose clock is a year off is admitted; its verdicts are unknown, and say why."""
    with unharmed(server, twin):
        assert 200 == twin.ship(server, twin.report(finished_at=NOW + ahead)).status
        server.settle()
        reason = "clock_ahead" if ahead > timedelta() else "stale"
        answers = rows(server.home, "SELECT DISTINCT answer, reason FROM verdict")
        assert [("unknown", reason)] == answers


def test_server_clock_a_year_off(server: InProcess, twin: Twin, clock: Clock) -> None:
    """The server's own clock decides about freshness only: reports are admitted whatever it says."""
    with unharmed(server, twin):
        clock.forward(days=366)
        assert 200 == twin.ship(server).status
        clock.forward(days=-800)
        assert 200 == twin.ship(server).status


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/api/v1/reports", "GET", 405, "wrong_method"),
        ("/tile/0/001", "GET", 404, "not_found"),
        ("/tile/0/000", "GET", 404, "not_found"),
        ("/tile/0/000.p/256", "GET", 404, "not_found"),
        ("/tile/0/" + "x999/" * 6 + "999", "GET", 404, "not_found"),
        ("/tile/0/" + "x999/" * 5000 + "999", "GET", 404, "not_found"),
        ("/tile/../server.toml", "GET", 404, "not_found"),
    ],
)
def test_wrong_address(server: InProcess, twin: Twin, path: str, method: str, status: int, code: str) -> None:
    """A wrong address or method has the same shape of error."""
    with unharmed(server, twin):
        answer = server.request(method, path)
        assert (status, code) == (answer.status, answer.code)


@pytest.mark.parametrize(
    "host", ["evil.example", "", "localhost.evil.example", "[::2]:8443", "127.0.0.1.nip.io"]
)
def test_wrong_host(server: InProcess, twin: Twin, host: str) -> None:
    """The server answers to the names of its certificate only."""
    with unharmed(server, twin):
        answer = server.request("GET", "/api/v1/checkpoint", headers={"host": host})
        assert (421, "wrong_host") == (answer.status, answer.code)


def test_rate(server: InProcess, twin: Twin) -> None:
    """A host that sends without end is slowed before its signature is checked; another one is not."""
    server.front.desk.rate = type(server.front.desk.rate)(per_minute=60, burst=5)
    body = twin.body(twin.report())
    codes = [server.request("POST", "/api/v1/reports", body).status for _ in range(7)]
    assert [200] * 5 + [429] * 2 == codes
    other = Twin("other")
    assert 201 == other.enrol(server, new_token(server.home)).status
    assert 200 == other.ship(server).status
