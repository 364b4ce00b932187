"""Which operating system this is, which kernel runs, and until when it gets security updates.

The newest installed kernel is looked for among those of the running one's flavour: a rescue image or a
real-time kernel beside it says nothing about a pending reboot. In a container the kernel is the outer
host's business.
"""

from __future__ import annotations

import re

from collectors.door import Host, Unseen, first
from collectors.findings import Fact, Findings, Seen
from collectors.readers import container, kernels, os_release, support_ends
from collectors.readers.versions import natural_key

FACTS = {
    "os.family": Fact("str", "linux, windows or macos"),
    "os.id": Fact("str", "the system's short name, as os-release gives it: debian, ubuntu, rhel"),
    "os.version": Fact("str", "the system's version, as os-release gives it: 12, 24.04"),
    "os.kernel_running": Fact("str", "the release of the running kernel, as `uname -r` prints it"),
    "os.kernel_newest_installed": Fact("str", "the newest installed kernel of the running one's flavour"),
    "os.kernel_current": Fact("bool", "the running kernel is the newest installed one"),
    "os.support_ends_on": Fact("date", "the last day of security updates that nobody pays extra for"),
}


def collect(host: Host) -> Findings:
    """The system by os-release, the kernels by /proc, /boot and /lib/modules."""
    findings = Findings()
    findings.look("os.family", _family, host)
    findings.look("os.id", _field, host, "ID")
    findings.look("os.version", _field, host, "VERSION_ID")
    findings.look("os.support_ends_on", _support_ends, host)
    findings.look("os.kernel_running", _running, host)
    findings.look("os.kernel_newest_installed", _newest, host)
    findings.look("os.kernel_current", _current, host)
    return findings


def _family(host: Host) -> Seen:
    if host.offline:
        return Seen("linux", first(host, *os_release.PATHS))
    path = "/proc/sys/kernel/ostype"
    return Seen(host.text(path).strip().lower(), path)


def _field(host: Host, name: str) -> Seen:
    release, path = os_release.read(host)
    if not release.get(name):
        raise Unseen("not_found", path, f"no {name}")
    return Seen(release[name], path)


def _support_ends(host: Host) -> Seen:
    release, path = os_release.read(host)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", release.get("SUPPORT_END", "")):
        return Seen(release["SUPPORT_END"], path)
    os_id, version = release.get("ID", ""), release.get("VERSION_ID", "")
    carried = f"/usr/share/distro-info/{os_id}.csv"
    if os_id in ("debian", "ubuntu") and host.exists(carried):
        known = support_ends.in_distro_info(os_id, version, host.text(carried))
        if known is not None:
            return Seen(known[0], f"{carried}:{known[1]}")
    date = support_ends.in_table(os_id, version, release.get("NAME", ""))
    if date is None:
        raise Unseen("not_found", f"{path}, shipped table of {support_ends.TABLE_DATE}", f"{os_id} {version}")
    return Seen(date, path, f"shipped table of {support_ends.TABLE_DATE}")


def _running(host: Host) -> Seen:
    path = "/proc/sys/kernel/osrelease"
    if host.offline:
        raise Unseen("offline_root", path)
    return Seen(host.text(path).strip(), path)


def _newest(host: Host) -> Seen:
    if container.kind(host):
        raise Unseen("unsupported", "/boot", "a container has no kernel of its own")
    images = kernels.installed(host)
    same = [*images] if host.offline else kernels.of_flavour(images, str(_running(host).value))
    known = sorted(same, key=natural_key)
    if not known:
        raise Unseen("not_found", ", ".join(kernels.IMAGES))
    return Seen(known[-1], images[known[-1]])


def _current(host: Host) -> Seen:
    running, newest = _running(host), _newest(host)
    return Seen(running.value == newest.value, *running.sources, *newest.sources)
