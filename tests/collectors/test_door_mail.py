"""The door to a mail domain, held to a name server and to policy servers on loopback."""

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.resolver
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collectors import discover
from collectors.door import Unseen
from collectors.door_mail import POLICY_MAX_BYTES, Answer
from collectors.doors import mail
from collectors.doors.mail import Dns
from collectors.look import look_with
from tests.collectors.dns_server import NameServer, serving

LONG = [f'"v=other{number} {"x" * 200}"' for number in range(20)]
TABLE: dict[str, list[str] | str] = {
    "example.com TXT": ['"v=spf1 ip4:192.0.2.1 " "-all"'],
    "example.com MX": ["20 b.example.com.", "10 A.Example.com."],
    "null.example MX": ["0 ."],
    "alias.example CNAME": ["example.com."],
    "long.example TXT": LONG,
    "bytes.example TXT": ['"v=spf1 \\233"'],
    "fails.example TXT": "!servfail",
    "refuses.example TXT": "!refused",
    "silent.example TXT": "!silent",
    "garbage.example TXT": "!garbage",
    "empty.example A": ["192.0.2.9"],
}


def door(server: NameServer, domain: str = "example.com", seconds: float = 20, **other: object) -> Dns:
    asked = dns.resolver.Resolver(configure=False)
    asked.nameservers, asked.port = ["127.0.0.1"], server.port
    return Dns(asked, domain, ("s1",), seconds, **other)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving(TABLE) as one:
        yield one


def test_answers(server: NameServer) -> None:
    """Pieces of a text are joined, exchangers sorted, aliases followed, each question asked once."""
    at = door(server)
    assert Answer(("v=spf1 ip4:192.0.2.1 -all",)) == at.txt("example.com") == at.txt("alias.example")
    assert ("a.example.com", "b.example.com") == at.mx("example.com").records
    assert (".",) == at.mx("null.example").records
    assert ("v=spf1 \ufffd",) == at.txt("bytes.example").records
    assert at.txt("EXAMPLE.com") == at.txt("example.com")
    assert 1 == server.asked.count(("example.com TXT", "udp"))


def test_a_name_that_is_not_there(server: NameServer) -> None:
    """NXDOMAIN and an answer without records are answers, told apart."""
    at = door(server)
    assert Answer(exists=False) == at.txt("gone.example")
    assert Answer() == at.txt("empty.example")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("fails", "malformed"), ("refuses", "permission_denied"), ("silent", "timeout"), ("garbage", "timeout")],
)
def test_a_server_that_gives_no_answer(server: NameServer, name: str, reason: str) -> None:
    """Each is unseen with a reason of its own, within the time for one question."""
    begun = time.monotonic()
    with pytest.raises(Unseen) as raised:
        door(server, seconds=1.5).txt(f"{name}.example")
    assert reason == raised.value.reason
    assert time.monotonic() - begun < 4


def test_an_answer_cut_short_is_asked_over_tcp(server: NameServer) -> None:
    """What does not fit into a datagram comes whole."""
    assert len(LONG) == len(door(server).txt("long.example").records)
    assert [("long.example TXT", "udp"), ("long.example TXT", "tcp")] == server.asked


def test_proven_answers() -> None:
    """The resolver's word on DNSSEC is passed on."""
    with serving(TABLE, proven=True) as one:
        assert door(one).mx("example.com").authentic


def test_budget(server: NameServer) -> None:
    """When the time is up nothing more is asked, and what is not known is unknown."""
    findings, _ = look_with(discover("mail")["spoofing_mail"], door(server, seconds=0))
    assert {"budget_spent"} == set(findings.missing.values())
    assert [] == server.asked


def test_names_that_no_server_could_hold(server: NameServer) -> None:
    """A record may name anything; what is no name is malformed."""
    for name in ("a..b", "x" * 64 + ".example", ".".join(["x" * 60] * 5)):
        with pytest.raises(Unseen, match="malformed"):
            door(server).txt(name)


def test_organisational_domain(server: NameServer) -> None:
    """By the public suffix list; a public suffix is its own."""
    found = [door(server).organisational(name) for name in ("a.b.example.co.uk", "example.com", "co.uk")]
    assert ["example.co.uk", "example.com", "co.uk"] == found


