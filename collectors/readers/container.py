"""Whether a host is a container, by the marks that container managers leave (systemd-detect-virt(1))."""

from __future__ import annotations

from collectors.door import Host, Unseen

MARKS = {
    "/.dockerenv": "docker",
    "/run/.containerenv": "podman",
    "/dev/lxd/sock": "lxc",
    "/var/run/secrets/kubernetes.io": "kubernetes",
}
TOLD = ("/run/host/container-manager", "/run/systemd/container")


def kind(host: Host) -> str:
    """The manager's name, "" where there is none. A mark that is there and may not be looked at is one."""
    for path in TOLD:
        try:
            told = host.text(path, 4096).strip()
        except Unseen:
            continue
        if told:
            return told
    for path, name in MARKS.items():
        try:
            if host.exists(path):
                return name
        except Unseen as unseen:
            if unseen.reason == "malformed":
                return name
    return ""
