"""Whether a host must be started anew for its installed updates to act.

Three witnesses: the flag that package scripts leave, the newest installed kernel of the running one's
flavour, and for a kernel whose name stayed the same the package version that the running one was built from
(/proc/version on Debian, /proc/version_signature on Ubuntu).
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Seen
from collectors.readers import container, packages
from collectors.readers.versions import natural_key

FLAGS: Final = ("/run/reboot-required", "/var/run/reboot-required")
RUNNING: Final = "/proc/sys/kernel/osrelease"
IMAGES: Final = ("/boot/vmlinuz-[0-9]*", "/lib/modules/*/vmlinuz", "/usr/lib/modules/*/vmlinuz")

_DEBIAN_BUILD: Final = re.compile(r" Debian (\d\S*) ")
_UBUNTU_BUILD: Final = re.compile(r"^Ubuntu (\d\S*?)-[a-z]")


def reboot_required(host: Host) -> Seen:
    """Whether a restart is due. `unsupported` where this host has no kernel of its own to compare with."""
    if host.offline:
        raise Unseen("offline_root", RUNNING)
    for flag in FLAGS:
        if host.exists(flag):
            return Seen(True, flag)
    if container.kind(host):
        raise Unseen("unsupported", RUNNING, "a container runs on its host's kernel")
    running = host.text(RUNNING).strip()
    images = {release(path): path for pattern in IMAGES for path in glob(host, pattern)}
    same = sorted((name for name in images if flavour(name) == flavour(running)), key=natural_key)
    if not same:
        raise Unseen("unsupported", ", ".join(IMAGES), "no installed kernel to compare with")
    if natural_key(same[-1]) > natural_key(running):
        return Seen(True, images[same[-1]], RUNNING)
    built, source = _built_from(host)
    package = packages.installed(host).first(f"linux-image-{running}", f"linux-image-unsigned-{running}")
    if built and package and package.version != built:
        return Seen(True, source, f"package {package.name}")
    return Seen(False, images[same[-1]], RUNNING, *FLAGS[:1])


def release(path: str) -> str:
    """The kernel release that an image's path names."""
    return path.split("/vmlinuz-")[1] if "/vmlinuz-" in path else path.split("/")[-2]


def flavour(name: str) -> tuple[str, ...]:
    """The words of a release without its numbers and the distribution's own tag: ("cloud", "amd")."""
    return tuple(re.findall(r"[a-z]+", re.sub(r"\b(?:el|fc|amzn)[\d_]+", "", name.lower())))


def _built_from(host: Host) -> tuple[str, str]:
    """The package version that the running kernel tells, and where; empty when it tells none."""
    for path, pattern in (("/proc/version_signature", _UBUNTU_BUILD), ("/proc/version", _DEBIAN_BUILD)):
        if host.exists(path):
            match = pattern.search(host.text(path))
            if match:
                return match[1], path
    return "", ""
