"""OpenLDAP with ppolicy: what is claimed is held to what a real slapd then accepts, refuses and locks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from collectors import discover
from collectors.doors import directory
from collectors.findings import Findings
from collectors.look import look_with
from collectors.readers import ppolicy
from tests.collectors.domain_world import PASSWORD, World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("directories"),
    pytest.mark.real("mmdebstrap", "unshare", "nsenter", root=True),
]
BASE = "dc=corp,dc=test"
SCAN, LOW, BOSS = f"cn=scan,{BASE}", f"cn=low,{BASE}", f"cn=boss,{BASE}"
CONFIG = f"""dn: cn=config
objectClass: olcGlobal
cn: config
olcTLSCertificateFile: /mnt/good.pem
olcTLSCertificateKeyFile: /mnt/good.key

dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: ppolicy

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif
include: file:///etc/ldap/schema/cosine.ldif

dn: olcDatabase={{0}}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {{0}}config
olcAccess: to * by dn.exact="{SCAN}" read by * none

dn: olcDatabase={{1}}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{1}}mdb
olcSuffix: {BASE}
olcDbDirectory: /srv/ldap
olcRootDN: {BOSS}
olcRootPW: {PASSWORD}
olcAccess: to attrs=userPassword by self write by anonymous auth by * none
olcAccess: to * by users read

dn: olcOverlay=ppolicy,olcDatabase={{1}}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: ppolicy
olcPPolicyDefault: cn=default,ou=policies,{BASE}
"""
TREE = f"""dn: {BASE}
objectClass: domain
dc: corp

dn: ou=policies,{BASE}
objectClass: organizationalUnit
ou: policies

"""


def person(name: str) -> str:
    """An entry that may log in."""
    return f"dn: cn={name},{BASE}\nobjectClass: person\ncn: {name}\nsn: {name}\nuserPassword: {PASSWORD}\n\n"


def policy(name: str, **settings: Any) -> str:
    """A policy's entry."""
    lines = "".join(f"{key}: {value}\n" for key, value in settings.items())
    return (
        f"dn: cn={name},ou=policies,{BASE}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: {name}\n"
        f"pwdAttribute: userPassword\n{lines}\n"
    )


def settings(chance: random.Random) -> dict[str, Any]:
    """Generated settings of one policy."""
    return {
        "pwdMinLength": chance.randint(4, 12),
        "pwdCheckQuality": chance.choice((0, 1, 2, 2)),
        "pwdLockout": chance.choice(("TRUE", "TRUE", "FALSE")),
        "pwdMaxFailure": chance.randint(1, 3),
        "pwdLockoutDuration": chance.choice((0, 300)),
    }


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running slapd with twelve policies, each that of one entry, and a lax one for everybody."""
    world = World(tmp_path_factory.mktemp("slapd"), 3)
    chance = random.Random()
    tree = TREE + policy("default", pwdMinLength=3, pwdCheckQuality=2, pwdMaxFailure=0)
    tree += person("scan") + person("low")
    for number in range(12):
        tree += policy(f"p{number}", **settings(chance))
        for who in ("a", "b"):
            named = f"pwdPolicySubentry: cn=p{number},ou=policies,{BASE}\n\n"
            tree += person(f"{who}{number}").rstrip("\n") + "\n" + named
    world.run("mkdir", "-p", "/srv/slapd.d", "/srv/ldap")
    world.run("slapadd", "-q", "-n", "0", "-F", "/srv/slapd.d", text=CONFIG)
    world.run("slapadd", "-q", "-n", "1", "-F", "/srv/slapd.d", text=tree)
    world.start(
        "slapd",
        "-d",
        "0",
        "-F",
        "/srv/slapd.d",
        "-h",
        f"ldaps://{world.address}:636 ldap://{world.address}:389",
    )
    yield world
    world.end()


def opened(world: World, who: str = SCAN) -> directory.Ldap:
    """The server's door, as this entry."""
    secret = world.folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    authority = str(world.certificates.authority)
    door = directory.connect(f"ldaps://{world.address}", who, str(secret), authority)
    world.doors.append(door)
    return door


def looked(door: directory.Ldap, name: str) -> Findings:
    """What one collector finds."""
    return look_with(discover("openldap")[name], door)[0]


def tool(world: World, *command: str) -> int:
    """The return code of a tool of OpenLDAP's own."""
    named = "LDAPTLS_CACERT=/mnt/ca.pem"
    return world.run(
        "env", named, command[0], "-x", "-H", f"ldaps://{world.address}", *command[1:], check=False
    ).returncode


def test_length(slapd: World, record_property: Any) -> None:
    """A password one shorter than what is claimed is refused, one as long is taken; where it is said to be enforced."""
    held = {one.source.split("=")[1].split(",")[0]: one for one in ppolicy.in_force(opened(slapd))}
    for number in range(12):
        claimed = held[f"p{number}"]
        who = f"cn=a{number},{BASE}"
        short = tool(slapd, "ldappasswd", "-D", who, "-w", PASSWORD, "-s", "x" * (claimed.min_length - 1))
        assert (short != 0) is (claimed.quality >= 1), claimed
        if short:
            assert 0 == tool(slapd, "ldappasswd", "-D", who, "-w", PASSWORD, "-s", "x" * claimed.min_length)
    record_property("compared", 12)


def test_lock(slapd: World, record_property: Any) -> None:
    """After as many wrong passwords as are claimed the right one is refused, and not where nothing locks."""
    held = {one.source.split("=")[1].split(",")[0]: one for one in ppolicy.in_force(opened(slapd))}
    for number in range(12):
        claimed, who = held[f"p{number}"], f"cn=b{number},{BASE}"
        for _ in range(claimed.max_failures or 4):
            assert tool(slapd, "ldapwhoami", "-D", who, "-w", "wrong")
        assert (tool(slapd, "ldapwhoami", "-D", who, "-w", PASSWORD) != 0) is (claimed.max_failures > 0), (
            claimed
        )
    record_property("compared", 12)


def test_weakest(slapd: World) -> None:
    """The default is the weakest here, and is told with its name."""
    found = looked(opened(slapd), "password_openldap")

    assert 3 == found.facts["password.min_length"]
    assert (f"policy cn=default,ou=policies,{BASE}",) == found.sources["password.min_length"]
    assert 0 == looked(opened(slapd), "lockout_openldap").facts["lockout.threshold"]


def test_low_privileged(slapd: World) -> None:
    """Who may not read the configuration does not know whose policy is everybody's."""
    for name in ("password_openldap", "lockout_openldap"):
        assert {"permission_denied"} == set(looked(opened(slapd, LOW), name).missing.values())
