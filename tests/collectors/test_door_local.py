"""The local door: bounded and read-only, whatever it is pointed at."""

import os
import posixpath
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import door
from collectors.door import Unseen, first, glob
from collectors.doors import outcomes
from collectors.doors.local import Local
from collectors.doors.root import Root
from collectors.doors.running import mounts


def reason(function: object, *arguments: object, **named: object) -> str:
    """The reason for which something is unseen."""
    with pytest.raises(Unseen) as caught:
        function(*arguments, **named)  # type: ignore[operator]
    return caught.value.reason


@pytest.fixture
def host() -> Local:
    return Local(datetime(2026, 11, 24, tzinfo=UTC), budget_seconds=60)


# --- files


def test_read_regular_and_kernel_files(host: Local, tmp_path: Path) -> None:
    """Files are read whole, links followed; files of /proc and /sys say size 0 and are read all the same."""
    (tmp_path / "a").write_text("één\n", encoding="utf-8")
    (tmp_path / "b").symlink_to("a")
    assert "één\n" == host.text(str(tmp_path / "b"))
    assert 0 == host.stat("/proc/self/status").size
    assert "Name:" in host.text("/proc/self/status")


def test_beginning(host: Local, tmp_path: Path) -> None:
    """How a file begins is told of one of any length too, through either door."""
    with (tmp_path / "long").open("wb") as long:
        long.write(b"begin")
        long.truncate(door.READ_MAX_BYTES + 1)
    root = Root(tmp_path)
    for seen, path in ((host, str(tmp_path / "long")), (root, "/long")):
        assert b"begin\0" == seen.beginning(path, 6)
        assert door.READ_MAX_BYTES + 1 == len(seen.beginning(path, door.READ_MAX_BYTES + 2))
        assert "malformed" == reason(seen.beginning, posixpath.dirname(path), 6)
    root.close()


def test_bytes_that_are_no_text_stay_readable(host: Local, tmp_path: Path) -> None:
    """What is not UTF-8 becomes U+FFFD; a BOM stays, since real readers trip over it too."""
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfroot:\xff\n")
    assert "\ufeffroot:\ufffd\n" == host.text(str(tmp_path / "a"))


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/tty", "/etc"])
def test_what_is_no_regular_file_is_not_opened(host: Local, path: str) -> None:
    """A device may act when opened, and hang or never end when read."""
    assert "malformed" == reason(host.read, path)


