"""The in-memory twin of a network's door: a scan written down as TOML.

Of a case:

ranges = ["10.0.0.0/24"]                    # the declaration; allowed, excluded and known may be left out
owner = "Example"
known = "10.0.0.5 02:00:00:00:00:05"        # left out: no list was handed in
method = "syn"
scan = "tool_missing"                       # instead of hosts: why there was no scan
[[cases.hosts]]
address = "10.0.0.5"                        # and the other fields of Answerer
ports = [{ protocol = "tcp", number = 22, state = "open", name = "ssh", probed = true }]
"""

from __future__ import annotations

from typing import Any

from collectors.door import Unseen
from collectors.door_network import Answerer, Port, Scanned
from collectors.doors.network import Scan
from collectors.readers.network_range import declare
from tests.collectors.twin import MOMENT

SOURCE = "nmap"


def twin(data: dict[str, Any]) -> Scan:
    """The door of a case."""
    ranges, owner = data.get("ranges", ["10.0.0.0/24"]), data.get("owner", "Example")
    more = {key: data[key] for key in ("allowed", "excluded", "known") if key in data}
    declared = declare(ranges, owner, **more)
    if "scan" in data:
        return Scan(declared, Unseen(data["scan"], SOURCE), MOMENT)
    hosts = tuple(_host(one) for one in data.get("hosts", []))
    method = data.get("method", "syn")
    return Scan(
        declared, Scanned(method, SOURCE, hosts, "" if method == "syn" else "permission_denied"), MOMENT
    )


def _host(one: dict[str, Any]) -> Answerer:
    ports = tuple(Port(**port) for port in one.get("ports", []))
    return Answerer(**{**one, "ports": ports})
