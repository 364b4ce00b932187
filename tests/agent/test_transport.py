"""The wire against a real TLS server: what is verified, what is refused, what is bounded."""

from __future__ import annotations

import gzip
import inspect
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent import transport
from agent.deadline import OutOfTime, bounded
from agent.transport import ANSWER_MAX_BYTES, Https, fetch_ca
from config.errors import InputError
from tests.agent.tls import Authority, answering, ok, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The enrolled server's CA."""
    return Authority(tmp_path_factory.mktemp("tls") / "own")


def get(url: str, ca: Path, path: str = "/x") -> transport.Answer:
    """One request."""
    return Https(url, ca).request("GET", path, b"", {"X-Own": "1"})


def test_verified(authority: Authority) -> None:
    """A request over verified TLS: status, headers in lower case, body, times."""
    seen: list[bytes] = []
    with serving(authority, answering(ok(b"body", b"X-More: 1\r\n"), seen=seen)) as url:
        answer = get(url, authority.ca)
    assert (200, b"body", "1") == (answer.status, answer.body, answer.headers["x-more"])
    assert answer.sent_at <= answer.received_at
    assert seen[0].startswith(b"GET /x HTTP/1.1\r\n")
    assert b"X-Own: 1\r\n" in seen[0]
    assert b"Accept-Encoding: identity\r\n" in seen[0]


def test_other_ca(authority: Authority, tmp_path: Path) -> None:
    """A server of another CA gets not a byte of the request."""
    seen: list[bytes] = []
    other = serving(Authority(tmp_path / "other"), answering(ok(b""), seen=seen))
    with other as url, pytest.raises(InputError, match="tls_untrusted"):
        get(url, authority.ca)
    assert [] == seen


def test_other_name(tmp_path: Path) -> None:
    """A certificate of the right CA for another address is refused."""
    elsewhere = Authority(tmp_path / "elsewhere", "127.0.0.2")
    with serving(elsewhere, answering(ok(b""))) as url, pytest.raises(InputError, match="tls_untrusted"):
        get(url, elsewhere.ca)


@pytest.mark.parametrize(("begins", "ends"), [(-9, -8), (8, 9)])
def test_certificate_time(tmp_path: Path, begins: int, ends: int) -> None:
    """Out of its time by our clock, a certificate is refused, unless reports must not be stopped by a clock."""
    odd = Authority(tmp_path / "odd", begins=begins, ends=ends)
    with serving(odd, answering(ok(b"body"))) as url:
        with pytest.raises(InputError, match="tls_time_wrong"):
            get(url, odd.ca)
        wire = Https(url, odd.ca, any_time=True)
        assert [b"body"] * 2 == [wire.request("GET", "/", b"", {}).body for _ in range(2)]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_any_time_is_not_anybody(tmp_path: Path, address: str) -> None:
    """Taking a certificate of any time still needs the right authority and the right name."""
    odd = Authority(tmp_path / "odd", address, begins=-9, ends=-8)
    trusted = odd if address != "127.0.0.1" else Authority(tmp_path / "other")
    seen: list[bytes] = []
    serves = serving(odd, answering(ok(b""), seen=seen))
    with serves as url, pytest.raises(InputError, match="tls_"):
        Https(url, trusted.ca, any_time=True).request("GET", "/", b"", {})
    assert [] == seen


