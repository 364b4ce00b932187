"""Fakes of identity providers' APIs: HTTPS servers on loopback that answer as the vendors' documents describe.

They are no recordings: nothing here has ever spoken with the real services.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.agent.tls import Authority, serving

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


@dataclass(frozen=True)
class Asked:
    """One request that the fake got."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass
class Fake:
    """Answers by path. An answer is JSON, raw bytes, (status, headers, body), or a function of the request."""

    answers: dict[str, Any]
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def serve(self, connection: ssl.SSLSocket) -> None:
        """One request, one answer."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        method, target, _ = first.split(" ")
        at = urlsplit(target)
        one = Asked(method, at.path, dict(parse_qsl(at.query)), headers, dict(parse_qsl(body.decode())))
        self.asked.append(one)
        told = self.answers.get(at.path, (404, {}, b"{}"))
        connection.sendall(_bytes(told(one) if callable(told) else told))


def _bytes(told: Any) -> bytes:
    status, headers, body = told if isinstance(told, tuple) else (200, {}, told)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status} Told\r\nConnection: close\r\n{text}\r\n".encode() + content


@contextmanager
def fake(authority: Authority, answers: dict[str, Any]) -> Iterator[Fake]:
    """A running fake."""
    one = Fake(answers)
    with serving(authority, one.serve) as address:
        one.address = address
        yield one


def settings(folder: Path, authority: Authority, **values: str) -> Path:
    """A settings file that only its owner reads."""
    path = folder / "tenant.toml"
    lines = {"ca_file": str(authority.ca), **values}
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))
    path.chmod(0o600)
    return path


def kept(folder: Path, name: str, content: bytes) -> str:
    """A file that only its owner reads; its name."""
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return name


Answering = Callable[[Asked], Any]


def in_turn(*answers: Any) -> Answering:
    """Each request gets the next answer, the last one for ever."""
    left = [*answers]
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]
