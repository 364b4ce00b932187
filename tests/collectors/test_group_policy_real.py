"""Group policies are held to a real domain controller (Samba): its list of those that apply, its files over SMB."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import random
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from smbprotocol import connection

from collectors import discover
from collectors.door import Unseen
from collectors.doors import directory, directory_sysvol
from collectors.doors.directory_sysvol import Sysvol
from collectors.findings import Findings
from collectors.look import look_with
from collectors.readers import ad_group_policy, ad_links, registry_pol
from tests.collectors import domain_world
from tests.collectors.domain_world import PASSWORD, World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("directories"),
    pytest.mark.real("mmdebstrap", "unshare", "nsenter", root=True),
]
BASE = "DC=corp,DC=test"
SITE = f"CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{BASE}"
OUTER, UNIT = f"OU=outer,{BASE}", f"OU=Domain Controllers,{BASE}"
INNER = f"OU=inner,{UNIT}"
SECURITY = "[{827D319E-6EAC-11D2-A4EA-00C04F79F83A}{803E14A0-B4FB-11D0-A0D0-00A0C90F574B}]"
SEED = """
import base64, json, ldb, os
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.auth import system_session
from samba.ndr import ndr_pack
from samba.dcerpc import security
lp = LoadParm(); lp.load("/srv/dc/etc/smb.conf")
db = SamDB(url="/srv/dc/private/sam.ldb", session_info=system_session(), lp=lp)
plan = json.loads(PLAN)
db.newuser("low", PASSWORD)
db.newgroup("chosen"); db.add_remove_group_members("chosen", ["DC1$"])
inner = "OU=inner,OU=Domain Controllers,DC=corp,DC=test"
db.add({"dn": inner, "objectClass": "organizationalUnit"})
db.rename("CN=DC1,OU=Domain Controllers,DC=corp,DC=test", "CN=DC1," + inner)
sid = security.dom_sid(db.get_domain_sid())
chosen = db.search(base="CN=chosen,CN=Users,DC=corp,DC=test", attrs=["objectSid"])[0]
group = str(__import__("samba").ndr.ndr_unpack(security.dom_sid, chosen["objectSid"][0]))
for one in plan["policies"]:
    dn = f"CN={one['guid']},CN=Policies,CN=System,DC=corp,DC=test"
    db.add({"dn": dn, "objectClass": "groupPolicyContainer", "displayName": one["name"], "flags": str(one["flags"]),
            "versionNumber": str(one["version"]), "gPCFunctionalityVersion": "2",
            "gPCFileSysPath": "\\\\\\\\corp.test\\\\sysvol\\\\corp.test\\\\Policies\\\\" + one["guid"],
            **({"gPCMachineExtensionNames": one["extensions"]} if one["extensions"] else {}),
            "nTSecurityDescriptor": ndr_pack(security.descriptor.from_sddl(one["sddl"].replace("CHOSEN", group), sid))})
    folder = "/srv/dc/state/sysvol/corp.test/Policies/" + one["guid"]
    for name, data in one["files"].items():
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        open(f"{folder}/{name}", "wb").write(base64.b64decode(data))
plan["places"]["CN=DC1," + inner] = {"servicePrincipalName": "ldap/dc1.corp.test"}  # for the judge's login
db.newcomputer("PC1"); db.newuser("service", PASSWORD)
plan["places"]["CN=service,CN=Users,DC=corp,DC=test"] = {"servicePrincipalName": "http/x",
                                                         "msDS-SupportedEncryptionTypes": "28"}
plan["places"]["CN=PC1,CN=Computers,DC=corp,DC=test"] = {"operatingSystem": "Windows 11", "userAccountControl": "4096"}
for dn, values in plan["places"].items():
    message = ldb.Message(ldb.Dn(db, dn))
    for name, value in values.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    db.modify(message)
