"""The runner of fixture files: tests/collectors/fixtures/<subject>.toml holds named cases of one collector.

A test module is a dozen lines:

    import pytest
    from tests.collectors.cases import cases, check

    @pytest.mark.parametrize("case", cases("sshd"), ids=str)
    def test_sshd(case, tmp_path):
        \"\"\"Every case gives exactly the facts, reasons and outcome that it names.\"\"\"
        check(case, tmp_path)

The format (every key but `name` and `expect` may be left out):

    [[cases]]
    name = "good_host"                      # for a failure: what is wrong with it
    extends = "other_case"                  # start from an earlier case; what is named here is laid over it
    offline = true                          # no commands, processes …; the case runs in the twin AND in a real
                                            # folder through the root door: both must give the same findings
    now = 2026-11-24T12:00:00Z              # start of the scan
    # Without these three, processes() … raise `unsupported`; a word instead of a list is the reason.
    processes = [{ pid = 7, name = "sshd", exe = "/usr/sbin/sshd", arguments = ["sshd", "-D"] }]
    sockets = [{ protocol = "tcp", address = "0.0.0.0", port = 22, process = "sshd" }]
    mounts = [{ device = "/dev/sda1", path = "/", kind = "ext4", options = ["rw"], number = "8:1" }]

    [cases.files]
    "/etc/a" = "text"                       # root, 0644, modified at 2026-11-24T12:00:00Z
    "/etc/b" = { text = "…", mode = 0o640, uid = 0, gid = 42, modified = 2026-11-01T00:00:00Z }
    "/etc/c" = { base64 = "…" }             # bytes that are no text
    "/etc/d" = { hex = "7f454c46" }
    "/etc/e" = { link = "/etc/b" }
    "/etc/f" = { folder = true }            # an empty folder; parents of files are made by themselves
    "/etc/g" = { kind = "other" }           # a FIFO or a socket; "device": a device
    "/etc/h" = { zeros = 200000000 }        # a sparse file
    "/etc/i" = { unseen = "permission_denied" }  # there, but reading gives this reason (twin only)
    "/etc/j" = false                        # not there (takes away what `extends` brought)

    [cases.commands]
    "sshd -T" = "output"                    # return code 0; the key is split as a shell would split it
    "dnf -q check-update" = { stdout = "…", stderr = "…", returncode = 100 }
    "nft -j list ruleset" = "!timeout"      # unseen for this reason; a command not named is a missing tool

    [cases.expect]
    outcome = "collected"                   # the default
    facts = { "sshd.installed" = true }     # each named fact must have exactly this value
    missing = { "sshd.running" = "offline_root" }  # each named fact must be missing for this reason
    sources = { "sshd.installed" = ["/usr/sbin/sshd"] }
    complete = true                         # the facts not named under `facts` are exactly those under `missing`

In expected records a field that may be null and is left out is null: TOML has no word for it.
Every case also holds that no value was refused for its type, and that each fact names a source.
"""

from __future__ import annotations

import base64
import os
import shlex
import tomllib
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from collectors import Collector, every
from collectors.door import Command, Door, Mount, Process, Socket, Unseen
from collectors.doors.root import Root
from collectors.findings import Findings, record_fields
from tests.collectors.twin import MOMENT, Node, Twin

FIXTURES = Path(__file__).parent / "fixtures"
_LAID_OVER = ("files", "commands")
_TWINS = {
    "windows": "windows",
    "ad": "directory",
    "openldap": "directory",
    "entra": "tenant",
    "google": "tenant",
    "okta": "tenant",
    "device": "device",
    "network": "network",
    "mail": "mail",
}
"""By platform: tests/collectors/twin_….py, whose `twin(data)` makes the door of a case, where it is no `Twin`."""


@dataclass(frozen=True)
class Case:
    """One named case of a fixture file."""

    subject: str
    name: str
    data: dict[str, Any]

    def __str__(self) -> str:
        return self.name


def cases(subject: str) -> list[Case]:
    """The cases of a subject's fixture file, `extends` resolved."""
    found: dict[str, dict[str, Any]] = {}
    for data in tomllib.loads((FIXTURES / f"{subject}.toml").read_text())["cases"]:
        under = found[data["extends"]] if "extends" in data else {}
        whole = {**under, **data}
        tables = {key for key, value in data.items() if isinstance(value, dict) and key != "expect"}
        for key in {*_LAID_OVER, *tables}:
            whole[key] = {**under.get(key, {}), **data.get(key, {})}
        assert data["name"] not in found, f"two cases {data['name']!r}"
        found[data["name"]] = whole
    return [Case(subject, name, data) for name, data in found.items()]


def check(case: Case, folder: Path) -> None:
    """Run a case in the twin, and an offline one in a real folder too; compare with what it expects."""
    host = door(case)
    findings = run(case.subject, host)
    _compare(case, findings)
    if isinstance(host, Twin) and host.offline and not any(node.unseen for node in host.nodes.values()):
        _lay_out(host, folder)
        assert run(case.subject, Root(folder, host.now)) == findings, "the root door gives something else"


