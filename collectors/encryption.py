"""Encryption at rest: every mounted volume and swap, walked down to its disks.

Where the host itself cannot tell (a container's overlay, a network filesystem, ZFS, folders encrypted one by one)
`encrypted` is null: never a pass, and a provider's word is for a document. Encrypted homes leave the system clear.
What a key file opens by itself, and that file lies in the clear on this host, is in the clear as well (crypttab).
Self-encrypting drives and clouds that encrypt below the disk look unencrypted from here.
"""

from __future__ import annotations

from collectors.door import Host
from collectors.findings import Fact, Findings, Seen
from collectors.readers import volumes

FACTS = {
    "encryption.volumes": Fact(
        "records{mount: str, role: str, device: str, encrypted: bool?, method: str?}",
        "where data rest, by role (system, boot, swap, data); encrypted is null where the host cannot tell",
    ),
}


def collect(host: Host) -> Findings:
    """Every volume by the kernel's own view of its layers."""
    findings = Findings()
    findings.look("encryption.volumes", _volumes, host)
    return findings


def _volumes(host: Host) -> Seen:
    found = volumes.volumes(host)
    return Seen(
        [
            {
                "mount": one.mount,
                "role": one.role,
                "device": one.device,
                "encrypted": one.encrypted,
                "method": one.method,
            }
            for one in found
        ],
        "/proc/self/mountinfo",
        volumes.SWAPS,
        *(one.source for one in found),
    )
