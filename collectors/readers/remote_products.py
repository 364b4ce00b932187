"""Remote-access programs, and where each says whether nobody need be present.

Kind "service": whoever knows the password gets in once it runs. Kind "asks": by default somebody at the
screen agrees or reads out a code, unless a permanent password is set.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import units
from collectors.readers.products import Product

TEAMVIEWER: Final = ("/opt/teamviewer/config/global.conf", "/etc/teamviewer/global.conf")
ANYDESK: Final = ("/etc/anydesk/service.conf", "/etc/anydesk/system.conf")
RUSTDESK: Final = "/root/.config/rustdesk/RustDesk.toml"
TAILSCALE_STATE: Final = "/var/lib/tailscale/tailscaled.state"


def _bin(*names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names for folder in ("/usr/bin", "/usr/local/bin"))


KNOWN: Final = (
    Product("TeamViewer", ("teamviewer*",), ("/opt/teamviewer",), ("teamviewerd", "TeamViewer"),
        ("teamviewerd.service",), "asks"),
    Product("AnyDesk", ("anydesk",), (*_bin("anydesk"), "/var/lib/flatpak/app/com.anydesk.Anydesk"),
        ("anydesk",), ("anydesk.service",), "asks"),
    Product("RustDesk", ("rustdesk",), (*_bin("rustdesk"), "/var/lib/flatpak/app/com.rustdesk.RustDesk"),
        ("rustdesk",), ("rustdesk.service",), "asks"),
    Product("ScreenConnect", ("connectwisecontrol-*", "screenconnect-*"),
        ("/opt/connectwisecontrol-*", "/opt/screenconnect-*"), (), (), "service"),
    Product("Splashtop", ("splashtop-*",), ("/opt/splashtop-*",),
        ("SRStreamerDaemon", "SRStreamer", "SRAgent"), ("SRStreamer.service",), "service"),
    Product("Chrome Remote Desktop", ("chrome-remote-desktop",), ("/opt/google/chrome-remote-desktop",),
        ("chrome-remote-desktop", "chrome-remote-desktop-host"), (), "service"),
    Product("NoMachine", ("nomachine*",), ("/usr/NX/bin",), ("nxd", "nxserver.bin", "nxnode.bin"),
        ("nxserver.service",), "service"),
    Product("RealVNC", ("realvnc-vnc-server",), _bin("vncserver-x11"),
        ("vncserver-x11-core", "vncserverui"),
        ("vncserver-x11-serviced.service", "vncserver-virtuald.service"), "service"),
    Product("TigerVNC", ("tigervnc-standalone-server", "tigervnc-scraping-server", "tigervnc-server"),
        _bin("Xtigervnc", "x0vncserver"), ("Xtigervnc", "Xvnc", "x0vncserver", "X0tigervnc"), (),
        "service"),
    Product("TightVNC", ("tightvncserver",), _bin("Xtightvnc"), ("Xtightvnc",), (), "service"),
    Product("TurboVNC", ("turbovnc",), ("/opt/TurboVNC",), (), ("tvncserver.service",), "service"),
    Product("x11vnc", ("x11vnc",), _bin("x11vnc"), ("x11vnc",), ("x11vnc.service",), "service"),
    Product("wayvnc", ("wayvnc",), _bin("wayvnc"), ("wayvnc",), ("wayvnc.service",), "service"),
    Product("GNOME Remote Desktop", ("gnome-remote-desktop",), (), ("gnome-remote-desktop-daemon",),
        ("gnome-remote-desktop.service",), "service"),
    Product("Vino", ("vino",), (), ("vino-server",), (), "asks"),
    Product("KDE krfb", ("krfb",), _bin("krfb"), ("krfb",), (), "asks"),
    Product("xrdp", ("xrdp",), ("/usr/sbin/xrdp",), ("xrdp",), ("xrdp.service",), "service"),
    Product("DWService", ("dwagent",), ("/usr/share/dwagent", "/opt/dwagent"), ("dwagsvc",),
        ("dwagent.service",), "service"),
    Product("MeshCentral agent", ("meshagent",),
        ("/usr/local/mesh_services/meshagent", "/usr/local/mesh_daemons"), ("meshagent",),
        ("meshagent.service",), "service"),
    Product("Tactical RMM", (), ("/usr/local/bin/rmmagent", "/opt/tacticalagent"),
        ("tacticalagent", "rmmagent"), ("tacticalagent.service",), "service"),
    Product("NinjaOne", ("ninjarmm-*",), ("/opt/NinjaRMMAgent",), ("ninjarmm-linagent",), (), "service"),
    Product("Atera", ("ateraagent",), ("/opt/AteraAgent", "/usr/local/AteraAgent"), ("AteraAgent",), (),
        "service"),
    Product("Action1", ("action1*",), ("/opt/Action1",), ("action1_agent",), (), "service"),
    Product("BeyondTrust", (), ("/opt/bomgar*", "/opt/beyondtrust*"), ("bomgar-scc",), (), "service"),
    Product("Zoho Assist", (), ("/usr/local/ZohoAssist",), ("ZohoURSService", "ZohoURS"), (), "service"),
    Product("GoTo Resolve", ("goto-resolve*",), ("/opt/goto-resolve*",), ("unattended-up",), (), "service"),
    Product("ToDesk", ("todesk",), ("/opt/todesk",), ("ToDesk_Service", "ToDesk"), ("todeskd.service",),
        "asks"),
    Product("Sunlogin", ("sunloginclient", "awesun"), ("/usr/local/sunlogin", "/usr/local/awesun"),
        ("sunloginclient", "oray_rundaemon", "awesun"), (), "asks"),
    Product("HopToDesk", ("hoptodesk",), _bin("hoptodesk"), ("hoptodesk",), (), "asks"),
    Product("Supremo", ("supremo",), (), ("supremo",), (), "asks"),
    Product("Parsec", ("parsec",), _bin("parsecd"), ("parsecd",), (), "asks"),
    Product("Guacamole", ("guacd",), ("/usr/sbin/guacd", "/usr/local/sbin/guacd"), ("guacd",),
        ("guacd.service",), "service"),
    Product("Webmin", ("webmin",), ("/usr/share/webmin", "/usr/libexec/webmin", "/opt/webmin"), ("miniserv.pl",),
        ("webmin.service",), "service"),
    Product("Shell In A Box", ("shellinabox",), _bin("shellinaboxd"), ("shellinaboxd",),
        ("shellinabox.service",), "service"),
    Product("ttyd", ("ttyd",), _bin("ttyd"), ("ttyd",), ("ttyd.service",), "service"),
    Product("GoTTY", (), _bin("gotty"), ("gotty",), (), "service"),
    Product("tmate", ("tmate",), _bin("tmate"), ("tmate",), (), "asks"),
    Product("sshx", (), _bin("sshx"), ("sshx",), (), "service"),
    Product("Teleport", ("teleport", "teleport-ent"), _bin("teleport"), ("teleport",),
        ("teleport.service",), "service"),
    Product("Tailscale SSH", ("tailscale",), ("/usr/sbin/tailscaled",), ("tailscaled",),
        ("tailscaled.service",)),
    Product("ngrok", ("ngrok",), (*_bin("ngrok"), "/snap/ngrok"), ("ngrok",), ("ngrok.service",),
        "service"),
    Product("cloudflared", ("cloudflared",), _bin("cloudflared"), ("cloudflared",),
        ("cloudflared.service",), "service"),
    Product("frp", (), _bin("frpc"), ("frpc",), ("frpc.service",), "service"),
    Product("bore", (), _bin("bore"), ("bore",), (), "service"),
    Product("chisel", ("chisel",), _bin("chisel"), ("chisel",), ("chisel.service",), "service"),
    Product("PageKite", ("pagekite",), _bin("pagekite"), ("pagekite",), ("pagekite.service",), "service"),
    Product("zrok", ("zrok",), _bin("zrok"), ("zrok",), (), "service"),
    Product("playit", ("playit",), _bin("playit"), ("playit", "playitd"), ("playit.service",), "service"),
    Product("X2Go", ("x2goserver",), ("/usr/sbin/x2gocleansessions",), ("x2gocleansessions", "x2goagent"),
        ("x2goserver.service",), "service"),
    Product("Xpra", ("xpra", "xpra-server"), _bin("xpra"), ("xpra",), ("xpra.service",), "service"),
    Product("Sunshine", ("sunshine",), _bin("sunshine"), ("sunshine",), (), "service"),
    Product("KasmVNC", ("kasmvncserver",), _bin("Xkasmvnc"), ("Xkasmvnc", "Xvnc-kasm"), (), "service"),
    Product("Pulseway", ("pulseway",), ("/usr/sbin/pulsewayd", "/opt/pulseway"), ("pulsewayd",),
        ("pulseway.service",), "service"),
    Product("N-able", (), ("/usr/sbin/nagent", "/opt/nable"), ("nagent",), (), "service"),
    Product("Datto RMM", (), ("/opt/CentraStage", "/usr/local/share/CentraStage"), ("CagService",),
        ("cagservice.service",), "service"),
    Product("remote.it", ("remoteit", "remoteit-desktop"), ("/usr/share/remoteit", "/opt/remoteit"),
        ("remoteit-agent", "connectd"), ("remoteit@.service",), "service"),
    Product("gsocket", ("gsocket",), _bin("gs-netcat"), ("gs-netcat",), (), "service"),
    Product("rathole", (), _bin("rathole"), ("rathole",), ("rathole.service", "ratholec.service"), "service"),
    Product("wstunnel", (), _bin("wstunnel"), ("wstunnel",), ("wstunnel.service",), "service"),
    Product("inlets", (), _bin("inlets", "inlets-pro"), ("inlets", "inlets-pro"), ("inlets.service",),
        "service"),
    Product("localtunnel", (), _bin("lt"), ("lt", "localtunnel"), (), "service"),
    Product("LocalXpose", (), _bin("loclx"), ("loclx",), (), "service"),
    Product("Packetriot", ("pktriot",), _bin("pktriot"), ("pktriot",), ("pktriot.service",), "service"),
    Product("VS Code tunnel", (), (), ("code-tunnel",), ("code-tunnel.service",), "service"),
)  # fmt: skip


def unattended(host: Host, name: str) -> bool | None:
    """What the tool's own settings say; None where they say nothing or may not be read."""
    try:
        return _SAY[name](host) if name in _SAY else None
    except Unseen:
        return None