def test_environment(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment can neither switch verification off or over, nor add credentials."""
    other = Authority(tmp_path / "other")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(other.ca))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    seen: list[bytes] = []
    with serving(authority, answering(ok(b""), seen=seen)) as url:
        get(url, authority.ca)
    assert b"authorization" not in seen[0].lower()
    with serving(other, answering(ok(b""))) as url, pytest.raises(InputError, match="tls_untrusted"):
        get(url, authority.ca)


def test_redirect(authority: Authority) -> None:
    """A redirect is an answer like any other; nothing is fetched."""
    seen: list[bytes] = []
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with serving(authority, answering(moved, seen=seen)) as url:
        assert 307 == get(url, authority.ca).status
    assert 1 == len(seen)


def test_cookies(authority: Authority) -> None:
    """A cookie is not kept: the server learns nothing from one request to the next."""
    seen: list[bytes] = []
    with serving(authority, answering(ok(b"", b"Set-Cookie: id=1; Path=/\r\n"), seen=seen)) as url:
        wire = Https(url, authority.ca)
        wire.request("GET", "/", b"", {})
        wire.request("GET", "/", b"", {})
    assert 2 == len(seen)
    assert b"cookie" not in seen[1].lower()


@pytest.mark.parametrize("has_length", [True, False])
def test_too_large(authority: Authority, has_length: bool) -> None:
    """An endless answer is cut off, whether it tells its length or not."""
    length = b"Content-Length: 99999999999\r\n" if has_length else b""
    head = b"HTTP/1.1 200 OK\r\n" + length + b"Connection: close\r\n\r\n"
    parts = [head, *[b"x" * 65536] * (2 * ANSWER_MAX_BYTES // 65536)]
    with serving(authority, answering(*parts)) as url, pytest.raises(InputError, match="answer_too_large"):
        get(url, authority.ca)


def test_packed(authority: Authority) -> None:
    """A packed answer, which nobody asked for, is refused before it is unpacked."""
    body = gzip.compress(b"\0" * (64 << 20))
    packed = answering(ok(body, b"Content-Encoding: gzip\r\n"))
    with serving(authority, packed) as url, pytest.raises(InputError, match="answer_packed"):
        get(url, authority.ca)


def test_broken_off(authority: Authority) -> None:
    """An answer that ends too early is no answer."""
    broken = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    with serving(authority, broken) as url, pytest.raises(InputError, match="server_unreachable"):
        get(url, authority.ca)


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\xff" * 50, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"]
)
def test_no_http(authority: Authority, answer: bytes) -> None:
    """Whatever else comes is one kind of error."""
    with serving(authority, answering(answer)) as url, pytest.raises(InputError, match="server_unreachable"):
        get(url, authority.ca)


def test_refused(authority: Authority) -> None:
    """Nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(InputError, match="server_unreachable") as raised:
        get(url, authority.ca)
    assert "refused" in raised.value.message


def test_drip(authority: Authority) -> None:
    """A server that answers one byte at a time is ended by the run's own bound."""

    def drip(connection: ssl.SSLSocket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    begun = time.monotonic()
    with serving(authority, drip) as url, pytest.raises(OutOfTime), bounded(0.5):
        get(url, authority.ca)
    assert time.monotonic() - begun < 3


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        HEAD + b"X: ",
        HEAD + b"Content-Length: 10000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n",
    ],
    ids=["status", "headers", "body", "chunk"],
)
@pytest.mark.parametrize("in_thread", [False, True])
def test_drip_alone(
    authority: Authority, start: bytes, in_thread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any bound around it, a request ends by its own: enrolment and doctor cannot hang.

    Outside the main thread, where no alarm rings, the reads of the body still look at the clock.
    """
    monkeypatch.setattr(transport, "ANSWER_MAX_SECONDS", 0.6)

    def drip(connection: ssl.SSLSocket) -> None:
        connection.recv(65536)
        connection.sendall(start)
        for _ in range(60):
            connection.sendall(b"1")
            time.sleep(0.05)

    def call() -> InputError:
        with pytest.raises(InputError, match="server_unreachable") as raised:
            fetch_ca(url)
        return raised.value

    begun = time.monotonic()
    with serving(authority, drip) as url:
        if in_thread and b"\r\n\r\n" in start:
            with ThreadPoolExecutor(1) as pool:
                error = pool.submit(call).result()
        else:
            error = call()
    assert "no whole answer" in error.message
    assert time.monotonic() - begun < 2.5


def test_chunked(authority: Authority) -> None:
    """An answer in chunks is read whole; one that ends within a chunk is none."""
    head = HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with serving(authority, answering(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) as url:
        assert b"abcde" == get(url, authority.ca).body
    for broken in (b"3\r\nab", b"3\r\nabc\r\n", b"zz\r\nabc\r\n"):
        ends = serving(authority, answering(head + broken))
        with ends as url, pytest.raises(InputError, match="server_unreachable"):
            get(url, authority.ca)


def test_proxy(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used, unless no_proxy names the server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("https_proxy", nobody)
    with serving(authority, answering(ok(b"body"))) as url:
        with pytest.raises(InputError, match="server_unreachable"):
            get(url, authority.ca)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert b"body" == get(url, authority.ca).body


def test_fetch_ca(authority: Authority) -> None:
    """The CA itself is fetched unverified; the request carries nothing but its path."""
    seen: list[bytes] = []
    with serving(authority, answering(ok(authority.ca.read_bytes()), seen=seen)) as url:
        assert authority.ca.read_bytes() == fetch_ca(url)
    assert seen[0].startswith(b"GET /api/v1/ca.pem HTTP/1.1\r\n")
    assert b"authorization" not in seen[0].lower()
    absent = answering(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    with serving(authority, absent) as url, pytest.raises(InputError, match="server_unreachable"):
        fetch_ca(url)


def test_verification_is_off_once() -> None:
    """The one request without verification is that of the CA; no other line can switch it off."""
    assert 1 == inspect.getsource(transport).count("False, lambda: datetime.now(UTC)")
    assert 1 == inspect.getsource(fetch_ca).count("False")
    for path in Path(transport.__file__).parent.glob("*.py"):
        source = path.read_text()
        assert "verify=False" not in source
        assert "CERT_NONE" not in source
        assert "_create_unverified_context" not in source