os.system("chmod -R a+rX /srv/dc/state/sysvol")
"""
TRUSTS = """
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.auth import system_session
lp = LoadParm(); lp.load("/srv/dc/etc/smb.conf")
db = SamDB(url="/srv/dc/private/sam.ldb", session_info=system_session(), lp=lp)
for name, attributes in (("quarantined.test", 4), ("forest.test", 8)):
    dn = f"CN={name},CN=System,DC=corp,DC=test"
    if db.search(base="CN=System,DC=corp,DC=test", expression=f"(trustPartner={name})"):
        db.delete(dn)
        continue
    db.add({"dn": dn, "objectClass": "trustedDomain", "trustPartner": name,
            "flatName": name[:6], "trustDirection": "3", "trustType": "2", "trustAttributes": str(attributes),
            "msDS-SupportedEncryptionTypes": "24", "securityIdentifier": f"S-1-5-21-7-7-{attributes}"})
"""
JUDGE = """
import os
os.environ["KRB5CCNAME"], os.environ["KRB5_CONFIG"] = "/tmp/tickets", "/tmp/krb5.conf"
open("/tmp/krb5.conf", "w").write("[libdefaults]\\ndefault_realm = CORP.TEST\\ndns_lookup_kdc = false\\n"
    "[realms]\\nCORP.TEST = {\\nkdc = " + ADDRESS + "\\n}\\n")
with open("/etc/passwd", "a") as names:  # it looks up whom winbindd counts from 3000000
    names.write("".join(f"n{n}:x:{n}:65534::/:/bin/false\\n" for n in range(3000000, 3000100)))
open("/etc/hosts", "a").write(ADDRESS + " dc1.corp.test\\n")
from samba import gpo
from samba.credentials import Credentials, DONT_USE_KERBEROS
from samba.param import LoadParm
lp = LoadParm(); lp.load("/srv/dc/etc/smb.conf")
one = Credentials(); one.guess(lp)
one.set_machine_account(lp)
ads = gpo.ADS_STRUCT("dc1.corp.test", lp, one)
assert ads.connect()
for found in ads.get_gpo_list("DC1$"):
    print(found.name)
"""
SHAPES = {
    "all": "O:DAG:DAD:P(A;CI;RPWPCCDCLCLOLORCWOWDSDDTSW;;;DA)(A;CI;RPLCLORC;;;AU)"
    "(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;AU)",
    "chosen": "O:DAG:DAD:P(A;CI;RPLCLORC;;;AU)(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;CHOSEN)",
    "another right": "O:DAG:DAD:P(A;CI;RPLCLORC;;;AU)(OA;CI;CR;00299570-246d-11d0-a768-00aa006e0529;;CHOSEN)",
    "nobody": "O:DAG:DAD:P(A;CI;RPLCLORC;;;AU)",
    "denied": "O:DAG:DAD:P(OD;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;CHOSEN)(A;CI;RPLCLORC;;;AU)"
    "(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;AU)",
}


def policy(number: int, shape: str = "all", **given: Any) -> dict[str, Any]:
    """One group policy with its files."""
    template = f"[Unicode]\r\nUnicode=yes\r\n[Registry Values]\r\n{given.get('values', '')}\r\n"
    files = {
        "GPT.INI": b"[General]\r\nVersion=%d\r\n" % given.get("version", 65537),
        "MACHINE/Microsoft/Windows NT/SecEdit/GptTmpl.inf": ("\ufeff" + template).encode("utf-16-le"),
    }
    return {
        "guid": f"{{{number:08X}-1111-2222-3333-444444444444}}", "name": f"policy {number}", "sddl": SHAPES[shape],
        "flags": given.get("flags", 0), "version": given.get("version", 65537), "extensions": SECURITY,
        "files": {name: base64.b64encode(data).decode() for name, data in files.items()},
    }  # fmt: skip


def plan(number: int) -> dict[str, Any]:
    """Policies with every kind of right, linked everywhere in every way."""
    chance = random.Random(number)
    signing = r"MACHINE\System\CurrentControlSet\Services\NTDS\Parameters\LDAPServerIntegrity=4,"
    policies = [policy(n, [*SHAPES][n % len(SHAPES)], values=signing + str(n)) for n in range(1, 13)]
    places = {}
    for place in (SITE, BASE, UNIT, INNER):
        links = [
            f"[LDAP://cn={one['guid']},cn=policies,cn=system,{BASE};{chance.choice((0, 0, 0, 1, 2, 3))}]"
            for one in chance.sample(policies, 8)
        ]
        places[place] = {"gPLink": "".join(links)}
        if place != SITE:
            places[place]["gPOptions"] = str(chance.choice((0, 0, 1)))
    return {"policies": policies, "places": places}


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    """What the domain is made of."""
    return plan(random.SystemRandom().randrange(10**6))


@pytest.fixture(scope="module")
def dc(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running controller of that domain."""
    seed = f"PLAN = {json.dumps(json.dumps(given))}\nPASSWORD = {PASSWORD!r}\n{SEED}"
    world = domain_world.domain(tmp_path_factory.mktemp("dc"), 4, seed=seed)
    yield world
    world.end()


