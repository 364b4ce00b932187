"""The door to a directory against servers that answer badly: half an answer never reads as a whole one."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors import door_directory
from collectors.door import Unseen
from collectors.doors import directory
from collectors.doors.connecting import ConnectError
from collectors.doors.directory_sysvol import Sysvol
from collectors.doors.directory_tls import Guard, library
from tests.collectors.domain_world import Certificates

LDAPSocketReceiveError = library().core.exceptions.LDAPSocketReceiveError
PAGED = "1.2.840.113556.1.4.319"
REFUSED_START_TLS = bytes.fromhex("300c02010178070a010204000400")


class Scripted:
    """A connection that gives one prepared answer after the other."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.result: dict[str, Any] = {}
        self.response: list[dict[str, Any]] = []

    def search(self, *args: Any, **kwargs: Any) -> None:
        self.asked.append(kwargs)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        code, cookie, self.response = answer
        self.result = {"result": code, "controls": {PAGED: {"value": {"cookie": cookie}}} if cookie else {}}


def entries(*names: str, **values: list[bytes]) -> list[dict[str, Any]]:
    """Entries of an answer."""
    given = dict(values)
    return [{"type": "searchResEntry", "dn": name, "raw_attributes": given} for name in names]


def door(*answers: Any) -> directory.Ldap:
    """A door behind which these answers lie."""
    return directory.Ldap(
        Scripted(*answers), Guard("dc1", None, 60), Sysvol("dc1", None, None, 60), platform="openldap"
    )


def found(opened: directory.Ldap) -> list[str]:
    """Names that a search gives."""
    return [one.dn for one in opened.search("DC=x", "(a=*)", ["a"])]


def test_pages() -> None:
    """Pages are put together, and the server's own cookie asks for the next one."""
    opened = door((0, b"next", entries("a", "b")), (0, b"", entries("c")))

    assert ["a", "b", "c"] == found(opened)
    assert [None, b"next"] == [one["paged_cookie"] for one in opened._connection.asked]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ((4, b"", entries("c")), "too_large"),
        ((3, b"", entries("c")), "timeout"),
        ((11, b"", entries("c")), "too_large"),
        ((50, b"", entries("c")), "permission_denied"),
        ((51, b"", []), "timeout"),
        ((1, b"", []), "permission_denied"),
        ((80, b"", entries("c")), "malformed"),
        (LDAPSocketReceiveError("connection reset"), "malformed"),
        (LDAPSocketReceiveError("timed out"), "timeout"),
        (TimeoutError(), "timeout"),
    ],
)
def test_half_paged(second: Any, reason: str) -> None:
    """What came before a page that fails is thrown away."""
    with pytest.raises(Unseen) as caught:
        found(door((0, b"next", entries("a", "b")), second))

    assert reason == caught.value.reason


def test_part_on_another_server() -> None:
    """A part of the tree that lies elsewhere is not looked for, and not left out in silence."""
    with pytest.raises(Unseen, match="another server"):
        found(door((0, b"", [*entries("a"), {"type": "searchResRef", "uri": ["ldap://evil/"]}])))


def test_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that always has another page is left."""
    monkeypatch.setattr(door_directory, "ENTRIES_MAX", 10)
    with pytest.raises(Unseen, match="too many entries"):
        found(door(*[(0, b"next", entries("a", "b"))] * 20))


def ranged(first: str, *values: bytes) -> list[dict[str, Any]]:
    """A group of which a part of the members is sent."""
    return [{"type": "searchResEntry", "dn": "g", "raw_attributes": {f"member;range={first}": list(values)}}]


def test_ranges() -> None:
    """An attribute that comes in parts is asked for to its end."""
    opened = door(
        (0, b"", ranged("0-1", b"a", b"b")),
        (0, b"", ranged("2-3", b"c", b"d")),
        (0, b"", ranged("4-*", b"e")),
    )
    (group,) = opened.search("DC=x", "(a=*)", ["member"])

    assert ("a", "b", "c", "d", "e") == group.texts("member")


@pytest.mark.parametrize("second", [(0, b"", entries("g")), (32, b"", [])])
def test_torn_range(second: Any) -> None:
    """A rest of members that does not come makes the group unknown."""
    with pytest.raises(Unseen):
        door((0, b"", ranged("0-1", b"a", b"b")), second).search("DC=x", "(a=*)", ["member"])


@contextmanager
def served(answer: Any) -> Iterator[int]:
    """A server on loopback that handles each connection so; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    try:
                        answer(client)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("kind", "host", "words"),
    [
        ("old", "127.0.0.1", "expired"),
        ("stranger", "localhost", "mismatch|not valid for"),
        ("good", "127.0.0.1", "mismatch|not valid for"),
    ],
)
def test_certificate(tmp_path: Path, kind: str, host: str, words: str) -> None:
    """A certificate that has expired, or that is another host's, ends it before anything is said."""
    address = "127.0.0.1" if kind == "old" else "127.9.9.9"
    made = Certificates(tmp_path, address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / f"{kind}.pem", tmp_path / f"{kind}.key")
    secret = tmp_path / "password"
    secret.write_text("very secret")
    secret.chmod(0o600)
    with (
        served(lambda client: context.wrap_socket(client, server_side=True)) as port,
        pytest.raises(Unseen, match=words) as caught,
    ):
        directory.connect(f"ldaps://{host}:{port}", "u", str(secret), str(made.authority))

    assert "very secret" not in str(caught.value)


def test_no_tls() -> None:
    """A server that refuses StartTLS hears no password."""
    heard = []

    def answer(client: socket.socket) -> None:
        heard.append(client.recv(4096))
        client.sendall(REFUSED_START_TLS)
        heard.append(client.recv(4096))

    with served(answer) as port, pytest.raises(Unseen, match="no TLS"):
        directory.connect(f"ldap://127.0.0.1:{port}")
    assert all(b"1.3.6.1.4.1.1466.20037" in one or one.startswith(b"0") for one in heard[:1])


@pytest.mark.parametrize("scheme", ["ldaps"])
def test_not_tls_at_all(scheme: str) -> None:
    """A port that speaks something else is said to be so."""
    with (
        served(lambda client: client.sendall(b"220 mail\r\n")) as port,
        pytest.raises(Unseen, match="no TLS"),
    ):
        directory.connect(f"{scheme}://127.0.0.1:{port}")


def test_nobody_there() -> None:
    """A port where nobody listens is not found."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unseen, match="not_found"):
        directory.connect(f"ldaps://127.0.0.1:{port}")


@pytest.mark.parametrize("text", ["", "\n", "a\nb"])
def test_password_file(tmp_path: Path, text: str) -> None:
    """An empty password is refused: a directory takes it for a guest and says yes."""
    secret = tmp_path / "password"
    secret.write_text(text)
    secret.chmod(0o600)
    with pytest.raises(ConnectError):
        directory.connect("ldaps://127.0.0.1:1", "u", str(secret))


def test_password_file_of_everybody(tmp_path: Path) -> None:
    """A password that others may read is refused, and not told."""
    secret = tmp_path / "password"
    secret.write_text("very secret")
    secret.chmod(0o644)
    with pytest.raises(ConnectError) as caught:
        directory.connect("ldaps://127.0.0.1:1", "u", str(secret))
    assert "very secret" not in str(caught.value)
