"""The SSH door at a real sshd on loopback: the same facts, never a better one, and only on a host that is known."""

import base64
import os
import posixpath
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from collectors import discover
from collectors.door import Host, Unseen
from collectors.doors import known_hosts, ssh_command
from collectors.doors.connecting import ConnectError
from collectors.doors.local import Local
from collectors.doors.ssh import Ssh, connect
from collectors.findings import Findings
from collectors.look import look_with
from tests.collectors.ssh_world import Sshd, User, make_key

pytestmark = [
    pytest.mark.real("sshd", "ssh-keygen", "unshare", "openssl", root=True),
    pytest.mark.xdist_group("ssh_door"),
]


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    with Sshd() as running:
        yield running


@pytest.fixture(scope="module")
def host(sshd: Sshd) -> Iterator[Ssh]:
    opened = sshd.door()
    yield opened
    opened.close()


def reason(function: object, *arguments: object, **named: object) -> str:
    """The reason for which something is unseen."""
    with pytest.raises(Unseen) as caught:
        function(*arguments, **named)  # type: ignore[operator]
    return caught.value.reason


def code(function: object, *arguments: object, **named: object) -> str:
    """The code of the error with which a connection is refused."""
    with pytest.raises(ConnectError) as caught:
        function(*arguments, **named)  # type: ignore[operator]
    return caught.value.code


def looked(host: Host) -> Mapping[str, Findings]:
    """What every collector finds."""
    return {name: look_with(one, host)[0] for name, one in discover("linux").items()}


# --- the same facts


def test_same_facts(sshd: Sshd, record_property: Callable[[str, object], None]) -> None:
    """As root every collector finds through SSH what it finds on the machine itself."""
    differing = {"all"}
    for _ in range(3):  # other tests start and end services meanwhile
        opened = sshd.door()
        ours, local = looked(opened), looked(Local())
        opened.close()
        differing = {name for name in ours if _told(ours[name]) != _told(local[name])}
        if not differing:
            break
    assert not differing
    record_property("compared", sum(len(one.facts) + len(one.missing) for one in ours.values()))


def _told(findings: Findings) -> object:
    return findings.facts, findings.missing


def test_unprivileged(record_property: Callable[[str, object], None]) -> None:
    """An ordinary user sees less, and nothing else: what is not missing is as root sees it, fields aside."""
    with Sshd(user=User()) as running:
        for _ in range(3):  # other tests start and end services meanwhile
            hosts = running.door(), running.door("auditor")
            roots, ours = map(looked, hosts)
            for host in hosts:
                host.close()
            told = [(name, fact, value) for name, one in ours.items() for fact, value in one.facts.items()]
            other = [each for each in told if _differs(each[2], roots[each[0]].facts.get(each[1]))]
            if not other:
                break
    assert not other
    assert any(one.missing for one in ours.values())
    record_property("compared", len(told))


def _differs(value: object, known: object) -> bool:
    return value != known and (
        not isinstance(known, list) or without_sources(value) != without_sources(known)
    )


def without_sources(value: object) -> object:
    """Records without what depends on who looks: where they were read, and whose a socket is."""
    assert isinstance(value, list)
    if not all(isinstance(one, dict) for one in value):
        return value
    found = []
    for one in value:
        rest = {key: field for key, field in one.items() if key not in ("source", "bypasses", "process")}
        found.append((rest, len(one.get("bypasses", ()))))
    return found