def test_connect() -> None:
    """Names are brought into the DNS's form; what is none is refused before anything is asked."""
    at = mail.connect("Bücher.Example.", ["S1", "2026.q4"], "127.0.0.1")
    assert ("xn--bcher-kva.example", ("s1", "2026.q4")) == (at.domain, at.selectors)
    for domain, selectors, resolver in (
        ("localhost", (), None),
        ("a b.com", (), None),
        ("-a.com", (), None),
        ("example.com", ("a/b",), None),
        ("example.com", (), "name.server"),
    ):
        with pytest.raises(ValueError, match=r"\S"):
            mail.connect(domain, selectors, resolver)


POLICY = "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 86400\n"


class Policies(http.server.BaseHTTPRequestHandler):
    """Answers by the host that is asked for."""

    def do_GET(self) -> None:
        kind = self.headers["Host"].split(".")[1]
        status = {"moved": 301, "gone": 404, "broken": 500}.get(kind, 200)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if kind == "page" else "text/plain; charset=utf-8")
        if kind == "moved":
            self.send_header("Location", "https://mta-sts.example.com/.well-known/mta-sts.txt")
        self.end_headers()
        self.wfile.write(b"x" * (POLICY_MAX_BYTES + 1) if kind == "large" else POLICY.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Says nothing."""


KINDS = ("example", "moved", "gone", "broken", "page", "large")


@contextmanager
def policy_server(folder: Path, ends: int = 1) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A policy server for all KINDS, and what trusts its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "policies")])
    names = x509.SubjectAlternativeName([x509.DNSName(f"mta-sts.{kind}.com") for kind in KINDS])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "chain.pem").write_bytes(private + certificate.public_bytes(pem))
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(folder / "chain.pem")
    trust = ssl.create_default_context(cafile=str(folder / "chain.pem"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Policies) as served:
        served.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        served.socket = own.wrap_socket(served.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield served.server_port, trust
        finally:
            served.shutdown()


ADDRESSES = {f"mta-sts.{kind}.com A": ["127.0.0.1"] for kind in (*KINDS, "other")}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("moved", "malformed"),
        ("gone", "not_found"),
        ("broken", "malformed"),
        ("page", "malformed"),
        ("large", "too_large"),
        ("other", "malformed"),  # the certificate does not name it
        ("absent", "not_found"),  # it has no address
    ],
)
def test_policy_refused(tmp_path: Path, kind: str, reason: str) -> None:
    """Redirects, other statuses and types, large files and certificates of another name are no policy."""
    with serving(ADDRESSES) as names, policy_server(tmp_path) as (port, trust):
        at = door(names, f"{kind}.com", https_port=port, trust=trust)
        with pytest.raises(Unseen) as raised:
            at.policy(f"{kind}.com")
    assert reason == raised.value.reason


def test_policy(tmp_path: Path) -> None:
    """The policy comes whole where the certificate is trusted and in its days; else it does not."""
    with serving(ADDRESSES) as names, policy_server(tmp_path) as (port, trust):
        assert POLICY == door(names, https_port=port, trust=trust).policy("example.com")
        with pytest.raises(Unseen, match="TLS"):
            door(names, https_port=port).policy("example.com")
    with (
        serving(ADDRESSES) as names,
        policy_server(tmp_path, ends=-1) as (port, trust),
        pytest.raises(Unseen, match="TLS"),
    ):
        door(names, https_port=port, trust=trust).policy("example.com")


def test_a_whole_domain(tmp_path: Path) -> None:
    """The collector through the real door: nothing is missing, all is as the servers have it."""
    table: dict[str, list[str] | str] = {
        **TABLE,
        **ADDRESSES,
        "_dmarc.example.com TXT": ['"v=DMARC1; p=reject; rua=mailto:d@example.com"'],
        "_mta-sts.example.com TXT": ['"v=STSv1; id=1"'],
        "s1._domainkey.example.com CNAME": ["s1.keys.example."],
        "s1.keys.example TXT": ['"v=DKIM1; p="'],
    }
    with serving(table) as names, policy_server(tmp_path) as (port, trust):
        at = door(names, https_port=port, trust=trust)
        findings, _ = look_with(discover("mail")["spoofing_mail"], at)
    assert {} == findings.missing
    told = {name.removeprefix("spoofing."): value for name, value in findings.facts.items()}
    assert ("fail", "reject", "enforce", True) == (
        told["spf_unlisted"], told["dmarc_policy"], told["mta_sts_mode"], told["mta_sts_covers_mx"]
    )  # fmt: skip
    assert [{"selector": "s1", "state": "revoked", "algorithm": "rsa", "bits": None, "testing": False}] == (
        told["dkim_keys"]
    )
