"""Agents that protect Macs: the bundle of each one's endpoint security extension, as its maker names it.

Apple lets nobody but the maker sign a bundle of that name with that right, so a bundle in that category is the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFENDER: Final = "Microsoft Defender"


@dataclass(frozen=True)
class Agent:
    """A known product: the bundle of its extension, where it lies, what its process is called."""

    name: str
    kind: str
    bundle: str
    path: str
    program: str = ""


KNOWN: Final = (
    Agent("CrowdStrike Falcon", "edr", "com.crowdstrike.falcon.Agent", "/Applications/Falcon.app"),
    Agent(DEFENDER, "edr", "com.microsoft.wdav.epsext", "/Applications/Microsoft Defender.app"),
    Agent("SentinelOne", "edr", "", "/Library/Sentinel/sentinel-agent.bundle", "sentineld"),
    Agent("Jamf Protect", "edr", "com.jamf.protect.security-extension", "/Applications/JamfProtect.app"),
    Agent("Sophos Endpoint", "antivirus", "com.sophos.endpoint.scanextension", "/Library/Sophos Anti-Virus"),
    Agent("Trend Micro", "antivirus", "com.trendmicro.icore.es", "/Library/Application Support/TrendMicro"),
    Agent("Elastic Defend", "edr", "co.elastic.systemextension", "/Library/Elastic/Endpoint"),
    Agent("Cisco Secure Endpoint", "edr", "com.cisco.endpoint.svc.securityextension", "/opt/cisco/amp"),
    Agent(
        "Cortex XDR",
        "edr",
        "com.paloaltonetworks.traps.securityextension",
        "/Library/Application Support/PaloAltoNetworks/Traps",
    ),
    Agent(
        "Carbon Black Cloud",
        "edr",
        "com.vmware.carbonblack.cloud.se-agent.extension",
        "/Applications/VMware Carbon Black Cloud",
    ),
)
