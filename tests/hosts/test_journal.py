"""journald's settings: what is claimed of the files against where the running journald then puts a message."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.doors.root import Root
from collectors.readers import journal
from tests.hosts.booted import Booted

pytestmark = [pytest.mark.slow, pytest.mark.real("systemd-nspawn", "nsenter", "ip", root=True)]

ETC, RUN = "/etc/systemd/journald.conf", "/run/systemd/journald.conf.d"
DROP_INS, VENDOR = "/etc/systemd/journald.conf.d", "/usr/lib/systemd/journald.conf.d"
LOCAL = "/usr/local/lib/systemd/journald.conf.d"
VOLATILE, KEPT = "[Journal]\nStorage=volatile\n", "[Journal]\nStorage=persistent\n"
MASK = None
ARRIVES_SECONDS = 10.0
CASES: dict[str, dict[str, str | None]] = {
    "shipped": {},
    "main": {ETC: VOLATILE},
    "drop-in over main": {ETC: KEPT, f"{DROP_INS}/a.conf": VOLATILE},
    "vendor's drop-in over main": {ETC: KEPT, f"{VENDOR}/a.conf": VOLATILE},
    "namesakes": {f"{VENDOR}/a.conf": VOLATILE, f"{DROP_INS}/a.conf": KEPT},
    "order of names": {f"{VENDOR}/b.conf": VOLATILE, f"{DROP_INS}/a.conf": KEPT},
    "masked": {f"{VENDOR}/a.conf": VOLATILE, f"{DROP_INS}/a.conf": MASK},
    "emptied": {f"{VENDOR}/a.conf": VOLATILE, f"{DROP_INS}/a.conf": ""},
    "run": {f"{RUN}/z.conf": VOLATILE, f"{DROP_INS}/a.conf": KEPT},
    "run hides vendor's": {f"{VENDOR}/a.conf": VOLATILE, f"{RUN}/a.conf": KEPT},
    "local": {f"{LOCAL}/a.conf": VOLATILE},
    "vendor's main": {ETC: "", "/usr/lib/systemd/journald.conf": VOLATILE},
    "no drop-in": {f"{DROP_INS}/a.txt": VOLATILE, f"{DROP_INS}/.a.conf": VOLATILE},
    "another section": {f"{DROP_INS}/a.conf": "[Manager]\nStorage=volatile\n"},
    "no section": {f"{DROP_INS}/a.conf": "Storage=volatile\n"},
    "two sections": {f"{DROP_INS}/a.conf": "[X]\nStorage=persistent\n[Journal]\nStorage=volatile\n"},
    "no such value": {ETC: VOLATILE, f"{DROP_INS}/a.conf": "[Journal]\nStorage=sometimes\n"},
    "remark behind": {f"{DROP_INS}/a.conf": "[Journal]\nStorage=volatile # for now\n"},
    "capitals": {f"{DROP_INS}/a.conf": "[Journal]\nStorage=Volatile\n"},
    "small key": {f"{DROP_INS}/a.conf": "[Journal]\nstorage=volatile\n"},
    "blanks": {f"{DROP_INS}/a.conf": " [Journal]\n  Storage =  volatile \n"},
    "continued": {f"{DROP_INS}/a.conf": "[Journal]\nStorage=\\\nvolatile\n"},
    "remark continued": {f"{DROP_INS}/a.conf": "[Journal]\n# Storage=persistent \\\nStorage=volatile\n"},
    "emptied value": {ETC: VOLATILE, f"{DROP_INS}/a.conf": "[Journal]\nStorage=\n"},
    "none": {f"{DROP_INS}/a.conf": "[Journal]\nStorage=none\n"},
    "carriage returns": {f"{DROP_INS}/a.conf": "[Journal]\r\nStorage=volatile\r\n"},
    "sent on": {f"{DROP_INS}/z.conf": "[Journal]\nForwardToSyslog=yes\n"},
    "not sent on": {f"{DROP_INS}/z.conf": "[Journal]\nForwardToSyslog=no\n"},
    "not sent on, off": {f"{DROP_INS}/z.conf": "[Journal]\nForwardToSyslog=Off\n"},
    "sent on, T": {f"{DROP_INS}/z.conf": "[Journal]\nForwardToSyslog=T\n"},
    "sent on at will": {f"{DROP_INS}/z.conf": "[Journal]\nForwardToSyslog=perhaps\n"},
    "sending emptied": {
        ETC: "[Journal]\nForwardToSyslog=no\n",
        f"{DROP_INS}/z.conf": "[Journal]\nForwardToSyslog=\n",
    },
    "syslog.conf masked": {f"{DROP_INS}/syslog.conf": MASK},
    "no main": {ETC: ""},
}


def _lay(host: Booted, files: dict[str, str | None]) -> None:
    inside = Path(f"/proc/{host.pid}/root")
    for path, text in files.items():
        place = inside / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            place.symlink_to("/dev/null")
        else:
            place.write_text(text, newline="")


def _does(host: Booted, token: str, awaited: bool) -> tuple[bool, bool]:
    """Whether a message is in the journal on disk, and whether it came to rsyslog; `awaited`: it may take its time."""
    host.run("systemctl", "reset-failed", "systemd-journald.service")
    host.run("systemctl", "restart", "systemd-journald.service")
    host.run("journalctl", "--flush")
    host.run("logger", "-p", "authpriv.info", token)
    host.run("journalctl", "--sync")
    ends_at = time.monotonic() + (ARRIVES_SECONDS if awaited else 0)
    while True:
        found = host.says("grep", "-rl", token, "/var/log/journal", "/var/log/auth.log").split()
        if "/var/log/auth.log" in found or time.monotonic() >= ends_at:
            break
        time.sleep(0.1)
    return any("/journal/" in path for path in found), "/var/log/auth.log" in found


def test_journald(
    prepared: Callable[[], Booted], release: str, record_property: Callable[[str, object], None]
) -> None:
    """Kept, and handed on to rsyslog: our answer for every case is what journald does."""
    host = prepared()
    host.boot()
    (host.root / "var/log/journal").mkdir(exist_ok=True)
    shipped = (host.root / ETC[1:]).read_text()
    wrong = {}
    for number, (name, files) in enumerate(CASES.items()):
        _lay(host, {ETC: shipped, **files})
        inside = Root(f"/proc/{host.pid}/root")
        ours = journal.keeps(inside)[0], journal.hands_on(inside)
        theirs = _does(host, f"message{number}of{release}", ours[1])
        if ours != theirs:
            wrong[name] = ours, theirs
        host.run("rm", "-f", *files)
    record_property("compared", 2 * len(CASES))
    assert wrong == {}, "\n".join(f"{name}: {found}" for name, found in wrong.items())
