"""VPN clients that keep their connections to themselves: only their presence and their interface are seen."""

from __future__ import annotations

from typing import Final

from collectors.readers.products import Product

INTERFACES: Final = {
    "Tailscale": "tailscale*",
    "ZeroTier": "zt*",
    "NetBird": "wt*",
    "Cloudflare WARP": "CloudflareWARP",
    "Nebula": "nebula*",
    "Cisco Secure Client": "cscotun*",
    "GlobalProtect": "gpd*",
    "Mullvad": "wg*-mullvad",
    "NordVPN": "nordlynx",
    "FortiClient": "fctvpn*",
    "Hamachi": "ham*",
    "Proton VPN": "proton*",
}

KNOWN: Final = (
    Product("Tailscale", ("tailscale",), ("/usr/sbin/tailscaled",), ("tailscaled",),
        ("tailscaled.service",)),
    Product("ZeroTier", ("zerotier-one",), ("/usr/sbin/zerotier-one",), ("zerotier-one",),
        ("zerotier-one.service",)),
    Product("NetBird", ("netbird",), ("/usr/bin/netbird", "/usr/local/bin/netbird"), ("netbird",),
        ("netbird.service",)),
    Product("Cloudflare WARP", ("cloudflare-warp",), ("/usr/bin/warp-svc",), ("warp-svc",),
        ("warp-svc.service",)),
    Product("Nebula", ("nebula",), ("/etc/nebula/config.yml",), ("nebula",), ("nebula.service",)),
    Product("Cisco Secure Client", (),
        ("/opt/cisco/secureclient/bin/vpnagentd", "/opt/cisco/anyconnect/bin/vpnagentd"), ("vpnagentd",),
        ("vpnagentd.service",)),
    Product("GlobalProtect", ("globalprotect", "globalprotect-openconnect"),
        ("/opt/paloaltonetworks/globalprotect",), ("PanGPS",), ("gpd.service",)),
    Product("FortiClient", ("forticlient",), ("/opt/forticlient",), ("fctsched", "forticlient"),
        ("forticlient.service",)),
    Product("openfortivpn", ("openfortivpn",), ("/usr/bin/openfortivpn",), ("openfortivpn",),
        ("openfortivpn.service",)),
    Product("Check Point", (), ("/usr/bin/snx",), ("snx",), ()),
    Product("Pulse Secure", ("pulsesecure",), ("/opt/pulsesecure",), ("pulsesecure",),
        ("pulsesecure.service",)),
    Product("Mullvad", ("mullvad-vpn",), ("/usr/bin/mullvad-daemon",), ("mullvad-daemon",),
        ("mullvad-daemon.service",)),
    Product("NordVPN", ("nordvpn",), ("/usr/sbin/nordvpnd",), ("nordvpnd",), ("nordvpnd.service",)),
    Product("Twingate", ("twingate",), ("/usr/sbin/twingated",), ("twingated",), ("twingate.service",)),
    Product("Netskope", (), ("/opt/netskope/stagent",), ("stAgentSvc",), ("stagentd.service",)),
    Product("Zscaler", ("zscaler-client",), ("/opt/zscaler",), ("zstunnel", "ZSTunnel"),
        ("zstunnel.service",)),
    Product("Hamachi", ("logmein-hamachi",), ("/opt/logmein-hamachi",), ("hamachid",),
        ("logmein-hamachi.service",)),
    Product("Proton VPN", ("proton-vpn-gnome-desktop", "protonvpn"), (), ("protonvpn-app",), ()),
    Product("Tinc", ("tinc",), ("/usr/sbin/tincd",), ("tincd",), ("tinc.service",)),
    Product("SoftEther", ("softether-vpnclient",), ("/usr/local/vpnclient", "/opt/vpnclient"),
        ("vpnclient",), ("vpnclient.service", "softether-vpnclient.service")),
)  # fmt: skip
