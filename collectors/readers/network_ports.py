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
SHUT: Final = frozenset(
    {"telnet", "ftp", "rsh", "rdp", "vnc", "x11", "remote_tool", "smb", "database", "management"}
)
"""Kinds that are no business of a whole network."""
KNOWN_PORTS: Final = tuple(sorted({port for ports in PORTS.values() for port in ports}))
"""A host that answers on none of these, neither to a ping nor to ARP, is not seen."""
TCP_PORTS: Final = f"1-1024,{','.join(str(port) for port in KNOWN_PORTS if port > 1024)}"
UDP_PORTS: Final = (69, 111, 137, 161, 623, 1900, 5353)
"""TFTP, portmapper, NetBIOS, SNMP, IPMI, SSDP and multicast DNS: what manages, leaks or amplifies."""

_NAMES: Final[dict[str, str]] = {
    "telnet": "telnet telnets telnet-proxy tn3270",
    "ftp": "ftp ftps ftp-data ftp-proxy tftp zftp-admin",
    "rsh": "shell login exec rlogin rexec rsh klogin kshell fw1-rlogin",
    "ssh": "ssh",
    "rdp": "ms-wbt-server ms-wbt-server-proxy ms-term-serv xrdp",
    "vnc": "vnc vnc-http vnc-1 vnc-2 vnc-3 nuuo-vnc",
    "x11": "X11 X11:1 X11:2 X11:3 xdmcp",
    "remote_tool": (
        "radmin pcanywheredata pc-anywhere teamviewer anydesk anyremote damewaremr landesk-rc cmrcservice "
        "nomachine-nx remoteanything remote-rac netsupport netop pc-duo splashtop timbuktu citrix-ica goverlan "
        "igel-remote emco-remote-screenshot airdroid RemoteMouse AndroMouse bindshell backdoor meterpreter"
    ),
    "smb": "microsoft-ds netbios-ssn smb",
    "database": (
        "ms-sql-s oracle oracle-tns oracle-vs firebird mysql mysqlx postgresql pgbouncer greenplum couchdb "
        "couchbase-tap redis cassandra cassandra-native memcache memcached mongodb mongod ibm-db2 drda informix "
        "sybase-adaptive sybaseanywhere monetdb vertica maxdb adabas-d teradata tarantool rethinkdb-client "
        "riak-pbc hbase kdb h2 h2-pg intersys-cache intermapper filemaker-xdbc valentinadb minisql psql "
        "psql-btrieve ndb_mgmd hazelcast zookeeper clickhouse sphinx-search elasticsearch 4d-server"
    ),
    "management": (
        "docker docker-swarm wsman winrm etcd etcd-client etcd-server winbox webmin routeros-api bandwidth-test "
        "vmware-auth vmware-aam ilo-vm ilo-console drac-console libvirt-rpc openvpn-management linuxconf websm "
        "wbem jdwp java-rmi jmond adb junoscript cisco-smartinstall lantronix-config asf-rmcp kvm icontrolav2"
    ),
    "directory": "ldap ldapssl kerberos-sec kerberos kpasswd5",
    "mail": "smtp smtps submission pop3 pop3s imap imaps lmtp sieve smtp-proxy pop3-proxy imap-proxy",
    "web": "http https http-proxy https-alt http-alt soap upnp websocket",
    "printing": "printer ipp jetdirect hp-pjl",
    "file": "rpcbind afp rsync nfs nfs_acl mountd iscsi",
}
_KIND_OF_NAME: Final = {name: kind for kind, names in _NAMES.items() for name in names.split()}
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
    port of a management interface or a database is taken for that, as those speak HTTP too. One that told nothing is
    taken for the worst that its port is for; on a harmless port it may be anything.
    """
    if not probed:
        of_port = _KIND_OF_PORT.get(port)
        return of_port if of_port in SHUT else None
    of_name = _KIND_OF_NAME.get(name.removeprefix("ssl/"), "other")
    if of_name != "web":
        return of_name
    words = product.lower()
    of_product = next((one for word, one in _PRODUCTS.items() if word in words), None)
    by_port = _KIND_OF_PORT.get(port)
    return of_product or (by_port if by_port in ("database", "management", "vnc", "remote_tool") else "web")