def test_fifo_and_socket_do_not_hang(host: Local, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        started = time.monotonic()
        assert "malformed" == reason(host.read, str(tmp_path / "fifo"))
        assert "malformed" == reason(host.read, str(tmp_path / "socket"))
    assert time.monotonic() - started < 1


def test_size_limit_by_what_stat_says_and_by_what_is_read(host: Local, tmp_path: Path) -> None:
    """A sparse file is refused unread; a file of /proc, which says 0, is cut while it is read."""
    with (tmp_path / "zeros").open("wb") as zeros:
        zeros.truncate(200_000_000)
    started = time.monotonic()
    assert "too_large" == reason(host.read, str(tmp_path / "zeros"))
    assert time.monotonic() - started < 0.5
    assert "too_large" == reason(host.read, "/proc/self/status", 10)
    (tmp_path / "just").write_bytes(b"x" * 10)
    assert b"x" * 10 == host.read(str(tmp_path / "just"), 10)


@pytest.mark.parametrize("method", ["read", "list", "stat", "readlink"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nowhere", "not_found"),
        ("/etc/passwd/below", "not_found"),
        ("/nul\0byte", "malformed"),
        ("/" + "x" * 5000, "malformed"),
    ],
)
def test_paths_that_lead_nowhere(host: Local, method: str, path: str, expected: str) -> None:
    assert expected == reason(getattr(host, method), path)


def test_link_loop(host: Local, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "malformed" == reason(host.read, str(tmp_path / "a"))
    assert "link" == host.stat(str(tmp_path / "a"), follow=False).kind
    assert "b" == host.readlink(str(tmp_path / "a"))
    assert "malformed" == reason(host.readlink, str(tmp_path))


@pytest.mark.real("setpriv", root=True)
def test_another_user_is_denied(tmp_path: Path) -> None:
    """Without privileges, unreadable is permission_denied, never empty and never absent."""
    tmp_path.chmod(0o755)
    secret = tmp_path / "secret"
    secret.mkdir(0o700)
    (secret / "file").write_text("x")
    child = os.fork()
    if child == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        host = Local()
        asked = (host.read, host.list, host.stat, host.exists)
        paths = ("/etc/shadow", str(secret), str(secret / "file"), str(secret / "file"))
        seen = [reason(one, path) for one, path in zip(asked, paths, strict=True)]
        os._exit(0 if seen == ["permission_denied"] * 4 else 1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_names_are_sorted_and_bounded(host: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", ".c", os.fsdecode(b"\xff")):
        (tmp_path / name).touch()
    assert (".c", "a", "b", os.fsdecode(b"\xff")) == host.list(str(tmp_path))
    monkeypatch.setattr(door, "LIST_MAX_NAMES", 3)
    assert "too_large" == reason(host.list, str(tmp_path))


def test_glob_and_first(host: Local, tmp_path: Path) -> None:
    """As glob(3): sorted, no leading dot, [] when nothing matches; a file is no folder."""
    for name in ("2.conf", "10.conf", ".hidden.conf", "x.cfg"):
        (tmp_path / name).touch()
    there = str(tmp_path)
    assert [f"{there}/10.conf", f"{there}/2.conf"] == glob(host, f"{there}/*.conf")
    assert [f"{there}/.hidden.conf"] == glob(host, f"{there}/.*.conf")
    assert [] == glob(host, f"{there}/nothing/*/x")
    assert [] == glob(host, f"{there}/x.cfg/*")
    assert f"{there}/x.cfg" == first(host, f"{there}/none", f"{there}/x.cfg")
    assert "not_found" == reason(first, host, f"{there}/none")


# --- commands


def test_command_has_a_clean_room(host: Local) -> None:
    """English, UTC, a fixed PATH, standard input closed, a session of its own, nothing of our environment."""
    os.environ["BOLTSEAL_SECRET"] = "x"
    try:
        told = host.run(["env"])
    finally:
        del os.environ["BOLTSEAL_SECRET"]
    expected = {f"PATH={door.SYSTEM_PATH}", "LC_ALL=C", "LANG=C", "TZ=UTC", "HOME=/"}
    expected |= {"ZYPP_LOGFILE=/dev/null", "ZYPP_READONLY_HACK=1"}
    assert expected == set(told.text.split())
    assert "" == host.run(["cat"]).text
    assert b"hi\xff" == host.run(["printf", r"hi\377"]).stdout


def test_command_runs_once_per_scan(host: Local) -> None:
    """Equal arguments share one run, whether it went well or not; the limits of `ok` are the caller's."""
    assert host.run(["false"], ok=(0, 1)).returncode == 1
    assert "malformed" == reason(host.run, ["false"])
    assert host.run(("true",)) is host.run(["true"])
    assert 2 == host.processes_started
    assert "tool_missing" == reason(host.run, ["boltseal-no-such-tool"])
    assert 2 == host.processes_started


@pytest.mark.parametrize("script", ["sleep 30", "exec >&- 2>&-; sleep 30", "trap '' TERM; sleep 30 & wait"])
def test_hanging_tool_is_killed_with_its_children(host: Local, script: str) -> None:
    started = time.monotonic()
    marker = f"boltseal{os.getpid()}{time.monotonic_ns()}"
    assert "timeout" == reason(host.run, ["sh", "-c", script, marker], timeout=0.3)
    assert time.monotonic() - started < 5
    time.sleep(0.05)
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if marker.encode() in read(one)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_tool_that_leaves_a_child_behind_is_not_waited_for(host: Local) -> None:
    """The command ended; a child that holds its pipe is killed, and nobody waits for it."""
    started = time.monotonic()
    assert "done\n" == host.run(["sh", "-c", "sleep 30 & echo done"]).text
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("tool", [["yes"], ["sh", "-c", "yes >&2"], ["cat", "/dev/zero"]])
def test_tool_that_prints_gigabytes_is_cut(host: Local, tool: list[str]) -> None:
    started = time.monotonic()
    assert "too_large" == reason(host.run, tool)
    assert time.monotonic() - started < 5


def test_budget_ends_everything(tmp_path: Path) -> None:
    """A spent budget is a reason of its own, also for a command that was running when it ended."""
    host = Local(budget_seconds=0.3)
    assert "budget_spent" == reason(host.run, ["sleep", "30"])
    for method in (host.read, host.list, host.stat, host.readlink):
        assert "budget_spent" == reason(method, str(tmp_path))
    assert "budget_spent" == reason(host.run, ["true"])
    assert "budget_spent" == reason(host.processes)


@pytest.mark.parametrize(
    ("returncode", "stderr", "expected"),
    [
        (127, "", "tool_missing"),
        (1, "auditctl: must be root to run this program.", "permission_denied"),
        (1, "Error: Operation not permitted", "permission_denied"),
        (3, "frobnicated", "malformed"),
        (-11, "", "malformed"),
    ],
)
def test_return_code_that_is_not_expected(returncode: int, stderr: str, expected: str) -> None:
    done = door.Command(("tool",), returncode, b"output", stderr.encode())
    assert expected == reason(outcomes.checked, done, (0,))


def test_tool_that_may_not_be_run(host: Local, tmp_path: Path) -> None:
    """Only what can be executed is a tool; a broken one is told apart from a missing one."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    assert "tool_missing" == reason(host.run, [str(broken)])
    broken.chmod(0o755)
    assert "malformed" == reason(Local().run, [str(broken)])


# --- what is running


def test_processes_sockets_and_mounts(host: Local) -> None:
    """This process, a socket of it, and the root filesystem are seen; a connection is no listener."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
    ):
        datagram.bind(("127.0.0.1", 0))
        with socket.create_connection(server.getsockname()) as client:
            seen = {(one.protocol, one.address, one.port) for one in host.sockets()}
            assert ("tcp", *client.getsockname()) not in seen
        assert {("tcp", *server.getsockname()), ("udp", *datagram.getsockname())} <= seen
    me = next(one for one in host.processes() if one.pid == os.getpid())
    assert os.path.realpath(sys.executable) == me.exe
    assert "/" in {one.path for one in host.mounts()}


def test_mountinfo_is_unescaped() -> None:
    line = r"36 35 98:0 /m /mnt/a\040b rw,noatime master:1 - ext3 /dev/x\134y rw"
    assert (door.Mount(r"/dev/x\y", "/mnt/a b", "ext3", ("rw", "noatime"), "98:0"),) == mounts(
        line + "\nbroken\n"
    )


def test_time_outside_the_calendar(tmp_path: Path) -> None:
    """A hostile time stamp becomes the nearest one that can be told."""
    path = tmp_path / "a"
    path.touch()
    info = tuple(os.stat(path))
    for seconds, year in ((-(10**12), 1970), (10**13, 9999)):
        odd = os.stat_result(info, {"st_mtime_ns": seconds * 10**9})
        assert year == outcomes.to_stat(odd).modified_at.year


def test_reason_must_be_of_the_closed_list() -> None:
    with pytest.raises(ValueError, match="no such reason"):
        Unseen("because", "x")
