"""A small HTTPS server on loopback with certificates made for the test; what it answers is bytes, as they are."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Serve = Callable[[ssl.SSLSocket], None]


class Authority:
    """A CA that signs a server certificate for an address and some days; both lie in `folder`."""

    def __init__(self, folder: Path, address: str = "127.0.0.1", begins: int = -1, ends: int = 1) -> None:
        folder.mkdir()
        self.ca, self.chain = folder / "ca.pem", folder / "server.pem"
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA of {folder.name}")])
        ca = _certificate(name, name, ca_key, ca_key, None)
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = _certificate(own, name, key, ca_key, address, begins, ends)
        pem = serialization.Encoding.PEM
        self.ca.write_bytes(ca.public_bytes(pem))
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.chain.write_bytes(private + certificate.public_bytes(pem))


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    address: str | None,
    begins: int = -1,
    ends: int = 1,
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        *(address is not None, *[False] * 4, address is None, address is None, False, False)
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=-begins))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if address is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


@contextmanager
def serving(authority: Authority, serve: Serve) -> Iterator[str]:
    """The address of a server that gives each connection to `serve`; its errors are its client's doing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context, serve), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, context: ssl.SSLContext, serve: Serve) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        plain.settimeout(10)
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                serve(connection)
        except OSError:
            plain.close()


def answering(*parts: bytes, seen: list[bytes] | None = None) -> Serve:
    """Read one request's head, then send these bytes."""

    def serve(connection: ssl.SSLSocket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := connection.recv(65536)):
                return
            head += data
        if seen is not None:
            seen.append(head)
        for part in parts:
            connection.sendall(part)

    return serve


def ok(body: bytes, headers: bytes = b"") -> bytes:
    """A whole 200 answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n%b\r\n%b" % (
        len(body),
        headers,
        body,
    )