def tailscale_ssh(host: Host) -> bool | None:
    """Whether a profile of Tailscale lets people in over SSH; None where that may not be read."""
    try:
        return _runs_ssh(host)
    except Unseen as unseen:
        return False if unseen.reason == "not_found" else None


def _runs_ssh(host: Host) -> bool:
    try:
        state = json.loads(host.text(TAILSCALE_STATE))
        profiles = [base64.b64decode(text) for name, text in state.items() if name.startswith("profile-")]
        return any(json.loads(profile).get("RunSSH") is True for profile in profiles)
    except (ValueError, AttributeError, TypeError):
        raise Unseen("malformed", TAILSCALE_STATE) from None


def _teamviewer(host: Host) -> bool | None:
    """A permanent password, or an account that owns the device."""
    signs = re.compile(r"\] (?:PermanentPassword\w*|SecurityPasswordAES|OwningManagerAccountName) *= *\S")
    return True if any(signs.search(host.text(path)) for path in TEAMVIEWER if host.exists(path)) else None


def _anydesk(host: Host) -> bool | None:
    paths = [path for path in ANYDESK if host.exists(path)]
    passwords = r"^ad\.(?:anynet\.pwd_hash|security\.permission_profiles\.[^=]*\.pwd)=\S"
    signs = re.compile(passwords, re.MULTILINE)
    return any(signs.search(host.text(path)) for path in paths) if paths else None


def _rustdesk(host: Host) -> bool | None:
    """A permanent password of the service, which runs as root."""
    return True if re.search(r"^password\s*=\s*['\"].+['\"]", host.text(RUSTDESK), re.MULTILINE) else None


def _chrome(host: Host) -> bool | None:
    return True if units.matching(host, r"chrome-remote-desktop@.+\.service") else None


def _screenconnect(host: Host) -> bool | None:
    return True if glob(host, "/etc/systemd/system/*wants/connectwisecontrol-*.service") else None


_SAY: Final = {
    "TeamViewer": _teamviewer,
    "AnyDesk": _anydesk,
    "RustDesk": _rustdesk,
    "Chrome Remote Desktop": _chrome,
    "ScreenConnect": _screenconnect,
    "Tailscale SSH": tailscale_ssh,
}
