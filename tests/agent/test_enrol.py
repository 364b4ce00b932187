"""Enrolment: every step, and everything that must not happen in it."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import durable, enrol, enroll_command, state
from agent.enrol import parse
from agent.exits import exit_code
from agent.identity import load_key, read_identity
from agent.state import State
from config import canonical, envelope, keys, statement
from config.canonical import Json
from config.errors import InputError
from config.statement import Subject
from tests.agent.conftest import Agent, enrol_with
from tests.agent.twin import (
    CA_PEM,
    TOKEN,
    URL,
    Clock,
    ServerTwin,
    answer_lost,
    changing,
    refusing,
    unreachable,
)


def packed(**changes: Json) -> str:
    """An enrolment string with something changed."""
    good: dict[str, Json] = {"ca": "0" * 64, "token": "t", "url": "https://server.test:8443"}
    data = canonical.encode({name: value for name, value in {**good, **changes}.items() if value is not None})
    return "boltseal1." + base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_enrol(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """The key is made here, the server's keys are kept, the checkpoint is proven; the token is nowhere."""
    identity = enrol_with(fresh, server, clock)
    assert identity == read_identity(fresh)
    assert (URL, server.server_key.public.key_id, server.vkey) == (
        identity.url, identity.server_key.key_id, identity.log_vkey
    )  # fmt: skip
    assert 0o600 == fresh.path("key.pem").stat().st_mode & 0o777
    assert "2" == fresh.path("checkpoint").read_text().split("\n")[1]
    for path in fresh.folder.rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()


def test_again(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """The same string again is success: same identity, same key, and the checkpoint stays the proven one."""
    first = enrol_with(fresh, server, clock)
    kept = fresh.path("checkpoint").read_bytes()
    server.leaves.append(b"\0" * 32)
    assert first == enrol_with(fresh, server, clock)
    assert kept == fresh.path("checkpoint").read_bytes()


@pytest.mark.parametrize("fault", [unreachable, answer_lost])
def test_crash(fresh: State, server: ServerTwin, clock: Clock, fault: object) -> None:
    """An answer that never came leaves a key and no identity; the same string finishes it."""
    server.faults.append(fault)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="server_unreachable"):
        enrol_with(fresh, server, clock)
    assert None is read_identity(fresh)
    key = fresh.path("key.pem").read_bytes()
    enrol_with(fresh, server, clock)
    assert key == fresh.path("key.pem").read_bytes()
    assert 1 == len(server.chains)


