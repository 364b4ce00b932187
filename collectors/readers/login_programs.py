"""The programs by which somebody gets in, and the PAM services that they ask."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.door import Host
from collectors.readers import desktop, sshd_daemon


@dataclass(frozen=True)
class Path:
    """A way in: its PAM services, what is installed where it exists, what runs or starts where it is open."""

    name: str
    services: tuple[str, ...]
    programs: tuple[str, ...]
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    remote: bool = False


PATHS = (
    Path(
        "console",
        ("login",),
        ("/bin/login", "/usr/bin/login"),
        ("agetty", "getty", "mingetty", "login"),
        ("getty@tty1.service", "console-getty.service", "serial-getty@ttyS0.service"),
    ),
    Path(
        "graphical",
        ("gdm-password", "gdm-fingerprint", "gdm-smartcard", "gdm", "sddm", "lightdm", "lxdm", "greetd"),
        desktop.PROGRAMS,
        ("gdm3", "gdm", "sddm", "lightdm", "lxdm-binary", "greetd"),
        ("display-manager.service", "gdm.service", "sddm.service", "lightdm.service", "greetd.service"),
    ),
    Path("sudo", ("sudo", "sudo-i"), ("/usr/bin/sudo",)),
    Path("su", ("su", "su-l"), ("/bin/su", "/usr/bin/su")),
    Path("polkit", ("polkit-1",), ("/usr/bin/pkexec", "/usr/lib/polkit-1/polkitd")),
    Path(
        "cockpit",
        ("cockpit",),
        ("/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws"),
        ("cockpit-ws", "cockpit-tls"),
        ("cockpit.socket",),
        remote=True,
    ),
    Path("xrdp", ("xrdp-sesman",), ("/usr/sbin/xrdp",), ("xrdp",), ("xrdp.service",), remote=True),
    Path(
        "ftp",
        ("vsftpd", "proftpd"),
        ("/usr/sbin/vsftpd", "/usr/sbin/proftpd"),
        ("vsftpd", "proftpd"),
        ("vsftpd.service", "proftpd.service"),
        remote=True,
    ),
)
SSH = Path(
    "ssh", (), sshd_daemon.PROGRAMS, ("sshd",), ("ssh.service", "sshd.service", "ssh.socket"), remote=True
)
LOGINS = ("console", "graphical", "ssh", "cockpit", "xrdp", "ftp")
"""The paths by which somebody gets in from outside; the others want somebody who is in already."""
OF_PROGRAM = ("gdm", "sddm", "lightdm", "lxdm", "greetd", "vsftpd", "proftpd")
"""Services whose file may outlive its program, by the beginning of both names."""


def there(host: Host) -> list[Path]:
    """The paths whose program is installed. Raises `Unseen`."""
    return [path for path in (*PATHS, SSH) if any(host.exists(one) for one in path.programs)]


def services(host: Host, path: Path) -> list[str]:
    """The PAM services of a path, without those of programs that are not installed (any more)."""
    names = [one.rsplit("/", 1)[-1] for one in path.programs if host.exists(one)]
    kept = [
        service
        for service in path.services
        if not service.startswith(OF_PROGRAM) or _has_program(service, names)
    ]
    return kept or list(path.services)


def _has_program(service: str, names: list[str]) -> bool:
    begin = next(one for one in OF_PROGRAM if service.startswith(one))
    return any(name.startswith(begin) for name in names)
