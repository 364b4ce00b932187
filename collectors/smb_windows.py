"""File sharing: whether anything still speaks SMB version 1, as a server or as a client, and whether it must sign.

The server is asked for what is in effect; the client speaks version 1 while its driver is installed and not disabled.
"""

from __future__ import annotations

from collectors.door_windows import Windows, row, service, truth
from collectors.findings import Fact, Findings, Seen

FACTS = {
    "smb.version1": Fact("bool", "version 1 of SMB is spoken, as a server or as a client"),
    "smb.signing_required": Fact("bool", "the server refuses connections that are not signed"),
}
NAMESPACE, CLASS = "root/Microsoft/Windows/SMB", "MSFT_SmbServerConfiguration"
SOURCE = f"{NAMESPACE}:{CLASS}"
PROPERTIES = ("EnableSMB1Protocol", "RequireSecuritySignature")
CLIENT = "mrxsmb10"


def collect(host: Windows) -> Findings:
    """What is in effect."""
    findings = Findings()
    findings.look("smb.version1", _version1, host)
    findings.look("smb.signing_required", _signing_required, host)
    return findings


def _version1(host: Windows) -> Seen:
    client = service(host, CLIENT)
    if client is not None and client.start != "disabled":
        return Seen(True, f"service {CLIENT}")
    server = truth(row(host, NAMESPACE, CLASS, PROPERTIES), "EnableSMB1Protocol", SOURCE)
    return Seen(server, SOURCE, f"service {CLIENT}")


def _signing_required(host: Windows) -> Seen:
    return Seen(truth(row(host, NAMESPACE, CLASS, PROPERTIES), "RequireSecuritySignature", SOURCE), SOURCE)
