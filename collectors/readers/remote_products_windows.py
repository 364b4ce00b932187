"""Programs that let somebody see or steer a Windows machine from afar: their services, programs and entries.

Key names of services, names of program files and of products: none of them is translated.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Product(NamedTuple):
    """A product: beginnings of its service names, its programs, and of its entries among installed software.

    `unattended`: its service lets people in with nobody present agreeing, as it is made for that.
    """

    name: str
    services: tuple[str, ...]
    programs: tuple[str, ...]
    entries: tuple[str, ...]
    unattended: bool = False


KNOWN: Final = (
    Product("TeamViewer", ("teamviewer",), ("teamviewer", "teamviewer_service"), ("teamviewer",)),
    Product("AnyDesk", ("anydesk",), ("anydesk",), ("anydesk",)),
    Product("RustDesk", ("rustdesk",), ("rustdesk",), ("rustdesk",)),
    Product(
        "ScreenConnect",
        ("screenconnect client",),
        ("screenconnect.clientservice",),
        ("screenconnect", "connectwise control"),
        True,
    ),
    Product("LogMeIn", ("logmein", "lmiguardiansvc"), ("logmein",), ("logmein",), True),
    Product(
        "Splashtop", ("splashtopremoteservice",), ("srservice", "srmanager"), ("splashtop streamer",), True
    ),
    Product(
        "Chrome Remote Desktop", ("chromoting",), ("remoting_host",), ("chrome remote desktop host",), True
    ),
    Product("RealVNC", ("vncserver", "winvnc4"), ("vncserver", "winvnc4"), ("vnc server", "realvnc"), True),
    Product("TightVNC", ("tvnserver",), ("tvnserver",), ("tightvnc",), True),
    Product("UltraVNC", ("uvnc_service",), ("winvnc",), ("ultravnc",), True),
    Product("Radmin", ("rserver3",), ("rserver3",), ("radmin server",), True),
    Product("DameWare", ("dwmrcs",), ("dwrcs",), ("dameware",), True),
    Product("DWService", ("dwagent",), ("dwagsvc", "dwagent"), ("dwagent",), True),
    Product("MeshCentral agent", ("mesh agent",), ("meshagent",), ("mesh agent", "meshcentral"), True),
    Product("Tactical RMM", ("tacticalrmm",), ("tacticalrmm",), ("tactical rmm",), True),
    Product("NinjaOne", ("ninjarmmagent",), ("ninjarmmagent",), ("ninjarmmagent", "ninjaone"), True),
    Product("Atera", ("ateraagent",), ("ateraagent",), ("ateraagent",), True),
    Product("Action1", ("a1agent",), ("action1_agent",), ("action1",), True),
    Product("BeyondTrust", ("bomgar",), ("bomgar-scc",), ("bomgar", "beyondtrust"), True),
    Product("Zoho Assist", ("zoho assist",), ("zohoursservice", "zohours"), ("zoho assist",), True),
    Product("Supremo", ("supremoservice",), ("supremo", "supremoservice"), ("supremo",)),
    Product("ToDesk", ("todesk",), ("todesk", "todesk_service"), ("todesk",)),
    Product("Parsec", ("parsec",), ("parsecd",), ("parsec",)),
    Product("Quick Assist", (), ("quickassist",), ()),
    Product("ngrok", ("ngrok",), ("ngrok",), ("ngrok",), True),
    Product("cloudflared", ("cloudflared",), ("cloudflared",), ("cloudflared",), True),
)