def run(subject: str, host: Door) -> Findings:
    """The closed findings of one collector; fails when a value was refused or a fact has no source."""
    collector: Collector = every()[subject]
    try:
        findings = collector.collect(host)
    except Unseen as unseen:
        findings = Findings()
        for name in collector.facts:
            findings.unseen(name, unseen)
    rejected = findings.close(collector.facts)
    assert not rejected, {
        name: findings.facts.get(name, "undeclared or of a wrong type") for name in rejected
    }
    without = [name for name in findings.facts if not findings.sources.get(name)]
    assert not without, f"facts without a source: {without}"
    return findings


def door(case: Case) -> Door:
    """The in-memory door of a case, whatever its platform."""
    platform = every()[case.subject].platform
    if platform in _TWINS:
        made: Door = import_module(f"tests.collectors.twin_{_TWINS[platform]}").twin(case.data)
        return made
    return replace(twin(case), platform=platform)


def twin(case: Case) -> Twin:
    """The in-memory host of a case."""
    data = case.data
    nodes = {path: _node(value) for path, value in data["files"].items() if value is not False}
    commands = {tuple(shlex.split(line)): _command(line, value) for line, value in data["commands"].items()}
    return Twin(
        nodes,
        commands,
        _many(Process, data.get("processes", "unsupported")),
        _many(Socket, data.get("sockets", "unsupported")),
        _many(Mount, data.get("mounts", "unsupported")),
        data.get("offline", False),
        data.get("now", MOMENT),
    )


def _node(value: Any) -> Node:
    if isinstance(value, str):
        return Node(content=value.encode())
    given = {key: value[key] for key in ("mode", "uid", "gid", "unseen", "kind") if key in value}
    node = Node(**given, modified_at=value.get("modified", MOMENT))
    if "link" in value:
        return replace(node, kind="link", link=value["link"], mode=0o777)
    if value.get("folder"):
        return replace(node, kind="dir", mode=value.get("mode", 0o755))
    if "zeros" in value:
        return replace(node, size=value["zeros"])
    if "base64" in value:
        return replace(node, content=base64.b64decode(value["base64"]))
    if "hex" in value:
        return replace(node, content=bytes.fromhex(value["hex"]))
    return replace(node, content=value.get("text", "").encode())


def _command(line: str, value: Any) -> Command | str:
    argv = tuple(shlex.split(line))
    if isinstance(value, str):
        return value[1:] if value.startswith("!") else Command(argv, 0, value.encode(), b"")
    out, err = value.get("stdout", "").encode(), value.get("stderr", "").encode()
    return Command(argv, value.get("returncode", 0), out, err)


def _many(kind: Any, given: Any) -> Any:
    if isinstance(given, str):
        return given
    return tuple(
        kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in one.items()})
        for one in given
    )


def _lay_out(host: Twin, folder: Path) -> None:
    """Make the twin's files in a real folder."""
    for path, node in sorted(host.nodes.items()):
        real = folder / path.lstrip("/")
        real.parent.mkdir(parents=True, exist_ok=True)
        if node.kind == "dir":
            real.mkdir(exist_ok=True)
        elif node.kind == "link":
            real.symlink_to(node.link)
        elif node.kind == "file":
            real.write_bytes(node.content)
            if node.size is not None:
                os.truncate(real, node.size)
        else:
            os.mkfifo(real)
    for path, node in sorted(host.nodes.items(), reverse=True):
        real = folder / path.lstrip("/")
        if node.kind == "link":
            continue
        if os.geteuid() == 0:
            os.chown(real, node.uid, node.gid)
        real.chmod(node.mode)
        stamp = _seconds(node.modified_at)
        os.utime(real, (stamp, stamp))


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _with_nulls(value: Any, kind: str) -> Any:
    """A record's fields that may be null and are left out are null: TOML has no word for it."""
    if not kind.startswith("records{"):
        return value
    nulls = {name: None for name, field in record_fields(kind).items() if field.endswith("?")}
    return [{**nulls, **record} for record in value]


def _compare(case: Case, findings: Findings) -> None:
    expect = case.data["expect"]
    declared = every()[case.subject].facts
    wanted = {
        name: _with_nulls(value, declared[name].type) for name, value in expect.get("facts", {}).items()
    }
    missing = expect.get("missing", {})
    if expect.get("complete"):
        assert set(wanted) == set(findings.facts), "the facts are not exactly those expected"
    assert wanted == {name: findings.facts.get(name, findings.missing.get(name)) for name in wanted}
    assert missing == {name: findings.missing.get(name, findings.facts.get(name)) for name in missing}
    sources = {name: tuple(value) for name, value in expect.get("sources", {}).items()}
    assert sources == {name: findings.sources.get(name, ()) for name in sources}
    assert expect.get("outcome", "collected") == findings.outcome
