"""Remote-access programs on a Mac: where they are installed and what their programs are called.

Names are from the makers' documentation and from memory; none was installed on a Mac here. Kinds as in
`readers.remote_products`.
"""

from __future__ import annotations

from typing import Final

from collectors.readers.products import Product


def _app(name: str, *programs: str, kind: str = "asks", beside: tuple[str, ...] = ()) -> Product:
    """A product that is an application, for everybody or in one person's home."""
    paths = (f"/Applications/{name}.app", f"/Users/*/Applications/{name}.app")
    return Product(name, (), (*paths, *beside), (name, *programs), (), kind)


KNOWN: Final = (
    _app(
        "TeamViewer", "TeamViewer_Service", "TeamViewer_Desktop", beside=("/Applications/TeamViewerHost.app",)
    ),
    _app("AnyDesk"),
    _app("RustDesk", "rustdesk"),
    Product("ScreenConnect", (), ("/opt/connectwisecontrol-*", "/opt/screenconnect-*"), (), (), "service"),
    _app("Splashtop Streamer", "SRStreamerDaemon", "SRAgent", kind="service"),
    Product(
        "Chrome Remote Desktop",
        (),
        ("/Library/PrivilegedHelperTools/ChromeRemoteDesktopHost.app",),
        ("remoting_me2me_host",),
        (),
        "service",
    ),
    _app("NoMachine", "nxd", "nxserver.bin", kind="service"),
    Product("RealVNC", (), ("/Library/vnc/VNC Server.app",), ("vncserver", "vncagent"), (), "service"),
    Product("LogMeIn", (), ("/Library/Application Support/LogMeIn",), ("LogMeIn",), (), "service"),
    _app("Jump Desktop Connect", "JumpConnect", kind="service"),
    _app("Parsec", "parsecd", kind="service"),
    Product("DWService", (), ("/Library/DWAgent",), ("dwagsvc",), (), "service"),
    Product("MeshCentral agent", (), ("/usr/local/mesh_services",), ("meshagent",), (), "service"),
    Product("ngrok", (), ("/usr/local/bin/ngrok", "/opt/homebrew/bin/ngrok"), ("ngrok",), (), "service"),
    Product(
        "cloudflared",
        (),
        ("/usr/local/bin/cloudflared", "/opt/homebrew/bin/cloudflared"),
        ("cloudflared",),
        (),
        "service",
    ),
)
