"""Which ports are looked at, and what kind of service a name or a port number stands for.

Names are those of nmap's own table of services (nmap-services, nmap-service-probes).
"""

from __future__ import annotations

from typing import Final

PORTS: Final[dict[str, tuple[int, ...]]] = {
    "telnet": (23, 992, 2323),
    "ftp": (20, 21, 990, 2121),
    "rsh": (512, 513, 514),
    "ssh": (22, 2222, 22222),
    "rdp": (3388, 3389, 3390),
    "vnc": (5800, 5900, 5901, 5902, 5903),
    "x11": (6000, 6001, 6002, 6003),
    "remote_tool": (4899, 5631, 5938, 6129, 6568, 7070),
    "smb": (139, 445),
    "database": (
        *(1433, 1521, 2483, 3050, 3306, 5432, 5984, 6379, 7000, 8086, 8123),
        *(9042, 9200, 9300, 11211, 27017, 27018, 28015, 33060, 50000),
    ),
    "management": (
        *(623, 664, 2375, 2376, 2379, 2380, 4243, 4786, 5985, 5986, 6443, 8006, 8291, 8728, 9090),
        *(10000, 10250, 10255, 16992, 16993, 47001),
    ),
    "directory": (88, 389, 464, 636, 3268, 3269),
    "mail": (25, 110, 143, 465, 587, 993, 995),
    "web": (80, 443, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8181, 8443, 8888, 9000, 9443),
    "printing": (515, 631, 9100),
    "file": (111, 548, 873, 2049, 3260),
    "other": (53, 135, 161, 179, 554, 1723, 1883, 5060, 5061, 5357, 8883),
}
"""By kind of service, the TCP ports it usually has."""
KNOWN_PORTS: Final = tuple(sorted({port for ports in PORTS.values() for port in ports}))
"""A host that answers on none of these, neither to a ping nor to ARP, is not seen."""
TCP_PORTS: Final = f"1-1024,{','.join(str(port) for port in KNOWN_PORTS if port > 1024)}"
UDP_PORTS: Final = (69, 111, 137, 161, 623, 1900, 5353)
"""TFTP, portmapper, NetBIOS, SNMP, IPMI, SSDP and multicast DNS: what manages, leaks or amplifies."""

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "telnet": ("telnet", "telnets"),
    "ftp": ("ftp", "ftps", "ftp-data", "tftp"),
    "rsh": ("shell", "login", "exec", "rlogin", "rsh"),
    "ssh": ("ssh",),
    "rdp": ("ms-wbt-server", "ms-term-serv", "xrdp"),
    "vnc": ("vnc", "vnc-http", "vnc-1", "vnc-2", "vnc-3"),
    "x11": ("X11", "X11:1", "X11:2", "X11:3"),
    "remote_tool": ("radmin", "pcanywheredata", "teamviewer", "anydesk", "dameware", "realserver"),
    "smb": ("microsoft-ds", "netbios-ssn", "smb"),
    "database": (
        *(
            "ms-sql-s",
            "oracle",
            "oracle-tns",
            "firebird",
            "mysql",
            "mysqlx",
            "postgresql",
            "couchdb",
            "redis",
        ),
        *("cassandra", "cassandra-native", "memcache", "memcached", "mongodb", "mongod", "ibm-db2", "drda"),
        *("rethinkdb", "elasticsearch"),
    ),
    "management": ("docker", "wsman", "wsmans", "winrm", "etcd", "etcd-client", "etcd-server", "winbox"),
    "directory": ("ldap", "ldapssl", "ldaps", "kerberos-sec", "kerberos", "kpasswd5", "kpasswd"),
    "mail": ("smtp", "smtps", "submission", "pop3", "pop3s", "imap", "imaps"),
    "web": ("http", "https", "http-proxy", "https-alt", "http-alt"),
    "printing": ("printer", "ipp", "jetdirect", "hp-pjl"),
    "file": ("rpcbind", "afp", "rsync", "nfs", "nfs_acl", "mountd", "iscsi"),
}
_KIND_OF_NAME: Final = {name: kind for kind, names in _NAMES.items() for name in names}
_KIND_OF_PORT: Final = {port: kind for kind, ports in PORTS.items() for port in ports}
_PRODUCTS: Final = {
    "elasticsearch": "database",
    "couchdb": "database",
    "clickhouse": "database",
    "influxdb": "database",
    "docker": "management",
    "kubernetes": "management",
    "webmin": "management",
    "cockpit": "management",
    "proxmox": "management",
    "novnc": "vnc",
}
"""Words in the product's name of services that nmap calls http."""


def kind(port: int, name: str, product: str, probed: bool) -> str | None:
    """What kind of service this is: a key of PORTS; None where nobody can tell.

    What the service itself told counts before its port number: telnet on port 2000 is telnet. A web server on the
    port of a management interface or a database is taken for that, as those speak HTTP too. One that told nothing
    is what its port is for; on a port that is for nothing it may be anything.
    """
    if not probed:
        return _KIND_OF_PORT.get(port)
    of_name = _KIND_OF_NAME.get(name, "other")
    if of_name != "web":
        return of_name
    words = product.lower()
    of_product = next((one for word, one in _PRODUCTS.items() if word in words), None)
    of_port = _KIND_OF_PORT.get(port, "web")
    return of_product or (of_port if of_port in ("database", "management", "vnc", "remote_tool") else "web")
