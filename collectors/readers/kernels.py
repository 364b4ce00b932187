"""Whether a host must be started anew for its installed updates to act.

Four witnesses: the flag that package scripts leave (zypper has one of its own), the newest installed kernel of
the running one's flavour, for a kernel whose name stayed the same the package version that the running one was
built from (/proc/version on Debian, /proc/version_signature on Ubuntu), and on rpm systems what `needs-restarting
-r` asks: whether a package that everything runs on was put in place after the host started.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Seen
from collectors.readers import container, packages
from collectors.readers.versions import natural_key

FLAGS: Final = ("/run/reboot-required", "/var/run/reboot-required", "/run/reboot-needed")
STARTED: Final = "/proc/stat"
CORE: Final = (
    "kernel", "kernel-core", "kernel-rt", "kernel-rt-core", "kernel-default", "glibc", "linux-firmware",
    "microcode_ctl", "systemd", "dbus", "dbus-broker", "dbus-daemon",
)  # fmt: skip
CORE_TOO: Final = "/etc/dnf/plugins/needs-restarting.d/*.conf"
RUNNING: Final = "/proc/sys/kernel/osrelease"
IMAGES: Final = ("/boot/vmlinuz-[0-9]*", "/lib/modules/*/vmlinuz", "/usr/lib/modules/*/vmlinuz")

_TAG: Final = re.compile(r"\b(?:el|fc|amzn)[\d_]+|\+?\bdeb\d+")
_BOOT: Final = re.compile(r"^btime (\d{1,12})$", re.MULTILINE)
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
    images = installed(host)
    same = of_flavour(images, running)
    if not same:
        raise Unseen("unsupported", ", ".join(IMAGES), "no installed kernel to compare with")
    if natural_key(same[-1]) > natural_key(running):
        return Seen(True, images[same[-1]], RUNNING)
    built, source = _built_from(host)
    package = packages.installed(host).first(f"linux-image-{running}", f"linux-image-unsigned-{running}")
    if built and package and package.version != built:
        return Seen(True, source, f"package {package.name}")
    renewed = _renewed(host)
    if renewed:
        return Seen(True, "rpm -qa", STARTED, *renewed)
    return Seen(False, images[same[-1]], RUNNING, *FLAGS[:1])


def installed(host: Host) -> Mapping[str, str]:
    """Installed kernels: release to image."""
    return {release(path): path for pattern in IMAGES for path in glob(host, pattern)}


def of_flavour(images: Mapping[str, str], running: str) -> list[str]:
    """The installed kernels of the running one's flavour, the newest last."""
    return sorted((name for name in images if flavour(name) == flavour(running)), key=natural_key)


def release(path: str) -> str:
    """The kernel release that an image's path names."""
    return path.split("/vmlinuz-")[1] if "/vmlinuz-" in path else path.split("/")[-2]


def flavour(name: str) -> tuple[str, ...]:
    """The words of a release: ("cloud", "amd").

    Numbers and the distribution's own tag are left out, since an upgrade of the release changes them.
    """
    return tuple(re.findall(r"[a-z]+", _TAG.sub("", name.lower())))


def _renewed(host: Host) -> list[str]:
    """Packages of an rpm system that were put in place after it started, and that need a restart."""
    found = packages.installed(host)
    boot = _BOOT.search(host.text(STARTED)) if found.manager == "rpm" else None
    if boot is None:
        return []
    lines = [line.strip() for path in glob(host, CORE_TOO) for line in host.text(path).splitlines()]
    wanted = {*CORE, *lines} - {""}
    late = (one for one in found.by_name.values() if (one.installed_at or 0) > int(boot[1]))
    return sorted({f"package {one.name}" for one in late if one.name in wanted})


def _built_from(host: Host) -> tuple[str, str]:
    """The package version that the running kernel tells, and where; empty when it tells none."""
    for path, pattern in (("/proc/version_signature", _UBUNTU_BUILD), ("/proc/version", _DEBIAN_BUILD)):
        if host.exists(path):
            match = pattern.search(host.text(path))
            if match:
                return match[1], path
    return "", ""