def opened(world: World, user: str = "CORP\\Administrator") -> directory.Ldap:
    """The controller's door, as this user."""
    secret = world.folder / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    authority = str(world.certificates.authority)
    door = directory.connect(f"ldaps://{world.address}", user, str(secret), authority)
    world.doors.append(door)
    return door


def looked(world: World, user: str = "CORP\\Administrator", name: str = "controllers_ad") -> Findings:
    """What one collector finds."""
    found, _ = look_with(discover("ad")[name], opened(world, user))
    assert not set(found.missing.values()) & {"malformed", "collector_error"}, found
    return found


def test_list_of_policies(dc: World, given: dict[str, Any]) -> None:
    """The policies that a controller takes, in their order, are those that Samba's own client finds for it.

    But for enforced ones of several places: there Windows heeds the outermost first, Samba 4.17 the innermost.
    """
    told = dc.run("python3", "-", text=f"ADDRESS = {dc.address!r}\n{JUDGE}").stdout.splitlines()
    door = opened(dc)
    (controller,) = ad_links.controllers(door)
    taken = [one.link for one in ad_group_policy.steps(door, controller) if one.word == "taken"]
    places = [INNER, UNIT, BASE, SITE]
    samba = sorted((one for one in taken if one.enforced), key=lambda one: places.index(one.where))
    ours = [*samba, *(one for one in taken if not one.enforced)]
    names = [one.policy.split(",")[0].removeprefix("cn=") for one in ours]

    assert [one.lower() for one in told if one.startswith("{")][::-1] == names, given["places"]


def records(found: Findings, fact: str, *fields: str) -> set[tuple[Any, ...]]:
    """These fields of a list of records."""
    told: Any = found.facts[fact]
    return {tuple(one[field] for field in fields) for one in told}


@pytest.mark.parametrize("name", ["controllers_ad", "trusts_ad", "kerberos_ad", "laps_ad"])
def test_low_privileged(dc: World, name: str) -> None:
    """Whoever may log in sees as much of it as an administrator does, and something."""
    mine = looked(dc, "CORP\\low", name)

    assert mine.facts == looked(dc, name=name).facts
    assert mine.facts


def test_what_was_made(dc: World) -> None:
    """Trusts, service accounts and computers are told as they were made; nobody keeps a password here."""
    dc.run("python3", "-", text=TRUSTS)  # while it runs: winbindd starts with no trust without a key
    try:
        trusts = records(looked(dc, name="trusts_ad"), "trusts.domains", "name", "kind", "filtered", "rc4")
    finally:
        dc.run("python3", "-", text=TRUSTS)  # the second time takes them away: its KDC trips over them
    assert trusts == {("quarantined.test", "external", True, False), ("forest.test", "forest", True, False)}
    services = looked(dc, name="kerberos_ad")
    told = records(services, "kerberos.service_accounts", "name", "rc4", "aes")
    assert told == {("service", True, True), ("dns-dc1", None, None)}
    assert looked(dc, name="laps_ad").facts == {
        "laps.computers": [{"name": "PC1", "kept": None, "expires_at": None}]
    }