@pytest.mark.parametrize("write", range(5))
def test_crash_while_keeping(
    fresh: State, server: ServerTwin, clock: Clock, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """Whichever write it dies at, no identity is left, and enrolling elsewhere then works to the first receipt."""
    steps = iter(range(100))

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def act(*arguments: object) -> None:
            if next(steps) == write + 2:  # after the key and the candidate CA
                raise KeyboardInterrupt
            real(*arguments)

        return act

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        for name in ("write", "move"):
            patched.setattr(durable, name, dying(getattr(durable, name)))
        enrol_with(fresh, server, clock)
        raise KeyboardInterrupt  # all writes done
    assert (read_identity(fresh) is None) == (write < 4)
    if write < 4:
        elsewhere = ServerTwin(clock)
        enrol_with(fresh, elsewhere, clock)
        assert 1 == Agent(fresh, elsewhere, clock).once().sent
        assert fresh.path("damaged").joinpath("checkpoint").exists() == (write > 0)


def test_identity_lost(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """Enrolled again at the same log, the proven checkpoint stays: it is no way to forget what was seen."""
    enrol_with(fresh, server, clock)
    kept = fresh.path("checkpoint").read_bytes()
    fresh.path("identity.json").unlink()
    server.leaves.append(b"\0" * 32)
    enrol_with(fresh, server, clock)
    assert kept == fresh.path("checkpoint").read_bytes()


def test_other_server(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """An enrolled host does not change servers, whatever string it is given."""
    enrol_with(fresh, server, clock)
    other = enrol.Invitation("https://other.test", "0" * 64, TOKEN)
    with pytest.raises(InputError, match="already_enrolled"), state.locked(fresh):
        enrol.enrol(fresh, other, lambda url: CA_PEM, server.connect, clock)


def test_other_keys(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """Another server at the same address is not taken for the enrolled one, and nothing is replaced."""
    enrol_with(fresh, server, clock)
    before = {path: path.read_bytes() for path in fresh.folder.glob("*") if path.is_file()}
    with pytest.raises(InputError, match="already_enrolled"):
        enrol_with(fresh, ServerTwin(clock), clock)
    after = {path: path.read_bytes() for path in before}
    assert before == after


def test_wrong_ca(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """A CA that is not the string's: nothing secret was sent, not even a key was made."""
    invitation = parse(server.enrolment_string)
    with pytest.raises(InputError, match="tls_ca_wrong") as raised, state.locked(fresh):
        enrol.enrol(fresh, invitation, lambda url: CA_PEM.replace(b"d2hh", b"d2hi"), server.connect, clock)
    assert [] == server.requests
    assert not fresh.path("key.pem").exists()
    assert 4 == exit_code(raised.value)


def test_ca_among_others() -> None:
    """A chain may be offered; only the one certificate that the string names is kept."""
    other = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    broken = b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"
    wanted = enrol.check_ca(CA_PEM, parse(ServerTwin(Clock()).enrolment_string).ca_sha256)
    assert wanted == enrol.check_ca(
        other + broken + CA_PEM, parse(ServerTwin(Clock()).enrolment_string).ca_sha256
    )


def _other_keys(value: dict[str, Json]) -> None:
    value["server_keys"] = ServerTwin(Clock()).server_keys


def _other_host(value: dict[str, Json]) -> None:
    value["host_id"] = "h-other"


def _no_enrolment(value: dict[str, Json]) -> None:
    del value["enrolment"]


def _keys_for_enrolment(value: dict[str, Json]) -> None:
    value["enrolment"] = value["server_keys"]


def _enrolment_for_keys(value: dict[str, Json]) -> None:
    value["server_keys"] = value["enrolment"]


def _unproven(value: dict[str, Json]) -> None:
    receipt = value["receipt"]
    assert isinstance(receipt, dict)
    receipt["inclusion"] = []


def _no_receipt(value: dict[str, Json]) -> None:
    value["receipt"] = None


@pytest.mark.parametrize(
    "change",
    [
        _other_keys,
        _other_host,
        _no_enrolment,
        _keys_for_enrolment,
        _enrolment_for_keys,
        _unproven,
        _no_receipt,
    ],
)
def test_untrue(fresh: State, server: ServerTwin, clock: Clock, change: object) -> None:
    """An answer that does not prove itself leaves no identity, no server's key, no checkpoint."""
    server.faults.append(changing(change))  # type: ignore[arg-type]
    with pytest.raises(InputError):
        enrol_with(fresh, server, clock)
    assert not [name for name in ("identity.json", "checkpoint", "ca.pem") if fresh.path(name).exists()]


def _resigned(server: ServerTwin, value: dict[str, Json], subjects: tuple[Subject, ...]) -> None:
    """The true enrolment with other subjects, signed by the server and in its log: true in all but that."""
    told = statement.decode(envelope.decode(str(value["enrolment"]).encode()).payload)
    text = server._say("enrolment", subjects, told.predicate)
    value["enrolment"] = text
    value["receipt"] = server.receipt(envelope.decode(text.encode()).payload, 0)


def test_another_key(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """An enrolment that proves itself, but for another key, is not ours; the same with our key is."""
    other = Subject("key", keys.generate().public.key_id)
    server.faults.append(changing(lambda value: _resigned(server, value, (other,))))
    with pytest.raises(InputError, match="does not name this host's key"):
        enrol_with(fresh, server, clock)
    assert not [name for name in ("identity.json", "checkpoint", "ca.pem") if fresh.path(name).exists()]
    ours = Subject("key", load_key(fresh).public.key_id)
    server.faults.append(changing(lambda value: _resigned(server, value, (ours,))))
    enrol_with(fresh, server, clock)


def test_another_log(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """A checkpoint that the log's key signed under another log's name is refused."""
    said = statement.decode(envelope.decode(server.server_keys.encode()).payload)
    log: dict[str, Json] = {"name": "boltseal/other", "vkey": server.vkey}
    other = server._say("server_keys", (), {**said.predicate, "log": log})
    server.faults.append(changing(lambda value: value.update(server_keys=other)))
    with pytest.raises(InputError, match="another log's"):
        enrol_with(fresh, server, clock)
    assert not [name for name in ("identity.json", "checkpoint", "ca.pem") if fresh.path(name).exists()]


def test_another_request(fresh: State, server: ServerTwin, clock: Clock) -> None:
    """A new enrolment must be for the request that was sent just now."""
    enrol_with(fresh, server, clock)
    fresh.path("identity.json").unlink()
    clock.forward(seconds=1)
    server.faults.append(lambda twin, handle: (201, *handle()[1:]))
    with pytest.raises(InputError, match="enrolment_untrue"):
        enrol_with(fresh, server, clock)


@pytest.mark.parametrize("code", ["token_unknown", "token_expired", "token_exhausted"])
def test_token_refused(
    fresh: State, server: ServerTwin, clock: Clock, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that does not work is the server's refusal; the token is in no error and no log line."""
    caplog.set_level(logging.DEBUG)
    server.faults.append(refusing(401, code))
    with pytest.raises(InputError, match=code) as raised:
        enrol_with(fresh, server, clock)
    assert 1 == exit_code(raised.value)
    assert TOKEN not in f"{raised.value!r}{raised.value.to_dict()}{caplog.text}"
    assert TOKEN not in repr(parse(server.enrolment_string))


def test_parse() -> None:
    """Line breaks and spaces that mail programs add do no harm."""
    text = packed(url="https://server.test/")
    broken = "\n ".join(text[at : at + 20] for at in range(0, len(text), 20))
    assert parse(text) == parse(f"  {broken}\n")
    assert "https://server.test" == parse(text).url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "boltseal1.",
        "boltseal2." + packed()[10:],
        packed()[:-4],
        packed() + "!",
        packed() + "A" * 5000,
        packed(ca="short"),
        packed(ca="A" * 64),
        packed(ca=None),
        packed(token=""),
        packed(token="with space"),
        packed(token="line\nbreak"),
        packed(token=7),
        packed(more="x"),
        packed(url="http://server.test"),
        packed(url="https://"),
        packed(url="https://user:pass@server.test"),
        packed(url="https://server.test:99999"),
        packed(url="https://server.test/path"),
        packed(url="https://server.test?query"),
        packed(url="https://[::1"),
        packed(url="file:///etc/shadow"),
    ],
)
def test_malformed(text: str) -> None:
    """Everything else is refused, and the error does not repeat it."""
    with pytest.raises(InputError, match="enrolment_string_malformed") as raised:
        parse(text)
    assert len(text) < 11 or text[10:] not in str(raised.value)


def test_exposed_key(fresh: State) -> None:
    """A key that others may read is not used."""
    fresh.path("key.pem").write_bytes(keys.generate().to_pem())
    fresh.path("key.pem").chmod(0o640)
    from agent.identity import make_key

    with pytest.raises(InputError, match="key_readable_by_others"):
        make_key(fresh)


def test_state_folder_of_another(tmp_path: Path) -> None:
    """A state folder that is a file is refused."""
    (tmp_path / "state").write_text("")
    with pytest.raises(InputError, match=r"state_\w+"):
        state.create(tmp_path / "state")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_string_file(tmp_path: Path, codec: str) -> None:
    """A string in a file, as any editor or shell writes it, is the string itself."""
    (tmp_path / "string.txt").write_text(packed() + "\n", codec)
    assert parse(enroll_command.read_string(f"@{tmp_path}/string.txt")) == parse(packed())


def test_string_file_missing(tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    with pytest.raises(InputError, match=r"enrolment_file_unreadable.*none\.txt"):
        enroll_command.read_string(f"@{tmp_path}/none.txt")
