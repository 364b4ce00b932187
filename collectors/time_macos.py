"""The clock of a Mac: timed keeps it, if network time is on. Whether a server answers macOS tells nobody.

systemsetup(8) wants root; to others it says so on standard output and ends with 0. So a clock that is kept is never
claimed: off is a proof, on leaves it open.
"""

from __future__ import annotations

from typing import Final

from collectors import time as linux
from collectors.door import Command, Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import launchd

FACTS = dict(linux.FACTS)
LABEL: Final = "com.apple.timed"
SWITCH: Final = ("systemsetup", "-getusingnetworktime")
SERVER: Final = ("systemsetup", "-getnetworktimeserver")
_REFUSED: Final = "administrator access"


def collect(host: Host) -> Findings:
    """The daemon by launchd, switch and server by systemsetup."""
    findings = Findings()
    findings.look("time.service", _service, host)
    findings.look("time.synchronised", _synchronised, host)
    findings.look("time.sources", _sources, host)
    return findings


def _service(host: Host) -> Seen:
    loaded = launchd.is_loaded(host, LABEL)
    return Seen("timed" if loaded else "none", " ".join(launchd.service(LABEL)))


def _synchronised(host: Host) -> Seen:
    switch = _asked(host, SWITCH, "Network Time: ")
    if switch.value not in ("On", "Off"):
        raise Unseen("malformed", switch.sources[0], "neither On nor Off")
    if switch.value == "Off" or _service(host).value == "none":
        return Seen(False, *switch.sources, " ".join(launchd.service(LABEL)))
    raise Unseen("unsupported", switch.sources[0], "on; whether a server answers is not told")


def _sources(host: Host) -> Seen:
    server = _asked(host, SERVER, "Network Time Server: ")
    return Seen([*str(server.value).split(",")], *server.sources)


def _asked(host: Host, argv: tuple[str, ...], label: str) -> Seen:
    told: Command = host.run(argv)
    if _REFUSED in told.text + told.stderr.decode("utf-8", "replace"):
        raise Unseen("permission_denied", told.source)
    lines = [line.removeprefix(label).strip() for line in told.text.splitlines() if line.startswith(label)]
    if len(lines) != 1 or not lines[0]:
        raise Unseen("malformed", told.source, "not the words of systemsetup")
    return Seen(lines[0], told.source)
