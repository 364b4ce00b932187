"""The difference between two scans of a network, and what is no difference."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent import network_changes
from config.errors import InputError

FIELDS = ("kind", "service", "product", "version", "tls_weaknesses", "ssh_weaknesses")


def host(address: str, mac: str | None = None, finished: bool = True) -> dict[str, Any]:
    counts = {"closed_ports": 0, "silent_ports": 0}
    return {"address": address, "mac": mac, "vendor": None, "finished": finished, **counts}


def service(address: str, port: int | None, **told: Any) -> dict[str, Any]:
    return {"address": address, "port": port, **dict.fromkeys(FIELDS), **told}


def scan(hosts: list[Any], services: list[Any]) -> dict[str, Any]:
    return {
        "exposure.scanned_range": ["10.0.0.0/24"],
        "exposure.hosts_seen": hosts,
        "exposure.services": services,
    }


A, B = "10.0.0.5", "10.0.0.6"
BASE = scan([host(A, "02:00:00:00:00:05")], [service(A, 22, kind="ssh", product="OpenSSH", version="9.2")])


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (BASE, []),
        (
            scan([host(A), host(B)], [*BASE["exposure.services"], service(B, 23, kind="telnet")]),
            [f"{B}: answers, and did not before", f"{B}:23: open now, telnet"],
        ),
        (scan([host(B)], []), [f"{B}: answers, and did not before", f"{A}: answers no longer"]),
        (scan([host(A)], []), [f"{A}:22: no longer open, was ssh OpenSSH 9.2"]),
        (scan([host(A, finished=False)], [service(A, None)]), []),
        (scan([host(A)], [service(A, 22)]), []),
        (
            scan([host(A, "02:00:00:00:00:bb")], BASE["exposure.services"]),
            [f"{A}: another device, 02:00:00:00:00:bb in place of 02:00:00:00:00:05"],
        ),
        (
            scan([host(A)], [service(A, 22, kind="ssh", product="OpenSSH", version="10.0")]),
            [f"{A}:22: version 10.0, was 9.2"],
        ),
        (
            scan([host(A)], [*BASE["exposure.services"], service(A, 700)]),
            [f"{A}:700: open now, unnamed"],
        ),
    ],
)
def test_changes(after: dict[str, Any], told: list[str]) -> None:
    """What came, went or changed; nothing of what one of the scans did not see."""
    assert told == network_changes.changes(BASE, after)


def test_weaknesses() -> None:
    """They are told as they come and go."""
    before = scan([host("fd00::5")], [service("fd00::5", 443, tls_weaknesses=["tls_1_0"])])
    after = scan([host("fd00::5")], [service("fd00::5", 443, tls_weaknesses=[])])
    assert ["[fd00::5]:443: tls weaknesses none, was tls_1_0"] == network_changes.changes(before, after)


@pytest.mark.parametrize("name", BASE)
def test_not_comparable(name: str) -> None:
    """A scan that saw nothing, or looked elsewhere, is no ground for a difference."""
    less = {key: value for key, value in BASE.items() if key != name}
    for pair in ((BASE, less), (less, BASE)):
        with pytest.raises(ValueError, match="did not see"):
            network_changes.changes(*pair)
    with pytest.raises(ValueError, match="different ranges"):
        network_changes.changes(BASE, {**BASE, "exposure.scanned_range": ["10.0.1.0/24"]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"facts": []}',
        '{"facts": {"a": 1}}',
        '{"facts": {"exposure.hosts_seen": {"value": [{}]}}}',
        "[" * 100_000,
        "\ud800",
    ],
)
def test_unusable(text: str, tmp_path: Path) -> None:
    """A file that is no scan is bad input."""
    path = tmp_path / "scan.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="scan_unusable"):
        network_changes.read(str(path))
    with pytest.raises(InputError, match="no such file"):
        network_changes.read(str(tmp_path / "none"))


def test_read(tmp_path: Path) -> None:
    """What was seen of an earlier scan, without what was missing."""
    facts: dict[str, Any] = {name: {"value": value, "sources": []} for name, value in BASE.items()}
    del facts["exposure.services"]["value"]
    (tmp_path / "scan.json").write_text(json.dumps({"facts": facts}))
    read = network_changes.read(str(tmp_path / "scan.json"))
    assert read == {name: value for name, value in BASE.items() if name != "exposure.services"}