def test_processes_and_sockets(host: Ssh) -> None:
    """What runs and what listens is told as psutil tells it."""
    local = Local()
    waiting = ["sh", "-c", "read line", "sh", "a b", "", "é"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as one:
        ours, theirs = ({each.pid: each for each in door.processes()} for door in (host, local))
    for pid in (os.getpid(), 1, 2, one.pid):
        assert theirs[pid] == ours[pid]
    assert ("a b", "", "é") == ours[one.pid].arguments[-3:]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        seen = [one for one in host.sockets() if one.port == listening.getsockname()[1]]
        assert seen == [one for one in local.sockets() if one.port == listening.getsockname()[1]]
        assert seen[0].process


def test_mounts(host: Ssh) -> None:
    """What is mounted is told as this machine tells it itself."""
    before, ours, after = Local().mounts(), host.mounts(), Local().mounts()
    # Other tests mount and unmount meanwhile, and what they mount need not reach the server's own namespace.
    theirs = (tempfile.gettempdir(), "/run/")
    lasting = [one for one in before if one in after and not one.path.startswith(theirs)]
    assert "/" in {one.path for one in lasting}
    assert lasting == [one for one in ours if one in lasting]
    assert "/" in [one.path for one in lasting]


def test_a_mac_is_asked_by_its_tools(sshd: Sshd) -> None:
    """On a Mac processes, sockets and mounts are asked of ps, netstat and mount; Linux' answers are none of a Mac's."""
    host = sshd.door()
    host.platform = "macos"
    found = {one.pid: one for one in host.processes()}
    assert found[1].arguments
    assert "sshd" in {one.name for one in found.values()}
    reasons = {reason(host.sockets), reason(host.mounts)}
    host.close()
    assert reasons <= {"malformed", "tool_missing"}


# --- files

_OURS = ("/proc/self/status", "/proc/1/exe")
"""Paths that are new whenever they are looked at."""


@pytest.fixture
def both(host: Ssh) -> tuple[Ssh, Local]:
    return host, Local()


def told(function: object, *arguments: object) -> object:
    """The answer, or the reason why there is none."""
    try:
        return function(*arguments)  # type: ignore[operator]
    except Unseen as unseen:
        return unseen.reason


def test_paths(sshd: Sshd, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Every kind of file, link and loop, and names that a shell would trip over: as on the machine itself."""
    names = [
        "plain",
        "$(touch x)",
        "a'b\"c",
        "new\nline",
        "-rf",
        "\x1b[31m",
        "sp ace",
        "*",
        "é",
        ";id",
        "`id`",
    ]
    for name in names:
        (tmp_path / name).write_text(name)
    (tmp_path / os.fsdecode(b"\xff")).write_text("no UTF-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "big").write_bytes(os.urandom(200_001))
    (tmp_path / "exact").write_bytes(bytes(65536))
    os.mkfifo(tmp_path / "fifo")
    for link, target in (
        ("to_plain", "plain"),
        ("dangling", "nowhere"),
        ("loop", "loop"),
        ("one", "two"),
        ("two", "one/x"),
        ("up", "../" + tmp_path.name + "/folder"),
        ("absolute", str(tmp_path / "folder")),
        ("through_file", "plain/x"),
        ("device", "/dev/zero"),
    ):
        (tmp_path / link).symlink_to(target)
    opened, local, compared = sshd.door(), Local(), 0
    paths = [posixpath.join(str(tmp_path), name) for name in os.listdir(tmp_path)]
    paths += [f"{path}/x" for path in paths] + [
        f"{tmp_path}/loop/../plain",
        f"{tmp_path}/folder/../plain",
        "/",
        "//",
    ]
    paths += [
        "/proc/self/status",
        "/proc/1/exe",
        "/proc/1/root/etc",
        "/dev/tty",
        "/nowhere/at/all",
        "a\0b",
        "/" + "x" * 300,
    ]
    for path in paths:
        for method in ("read", "list", "stat", "readlink", "exists"):
            ours, theirs = (told(getattr(one, method), path) for one in (opened, local))
            assert ours == theirs or path in _OURS, (method, path)
            compared += 1
        if path in _OURS:
            continue
        assert told(opened.stat, path, False) == told(local.stat, path, False), path
        assert told(opened.beginning, path, 5) == told(local.beginning, path, 5), path
    assert "too_large" == reason(opened.read, str(tmp_path / "big"), 1000)
    assert (tmp_path / "big").read_bytes() == opened.beginning(str(tmp_path / "big"), 1 << 20)
    assert "Name:" in opened.text("/proc/self/status")
    assert not os.path.lexists("/x")
    opened.close()
    record_property("compared", compared)


# --- commands


def test_run(host: Ssh) -> None:
    """No shell takes part in what a command is given, it is missing, ends and fails as on the machine itself."""
    hostile = ["$(touch /tmp/x)", "a'b\"c", "`id`", ";id", "*", "é", "-n", "", "a\\b", "~", "%s", "&& id"]
    assert [*hostile, ""] == host.run(["printf", "%s\\n", *hostile]).text.split("\n")
    assert "malformed" == reason(host.run, ["echo", "two\nlines"])
    assert "tool_missing" == reason(host.run, ["no-such-tool"])
    assert "malformed" == reason(host.run, ["false"])
    assert 1 == host.run(["false"], ok=(1,)).returncode
    assert {"PATH", "LC_ALL", "LANG", "TZ", "HOME", "ZYPP_LOGFILE", "ZYPP_READONLY_HACK"} == {
        line.partition("=")[0] for line in host.run(["env"]).text.splitlines()
    }


def test_run_bounded(host: Ssh) -> None:
    """A command that does not end is ended on the other side too; endless output ends as too large."""
    started = time.monotonic()
    assert "timeout" == reason(host.run, ["sleep", "977"], timeout=0.3)
    assert "too_large" == reason(host.run, ["yes"])
    assert "too_large" == reason(host.run, ["sh", "-c", "yes >&2"])
    assert time.monotonic() - started < 8
    assert "" == host.run(["sh", "-c", "sleep 5 &"]).text  # a child that holds the pipes is not waited for
    assert time.monotonic() - started < 8
    deadline = time.monotonic() + 6
    while "977" in [argument for one in Local().processes() for argument in one.arguments]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("argument", ["a\nb", "a\rb", "a\tb", "a!b", "\x7f", "a\\", "\\'\";touch x;'", "a\0"])
def test_argument_refused(argument: str) -> None:
    """What some login shell would take for more than an argument is never sent."""
    assert "malformed" == reason(ssh_command.line, ["cat", argument])


# --- the host's key


def test_host_key(sshd: Sshd, tmp_path: Path) -> None:
    """A host that is not known, or shows another key, is not logged in to; a pin stands in for known_hosts."""
    address = sshd.address()
    other = tmp_path / "other"
    make_key(other, "ed25519")
    key = base64.b64decode((sshd.folder / "host.pub").read_text().split()[1])
    wrong = base64.b64decode(Path(f"{other}.pub").read_text().split()[1])
    name = f"[127.0.0.1]:{sshd.port}"
    files = {
        "ssh_host_key_unknown": "",
        "ssh_host_key_changed": f"{name} ssh-ed25519 {base64.b64encode(wrong).decode()}\n",
        "ssh_host_key_revoked": sshd.known_hosts.read_text()
        + "@revoked * "
        + sshd.known_hosts.read_text().split(" ", 1)[1],
    }
    for expected, text in files.items():
        (tmp_path / "known").write_text(text)
        assert expected == code(connect, address, sshd.credentials(known_hosts=str(tmp_path / "known")))
    nothing = {"known_hosts": os.devnull}
    opened = connect(address, sshd.credentials(host_key=known_hosts.fingerprint(key), **nothing))
    assert "linux" == opened.platform
    opened.close()
    pinned = sshd.credentials(host_key=known_hosts.fingerprint(wrong), **nothing)
    assert "ssh_host_key_changed" == code(connect, address, pinned)
    assert "ssh_pin_malformed" == code(connect, address, sshd.credentials(host_key="MD5:00"))
    assert "ssh_known_hosts_unreadable" == code(connect, address, sshd.credentials(known_hosts="/nowhere"))


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_host_key_of_a_type_that_is_known(kind: str) -> None:
    """A host with several keys is asked for the one that is known, as OpenSSH asks."""
    with Sshd(kind=kind) as running:
        make_key(running.folder / "more", "ed25519")
        with Sshd([f"HostKey {running.folder}/more", f"HostKey {running.folder}/host"]) as several:
            key = " ".join((running.folder / "host.pub").read_text().split()[:2])
            several.known_hosts.write_text(f"[127.0.0.1]:{several.port} {key}\n")
            opened = several.door()
            assert "linux" == opened.platform
            opened.close()


# --- known_hosts


@pytest.mark.parametrize(
    ("patterns", "fits"),
    [
        ("web1", True),
        ("WEB1", True),
        ("web*", True),
        ("web?", True),
        ("web*,!web1", False),
        ("!web1,web*", False),
        ("other", False),
        ("[web1]:22", False),
        ("web1.example", False),
        ("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", False),
        ("|1|broken", False),
    ],
)
def test_known_hosts_patterns(patterns: str, fits: bool) -> None:
    """Patterns are OpenSSH's: brackets are letters, an exclamation mark takes away."""
    found = known_hosts.known(f"{patterns} ssh-ed25519 AAAA\n", "web1")
    assert fits == bool(found.keys)


def test_known_hosts_hashed(tmp_path: Path) -> None:
    """A hashed file, as ssh-keygen -H writes it, is read."""
    make_key(tmp_path / "key", "ed25519")
    key = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    (tmp_path / "known").write_text(f"web1,[web2]:2222 {key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(tmp_path / "known")], check=True, capture_output=True)
    text = (tmp_path / "known").read_text()
    assert "web" not in text
    for name in ("web1", known_hosts.name_of("web2", 2222)):
        assert 1 == len(known_hosts.known(text, name).keys)
    assert () == known_hosts.known(text, "web2").keys