def test_policy_that_a_tool_made(dc: World) -> None:
    """A policy of samba-tool, linked and enforced by it, is found in its place; without settings it sets nothing."""
    name = "made by a tool"
    remote = (
        "-H",
        "ldap://dc1.corp.test",
        f"-UAdministrator%{PASSWORD}",
        "--configfile=/srv/dc/etc/smb.conf",
    )
    dc.run("sh", "-c", f"echo {dc.address} dc1.corp.test >>/etc/hosts")
    made = dc.run("samba-tool", "gpo", "create", name, *remote).stdout
    guid = made[made.index("{") : made.index("}") + 1]
    dc.run("samba-tool", "gpo", "setlink", "--enforce", INNER, guid, *remote)
    policies = looked(dc).facts["controllers.policies"]

    assert {"policy": name, "linked_at": INNER, "enforced": True, "taken": "taken", "why": None} in policies  # type: ignore[operator]


MAKE_POL = """
import base64
from samba.dcerpc import preg, misc
from samba.ndr import ndr_pack
made = preg.file(); made.header.signature = "PReg"; made.header.version = 1
entries = []
for key, name, kind, data in GIVEN:
    one = preg.entry(); one.keyname, one.valuename, one.type, one.data = key, name, kind, data
    entries.append(one)
made.num_entries, made.entries = len(entries), entries
print(base64.b64encode(ndr_pack(made)).decode())
"""


def test_registry_values(dc: World) -> None:
    """A Registry.pol that Samba packs is read as it was meant."""
    given = [("Software\\X", "Count", 4, 7), ("Software\\X", "Text", 1, "a];b"), ("Software\\Y", "**del.Z", 1, " "),
             ("Software\\Z", "Big", 4, 2**32 - 1)]  # fmt: skip
    packed = dc.run("python3", "-", text=f"GIVEN = {given!r}\n{MAKE_POL}").stdout
    told = registry_pol.orders(base64.b64decode(packed), "x")

    assert [tuple(one) for one in told] == [
        (key.lower(), name.lower(), data if kind == 4 else None) for key, name, kind, data in given
    ]


def test_value_that_holds(dc: World, given: dict[str, Any]) -> None:
    """The number in the file of the strongest policy holds, read over encrypted SMB; Samba itself does not heed it."""
    door = opened(dc)
    (controller,) = ad_links.controllers(door)
    name = ad_group_policy.REGISTRY["ldap_signing"]
    taken = [one for one in ad_group_policy.steps(door, controller) if one.word == "taken"]
    numbers = [int(one.name.removeprefix("policy ")) for one in taken if one.name.startswith("policy ")]
    value, source = ad_group_policy.holding(door, controller, lambda one: one.registry.get(name), name)

    assert value == next(iter(numbers), None), given
    assert f"policy {value}" in source or not numbers
    assert looked(dc).missing["controllers.ldap_signing_required"] == "unsupported"


