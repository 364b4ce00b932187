"""The root door: nothing outside the folder is seen, nothing inside is run, however hostile it is."""

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from collectors import discover
from collectors.door import Unseen, glob
from collectors.doors.root import Root
from collectors.look import look
from tests.collectors.test_door_local import reason


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("secret")
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    return folder


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../../etc/passwd", "../etc/passwd", "/../etc/./passwd", "/etc//../etc/passwd"],
)
def test_links_stay_inside(root: Path, target: str) -> None:
    """An absolute link starts at the folder, and ".." above it stays there: always this root's own file."""
    (root / "etc/link").symlink_to(target)
    assert "root:x:0:0::/root:/bin/sh\n" == Root(root).text("/etc/link")


@pytest.mark.parametrize("target", ["/outside", "../outside", "../../outside", "../../../outside"])
def test_links_out_lead_nowhere(root: Path, target: str) -> None:
    (root / "etc/link").symlink_to(target)
    (root / "folder").symlink_to("..")
    host = Root(root)
    assert "not_found" == reason(host.read, "/etc/link")
    assert "not_found" == reason(host.read, "/folder/outside")
    assert "not_found" == reason(host.read, "/../outside")
    assert not host.exists("/../../outside")
    assert ("etc", "folder") == host.list("/folder")


def test_link_to_the_real_path_of_the_folder(root: Path) -> None:
    """A link that names the folder's own place on this machine is taken literally, inside it."""
    (root / "etc/link").symlink_to(root / "etc/passwd")
    assert "not_found" == reason(Root(root).read, "/etc/link")


def test_link_through_folders(root: Path) -> None:
    (root / "usr/lib").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    (root / "usr/lib/file").write_text("x")
    (root / "a").symlink_to("lib/../lib/file")
    host = Root(root)
    assert "x" == host.text("/lib/file")
    assert "x" == host.text("/a")
    assert "usr/lib" == host.readlink("/lib")
    assert "link" == host.stat("/lib", follow=False).kind
    assert "dir" == host.stat("/lib").kind
    assert "malformed" == reason(host.readlink, "/etc")


def test_link_loops_end(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "c").symlink_to("c/c")
    (root / "d").symlink_to("/".join(["d"] * 900))
    host = Root(root)
    started = time.monotonic()
    for name in "abcd":
        assert "malformed" == reason(host.read, f"/{name}")
    assert time.monotonic() - started < 1


def test_swapped_link_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A component that turns into a link while it is looked at is resolved by us, never by the kernel."""
    (root / "etc/real").mkdir()
    opened = os.open

    def swap(path: str, *arguments: int, **named: int) -> int:
        if path == "real":
            (root / "etc/real").rmdir()
            (root / "etc/real").symlink_to(root.parent)
            monkeypatch.setattr(os, "open", opened)
        return opened(path, *arguments, **named)

    monkeypatch.setattr(os, "open", swap)
    assert "not_found" == reason(Root(root).read, "/etc/real/outside")


def test_no_regular_file(root: Path) -> None:
    """FIFOs, sockets and devices are told, not opened."""
    os.mkfifo(root / "etc/fifo")
    host = Root(root)
    assert "malformed" == reason(host.read, "/etc/fifo")
    assert "other" == host.stat("/etc/fifo").kind
    assert "malformed" == reason(host.read, "/etc")
    assert "not_found" == reason(host.list, "/etc/fifo")
    assert "not_found" == reason(host.read, "/etc/passwd/below")


@pytest.mark.real("mknod", root=True)
def test_devices(root: Path) -> None:
    try:
        os.mknod(root / "etc/shadow", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero by another name
    except PermissionError:
        pytest.skip("this machine lets nobody make devices")
    assert "malformed" == reason(Root(root).read, "/etc/shadow")


def test_unreadable_file(root: Path) -> None:
    """Run by root this looks through another user's eyes."""
    (root / "etc/shadow").write_text("x")
    (root / "etc/shadow").chmod(0)
    host = Root(root)
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        os._exit(0 if reason(host.read, "/etc/shadow") == "permission_denied" else 1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_nothing_is_run_and_nothing_runs(root: Path) -> None:
    (root / "bin").mkdir()
    (root / "bin/true").write_text("#!/bin/sh\ntouch /tmp/boltseal-was-here\n")
    (root / "bin/true").chmod(0o755)
    host = Root(root)
    assert host.offline
    assert "offline_root" == reason(host.run, ["true"])
    for method in (host.processes, host.sockets, host.mounts):
        assert "offline_root" == reason(method)


def test_budget(root: Path) -> None:
    host = Root(root, budget_seconds=0)
    assert "budget_spent" == reason(host.read, "/etc/passwd")
    assert "budget_spent" == reason(glob, host, "/etc/*")


def test_folder_must_be_one(root: Path) -> None:
    with pytest.raises(NotADirectoryError):
        Root(root / "etc/passwd")
    with pytest.raises(FileNotFoundError):
        Root(root / "none")


def test_no_handles_are_left(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in ("/etc/passwd", "/etc/none", "/a/b/c", "/etc/passwd/x"):
        host = Root(root)
        for method in (host.read, host.list, host.stat, host.readlink):
            with suppress(Unseen):
                method(path)
        host.close()
    assert before == len(os.listdir("/proc/self/fd"))


# --- whole scans of hostile roots


def scan(folder: Path) -> dict[str, str]:
    """The outcome of every collector; each fact is there or has a reason."""
    found = {}
    for name, findings, _ in look(Root(folder)):
        assert {*findings.facts, *findings.missing} == set(discover()[name].facts)
        found[name] = findings.outcome
    return found


def test_empty_root(tmp_path: Path) -> None:
    assert set(discover()) == set(scan(tmp_path))


FILES = (
    "etc/passwd etc/shadow etc/group etc/sudoers etc/login.defs etc/os-release etc/nsswitch.conf etc/fstab"
    " etc/crypttab etc/ssh/sshd_config etc/pam.d/passwd etc/pam.d/login etc/pam.d/sshd etc/pam.d/other"
    " etc/security/pwquality.conf etc/apt/sources.list var/lib/dpkg/status etc/audit/audit.rules"
    " etc/rsyslog.conf usr/sbin/sshd usr/sbin/gdm3 etc/default/useradd etc/doas.conf etc/hostname"
    " etc/systemd/journald.conf etc/nftables.conf usr/share/xsessions/gnome.desktop"
).split()


@pytest.mark.parametrize(
    "what", ["fifo", "zeros", "binary", "bom", "loop", "folder", "dangling", "long_line"]
)
def test_root_whose_every_file_is_hostile(tmp_path: Path, what: str) -> None:
    """Whatever a file is, the scan ends soon, and every fact is there or has its reason."""
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if what == "fifo":
            os.mkfifo(path)
        elif what == "zeros":
            path.touch()
            os.truncate(path, 200_000_000)
        elif what == "binary":
            path.write_bytes(bytes(range(256)) * 40)
        elif what == "bom":
            path.write_bytes(b"\xef\xbb\xbf\xff\xfe" + b"root:x:0:0::/:/bin/sh\r\n" * 3)
        elif what == "loop":
            path.symlink_to(path.name)
        elif what == "folder":
            path.mkdir()
        elif what == "dangling":
            path.symlink_to("/nowhere")
        else:
            path.write_text("=:[" * 400_000)
    started = time.monotonic()
    scan(tmp_path)
    assert time.monotonic() - started < 30
