"""What a Mac offers to others over the network: the switches of "Sharing", as they are in effect.

A service is on where launchd has it, or is told to have it from the next start. Remote management answers on screen
sharing's port too, without its switch; its own trigger file, or its agent that runs, tells. Facts that nothing proves
either way are missing: a folder that may not be looked into is no service that is off.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen
from collectors.readers import launchd, macos_plist, processes

FACTS = {
    "sharing.remote_login": Fact("bool", "SSH is offered"),
    "sharing.screen_sharing": Fact("bool", "the screen can be seen and taken over from elsewhere"),
    "sharing.remote_management": Fact("bool", "Apple Remote Desktop may control the Mac"),
    "sharing.remote_apple_events": Fact("bool", "programs of other Macs may command programs here"),
    "sharing.file_sharing": Fact("bool", "folders are shared by SMB or NFS"),
    "sharing.internet_sharing": Fact("bool", "the Mac passes its connection on to others"),
    "sharing.printer_sharing": Fact("bool", "printers are shared"),
    "sharing.web_server": Fact("bool", "the web server that macOS brings runs"),
}
LABELS: Final = {
    "sharing.remote_login": ("com.openssh.sshd",),
    "sharing.screen_sharing": ("com.apple.screensharing",),
    "sharing.remote_apple_events": ("com.apple.AEServer",),
    "sharing.file_sharing": ("com.apple.smbd", "com.apple.nfsd"),
    "sharing.web_server": ("org.apache.httpd",),
}
"""By fact: services that are delivered switched off. Labels as in the macOS Security Compliance Project's rules."""
TRIGGERS: Final = (
    "/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd",
    "/private/etc/RemoteManagement.launchd",
)
AGENT: Final = "ARDAgent"
NAT: Final = "/Library/Preferences/SystemConfiguration/com.apple.nat.plist"
FORBIDDEN: Final = f"{macos_plist.MANAGED}/com.apple.MCX.plist"
PRINTERS: Final = ("cupsctl",)


def collect(host: Host) -> Findings:
    """Each by launchd, remote management by its trigger, the rest by their own settings."""
    findings = Findings()
    for name, labels in LABELS.items():
        findings.look(name, _any_on, host, labels)
    findings.look("sharing.remote_management", _remote_management, host)
    findings.look("sharing.internet_sharing", _internet, host)
    findings.look("sharing.printer_sharing", _printers, host)
    return findings


def _any_on(host: Host, labels: tuple[str, ...]) -> Seen:
    """One that is on decides; one that is not known leaves it so."""
    sources: list[str] = []
    unseen = None
    for label in labels:
        try:
            on, read = launchd.is_on(host, label)
        except Unseen as why:
            unseen = why
            continue
        if on:
            return Seen(True, *read)
        sources += read
    if unseen:
        raise unseen
    return Seen(False, *sources)


def _remote_management(host: Host) -> Seen:
    found = [path for path in TRIGGERS if host.exists(path)]
    if found:
        return Seen(True, *found)
    return Seen(processes.running(host, AGENT), f"process {AGENT}", *TRIGGERS)


def _internet(host: Host) -> Seen:
    """A profile may forbid it; the file comes to be when it is first switched on."""
    if host.exists(FORBIDDEN):
        forbidden = macos_plist.read(host, FORBIDDEN).get("forceInternetSharingOff")
        if macos_plist.flag(forbidden, FORBIDDEN):
            return Seen(False, FORBIDDEN)
    if not host.exists(NAT):
        return Seen(False, f"{NAT}: not there")
    nat = macos_plist.read(host, NAT).get("NAT", {})
    if not isinstance(nat, dict):
        raise Unseen("malformed", NAT, "NAT is no dictionary")
    return Seen(macos_plist.flag(nat.get("Enabled"), NAT) or False, NAT)


def _printers(host: Host) -> Seen:
    told = host.run(PRINTERS)
    settings = dict(line.strip().partition("=")[::2] for line in told.text.splitlines())
    shared = settings.get("_share_printers")
    if shared not in ("0", "1"):
        raise Unseen("malformed", told.source, "no _share_printers")
    return Seen(shared == "1", told.source)