@pytest.mark.parametrize(
    ("user", "secret", "path", "reason"),
    [
        ("CORP\\low", "wrong-" + PASSWORD, "corp.test/Policies", "permission_denied"),
        ("CN=low,CN=Users,DC=corp,DC=test", PASSWORD, "corp.test/Policies", "unsupported"),
        (None, None, "corp.test/Policies", "permission_denied"),
        ("CORP\\low", PASSWORD, "corp.test/Policies/none", "not_found"),
        ("CORP\\low", PASSWORD, "corp.test/../private", "malformed"),
        ("CORP\\low", PASSWORD, "corp.test\\..\\x", "malformed"),
    ],
)
def test_share_that_says_no(
    dc: World, user: str | None, secret: str | None, path: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each refusal has its reason, and says nothing of the password."""
    share = Sysvol(dc.address, user, secret, 20)
    with pytest.raises(Unseen) as caught:
        share.read(path)
    share.close()

    assert caught.value.reason == reason, caught.value
    assert PASSWORD not in caplog.text + repr(caught.value) + caught.value.detail


def test_share_without_encryption(dc: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older protocol, which encrypts nothing, is not spoken."""
    older = functools.partialmethod(connection.Connection.connect, connection.Dialects.SMB_2_1_0)
    monkeypatch.setattr(connection.Connection, "connect", older)
    share = Sysvol(dc.address, "CORP\\low", PASSWORD, 20)
    with pytest.raises(Unseen, match="unsupported"):
        share.read("corp.test/Policies")


def test_bounds(dc: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too large is refused by its size, and files are counted."""
    folder = "/srv/dc/state/sysvol/corp.test"
    dc.run("truncate", "-s", "5M", f"{folder}/large")
    dc.run("sh", "-c", f"head -c 1500000 /dev/urandom >{folder}/whole")
    monkeypatch.setattr(directory_sysvol, "FILES_MAX", 2)
    share = Sysvol(dc.address, "CORP\\low", PASSWORD, 20)
    with pytest.raises(Unseen, match="too_large"):
        share.read("corp.test/large")
    told = dc.run("sha256sum", f"{folder}/whole").stdout.split()[0]
    assert hashlib.sha256(share.read("corp.test/whole")).hexdigest() == told
    with pytest.raises(Unseen, match="too_large"):
        share.read("corp.test/whole")
    share.close()


def test_share_that_is_shut(dc: World) -> None:
    """No port for files: the reason is told, and told again without another try."""
    share = Sysvol(dc.address, "CORP\\low", PASSWORD, 20, port=1)
    for _ in range(2):
        with pytest.raises(Unseen) as caught:
            share.read("corp.test/Policies")
        assert caught.value.reason == "not_found"


def test_whoever_stands_between(dc: World) -> None:
    """An answer in the clear to a sealed question, which the library alone would take, is no answer."""
    seen: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def stand() -> None:
        with (
            listening,
            listening.accept()[0] as victim,
            socket.create_connection((dc.address, 445)) as server,
        ):
            while message := frame(victim):
                seen.append(message)
                if message.startswith(b"\xfdSMB"):
                    answer = struct.pack(
                        "<4sHHIHHIIQIIQ16sHBBIII", b"\xfeSMB", 64, 0, 0, 3, 1, 1, 0, 3, 0, 5,
                        int.from_bytes(message[44:52], "little"), b"", 16, 1, 0, 0, 0, 0x1F01FF,
                    )  # fmt: skip
                    victim.sendall(struct.pack(">I", len(answer)) + answer)
                    continue
                server.sendall(struct.pack(">I", len(message)) + message)
                answer = frame(server)
                victim.sendall(struct.pack(">I", len(answer)) + answer)

    threading.Thread(target=stand, daemon=True).start()
    share = Sysvol("127.0.0.1", "CORP\\low", PASSWORD, 5, port=listening.getsockname()[1])
    with pytest.raises(Unseen, match="malformed"):
        share.read("corp.test/x")
    share.close()

    assert [one[:4] for one in seen] == [b"\xfeSMB"] * 3 + [b"\xfdSMB"]
    assert not any(PASSWORD.encode(coding) in one for one in seen for coding in ("utf-8", "utf-16-le"))


def frame(one: socket.socket) -> bytes:
    """The next message on a connection; nothing at its end."""
    head = one.recv(4, socket.MSG_WAITALL)
    return one.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL) if head else b""
