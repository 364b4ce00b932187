"""What runs on a Mac, by samples: netstat's rows are of recordings that people published, the rest after manuals.

Never run on a Mac.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.door import Command, Mount, Process, Socket, Unseen
from collectors.doors import local, running_macos
from collectors.doors.local import Local
from tests.collectors.twin import Twin

BEHIND = running_macos.BEHIND
HEAD = """Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
"""
NETSTAT = (
    HEAD
    + """tcp4       0      0  127.0.0.1.631          *.*                    LISTEN
tcp6       0      0  ::1.631                *.*                    LISTEN
tcp46      0      0  *.3283                 *.*                    LISTEN      131072 131072    528      0 0x0000
tcp4       0      0  *.88                   *.*                    LISTEN
tcp6       0      0  fe80::aede:48ff:.49159 *.*                    LISTEN
tcp4       0      0  192.168.1.7.53211      17.57.144.84.5223      ESTABLISHED
udp4       0      0  *.5353                 *.*
udp46      0      0  *.*                    *.*
udp6       0      0  fe80::1%lo0.123        *.*
udp4       0      0  192.168.1.7.61031      192.168.1.1.53
Active LOCAL (UNIX) domain sockets
Address          Type   Recv-Q Send-Q            Inode             Conn             Refs          Nextref Addr
d1d3b6a26c6b1f51 stream      0      0                0 d1d3b6a26c6b2019                0                0
"""
)
LSOF = "p1\nclaunchd\nf7\nPTCP\nn*:88\np528\ncARD\\x20Agent\nf12\nPTCP\nn*:3283\nf13\n"
LSOF += "PUDP\nn192.168.1.7:61031->192.168.1.1:53\n"
PS = {
    "ucomm": "    1 launchd\n  528 ARDAgent\n  901 sshd\n  902 ExtremelyLongNa\n",
    "comm": "    1 /sbin/launchd\n"
    "  528 /System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/MacOS/ARDAgent\n"
    "  901 sshd: ada [priv]\n  902 /Applications/A B.app/Contents/MacOS/ExtremelyLongName\n",
    "args": "    1 /sbin/launchd\n  901 sshd: ada [priv] \n",
}


def mac(**told: str) -> Twin:
    """A Mac whose tools say this."""
    commands: dict[tuple[str, ...], Command | str] = {}
    named = {"netstat": running_macos.NETSTAT, "lsof": running_macos.OWNERS, "mount": ("mount",)}
    for name, text in told.items():
        argv = named.get(name) or running_macos.ps(name)
        commands[argv] = Command(argv, 0, text.encode(), b"")
    return Twin({}, commands, platform="macos")


def test_sockets() -> None:
    """Each listening socket of each family, whose it is where lsof tells; connections and unbound ones are left out."""
    assert running_macos.sockets(mac(netstat=NETSTAT, lsof=LSOF)) == (
        Socket("tcp", "0.0.0.0", 88, "launchd"),
        Socket("tcp", "127.0.0.1", 631, None),
        Socket("tcp", "::1", 631, None),
        Socket("tcp", "::", 3283, "ARD Agent"),
        Socket("tcp", "fe80::aede:48ff:", 49159, None),
        Socket("udp", "fe80::1%lo0", 123, None),
        Socket("udp", "0.0.0.0", 5353, None),
    )
    assert {None} == {one.process for one in running_macos.sockets(mac(netstat=NETSTAT))}


@pytest.mark.parametrize(
    "text", ["", "netstat: sysctl: net.inet.tcp.pcblist_n\n", NETSTAT[:600], HEAD + "tcp4 what" + BEHIND]
)
def test_sockets_of_other_words(text: str) -> None:
    """What is no table of sockets is no empty one."""
    with pytest.raises(Unseen, match="malformed"):
        running_macos.sockets(mac(netstat=text))


def test_processes() -> None:
    """A title that a program gave itself changes neither its name nor makes a program of it."""
    assert running_macos.processes(mac(**PS)) == (
        Process(1, "launchd", "/sbin/launchd", ("/sbin/launchd",)),
        Process(
            528,
            "ARDAgent",
            "/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/MacOS/ARDAgent",
        ),
        Process(901, "sshd", None, ("sshd:", "ada", "[priv]")),
        Process(902, "ExtremelyLongName", "/Applications/A B.app/Contents/MacOS/ExtremelyLongName"),
    )
    with pytest.raises(Unseen, match="malformed"):
        running_macos.processes(mac(**PS | {"comm": "\n"}))


def test_mounts() -> None:
    """Blanks in names, the kind and the options; no table without a root."""
    text = (
        "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n"
        "map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)\n"
        "/dev/disk4s1 on /Volumes/My Stick (1) (msdos, local, nodev)\n"
    )
    assert running_macos.mounts(mac(mount=text)) == (
        Mount("/dev/disk3s1s1", "/", "apfs", ("sealed", "local", "read-only", "journaled")),
        Mount("map auto_home", "/System/Volumes/Data/home", "autofs", ("automounted", "nobrowse")),
        Mount("/dev/disk4s1", "/Volumes/My Stick (1)", "msdos", ("local", "nodev")),
    )
    with pytest.raises(Unseen, match="malformed"):
        running_macos.mounts(mac(mount=""))


def test_local_door_without_what_only_linux_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is neither O_PATH nor waitid, files are read, a FIFO does not hang, and commands end."""
    monkeypatch.setattr(local, "_PATH_ONLY", None)
    monkeypatch.delattr(os, "waitid")
    monkeypatch.setattr(Local, "platform", "macos")
    host = Local()
    (tmp_path / "a").write_text("seen")
    os.mkfifo(tmp_path / "fifo")
    assert "seen" == host.text(str(tmp_path / "a"))
    with pytest.raises(Unseen, match="malformed"):
        host.read(str(tmp_path / "fifo"))
    assert "said\n" == host.run(["echo", "said"]).text
    with pytest.raises(Unseen, match="timeout"):
        host.run(["sleep", "9"], timeout=0.1)
    assert os.getpid() in {one.pid for one in host.processes()}
