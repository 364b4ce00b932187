"""VPN clients of Windows by the key names of their services, from their makers' guides."""

from __future__ import annotations

from typing import Final

WIREGUARD: Final = "wireguardtunnel$"
"""What the service of each WireGuard tunnel begins with; the tunnel's name follows."""
CLIENTS: Final = {
    "Cisco Secure Client": ("vpnagent", "csc_vpnagent"),
    "GlobalProtect": ("pangps",),
    "FortiClient": ("fa_scheduler",),
    "Check Point": ("tracsrvwrapper",),
    "Ivanti Secure Access": ("pulsesecureservice",),
    "Zscaler": ("zsatunnel",),
    "Cloudflare WARP": ("cloudflarewarp",),
    "OpenVPN": ("openvpnservice",),
    "Tailscale": ("tailscale",),
    "NetBird": ("netbird",),
    "ZeroTier": ("zerotieroneservice",),
}
"""Whole names in small letters. OpenVPN's interactive service has another: it waits for a person, connected or not."""
