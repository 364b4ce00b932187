"""Active Directory: the door and the collectors are held to a real domain controller (Samba)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from collectors import discover
from collectors.door import Unseen
from collectors.door_directory import Directory
from collectors.doors import directory
from collectors.findings import Findings
from collectors.look import look_with
from collectors.readers import ad_objects, ad_policies
from tests.collectors import domain_world
from tests.collectors.domain_world import PASSWORD, World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("directories"),
    pytest.mark.real("mmdebstrap", "unshare", "nsenter", root=True),
]
ADMINISTRATOR, LOW, GRANTED = "CORP\\Administrator", "CORP\\low", "CORP\\granted"
SEED = """
import json
plan = json.loads(PLAN)
for name in ("low", "granted", "victim"):
    db.newuser(name, PASSWORD)
for user in plan["users"]:
    db.newuser(user["name"], PASSWORD)
    put(f"CN={user['name']},{USERS}", userAccountControl=user["flags"], **user["values"])
for group in plan["groups"]:
    db.newgroup(group["name"], grouptype=group["type"])
for group in plan["groups"]:
    if group["members"]:
        put(f"CN={group['name']},{USERS}", member=[f"CN={name},{USERS}" for name in group["members"]])
for pso in plan["psos"]:
    dn = f"CN={pso['name']},CN=Password Settings Container,CN=System,{BASE}"
    db.add({"dn": dn, "objectClass": "msDS-PasswordSettings", **pso["values"]})
    if pso["targets"]:
        put(dn, msDS_PSOAppliesTo=[f"CN={name},{USERS}" for name in pso["targets"]])
put(BASE, **plan["domain"])
for name, members in plan["privileged"].items():
    message = ldb.Message(ldb.Dn(db, name))
    message["member"] = ldb.MessageElement([f"CN={one},{USERS}" for one in members], ldb.FLAG_MOD_ADD, "member")
    db.modify(message)
"""
GLOBAL, LOCAL = -2147483646, -2147483644
FLAGS = (512, 514, 512 | 32, 512 | 65536, 512 | 262144, 512 | 524288, 512 | 4194304, 512 | 128, 512 | 2097152)


def plan(number: int) -> dict[str, Any]:
    """A made-up domain: users with every flag, nested groups with loops, PSOs that compete."""
    chance = random.Random(number)
    users = [
        {
            "name": f"u{n}",
            "flags": FLAGS[n % len(FLAGS)],
            "values": {"servicePrincipalName": f"http/u{n}"} if n % 5 == 0 else {},
        }
        for n in range(24)
    ]
    names = [f"g{n}" for n in range(12)]
    groups: list[dict[str, Any]] = [
        {
            "name": name,
            "type": chance.choice((GLOBAL, GLOBAL, LOCAL)),
            "members": chance.sample([f"u{n}" for n in range(24)], 3),
        }
        for name in names
    ]
    for one in groups:  # a global group takes global ones only
        fitting = [g["name"] for g in groups if g is not one and g["type"] == GLOBAL]
        one["members"] += chance.sample(fitting, min(2, len(fitting)))
    psos = [
        {
            "name": f"p{n}",
            "values": pso(chance, chance.randint(1, 3)),
            "targets": chance.sample([*names, *(f"u{m}" for m in range(24))], chance.randint(0, 4)),
        }
        for n in range(8)
    ]
    domain = {
        "minPwdLength": chance.choice((0, 7, 14)), "pwdHistoryLength": chance.choice((0, 24)),
        "pwdProperties": chance.choice((0, 1, 17)), "lockoutThreshold": chance.choice((0, 5)),
        "maxPwdAge": chance.choice((-9223372036854775808, -42 * 864000000000)), "minPwdAge": 0,
    }  # fmt: skip
    privileged = {
        f"CN=Domain Admins,CN=Users,{BASE}": [
            "u1",
            groups[0]["name"] if groups[0]["type"] == GLOBAL else "u2",
        ],
        f"CN=Backup Operators,CN=Builtin,{BASE}": ["u3"],
    }
    return {"users": users, "groups": groups, "psos": psos, "domain": domain, "privileged": privileged}


def pso(chance: random.Random, precedence: int) -> dict[str, str]:
    """The settings of one PSO."""
    day = 864000000000
    return {
        "msDS-PasswordSettingsPrecedence": str(precedence),
        "msDS-MinimumPasswordLength": str(chance.randint(0, 20)),
        "msDS-PasswordHistoryLength": str(chance.randint(0, 24)),
        "msDS-PasswordComplexityEnabled": chance.choice(("TRUE", "FALSE")),
        "msDS-PasswordReversibleEncryptionEnabled": chance.choice(("TRUE", "FALSE")),
        "msDS-MinimumPasswordAge": "0",
        "msDS-MaximumPasswordAge": str(-day * chance.randint(1, 400)),
        "msDS-LockoutThreshold": str(chance.randint(0, 9)),
        "msDS-LockoutObservationWindow": str(-60 * 10**7),
        "msDS-LockoutDuration": str(-60 * 10**7 * chance.randint(1, 30)),
    }


BASE = "DC=corp,DC=test"


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    """What the domain is made of."""
    return plan(random.SystemRandom().randrange(10**6))


@pytest.fixture(scope="module")
def dc(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running controller of that domain."""
    if not domain_world.root().is_dir():
        pytest.fail("its root is not there; run script/setup --for test", pytrace=False)
    seed = f"PLAN = {json.dumps(json.dumps(given))}\nPASSWORD = {PASSWORD!r}\n{domain_world.DATABASE}{SEED}"
    world = domain_world.domain(tmp_path_factory.mktemp("dc"), 1, seed=seed)
    yield world
    world.end()


def secret(world: World, text: str = PASSWORD) -> str:
    """A password file."""
    path = world.folder / f"password{len(text)}"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def opened(world: World, user: str = ADMINISTRATOR, scheme: str = "ldaps") -> directory.Ldap:
    """The controller's door, as this user."""
    door = directory.connect(
        f"{scheme}://{world.address}", user, secret(world), str(world.certificates.authority)
    )
    world.doors.append(door)
    return door


def looked(door: Directory, name: str) -> Findings:
    """What one collector finds; it must refuse no value."""
    collector = discover("ad")[name]
    found, _ = look_with(collector, door)
    assert not set(found.missing.values()) & {"malformed", "collector_error"}, found
    return found


def test_effective_policy(dc: World, given: dict[str, Any], record_property: Any) -> None:
    """For each person the policy is the one that the controller itself names (msDS-ResultantPSO)."""
    door = opened(dc)
    held = ad_policies.by_person(door, any_group=True)
    told = {
        one.dn.lower(): (one.text("msDS-ResultantPSO") or "").lower()
        for one in door.search(BASE, "(objectClass=user)", ["msDS-ResultantPSO"])
    }
    ours = {
        name: policy.source.removeprefix("policy ").lower() if policy.name else ""
        for name, policy in held.items()
    }

    assert {name: told[name] for name in ours} == ours, given
    assert len({*ours.values()}) > 1
    record_property("compared", len(ours))


def test_policy_as_told(dc: World, given: dict[str, Any]) -> None:
    """The domain's policy and each PSO are those that samba-tool shows."""
    database = ("-H", "/srv/dc/private/sam.ldb", "--configfile=/srv/dc/etc/smb.conf")
    shown = dc.run("samba-tool", "domain", "passwordsettings", "show", *database).stdout
    told = dict(line.split(": ") for line in shown.splitlines() if ": " in line)
    door = opened(dc)
    policy = ad_policies.of_domain(door)

    assert int(told["Minimum password length"]) == policy.min_length
    assert int(told["Password history length"]) == policy.history
    assert int(told["Maximum password age (days)"]) % 99999 == policy.max_age_days % 99999
    assert (told["Password complexity"] == "on") is policy.complexity
    assert (told["Store plaintext passwords"] == "on") is policy.reversible
    assert int(told["Account lockout threshold (attempts)"]) == policy.lockout_threshold
    assert int(told["Account lockout duration (mins)"]) * 60 == policy.unlock_seconds
    found = looked(door, "password_ad").facts["password.fine_grained"]
    assert isinstance(found, list)
    lengths = {one["name"]: int(one["values"]["msDS-MinimumPasswordLength"]) for one in given["psos"]}
    assert lengths == {one["name"]: one["min_length"] for one in found}  # type: ignore[call-overload, index]


def test_nested_members(dc: World, given: dict[str, Any]) -> None:
    """Members of privileged groups are those that the controller finds by its own rule for chains."""
    door = opened(dc)
    members = looked(door, "privileges_ad").facts["privileges.members"]
    assert isinstance(members, list)
    ours = {one["name"] for one in members if one["group"] == "domain_admins"}  # type: ignore[call-overload, index]
    chain = f"(&(objectClass=user)(memberOf:1.2.840.113556.1.4.1941:=CN=Domain Admins,CN=Users,{BASE}))"

    assert {one.text("sAMAccountName") for one in door.search(BASE, chain, ["sAMAccountName"])} == ours


def test_flags(dc: World, given: dict[str, Any]) -> None:
    """Lists of accounts hold exactly those that were made so."""
    facts = looked(opened(dc), "accounts_ad").facts
    for name, flag in (("password_not_required", 32), ("password_never_expires", 65536), ("des_only", 2097152),
                       ("without_preauthentication", 4194304), ("reversible_encryption", 128)):  # fmt: skip
        made = {one["name"] for one in given["users"] if one["flags"] & flag}
        assert made == set(facts[f"accounts.{name}"]), name  # type: ignore[arg-type]
    delegation = looked(opened(dc), "directory_ad").facts["directory.delegation"]
    unlimited = {one["name"] for one in delegation}  # type: ignore[union-attr, call-overload, index]
    assert unlimited == {one["name"] for one in given["users"] if one["flags"] & 524288}


def test_small_pages(dc: World) -> None:
    """An answer in many pages is the same answer."""
    whole, paged = opened(dc), opened(dc)
    paged.page_entries = 3

    assert ad_objects.groups(whole) == ad_objects.groups(paged)
    assert [one.name for one in ad_objects.accounts(whole)] == [
        one.name for one in ad_objects.accounts(paged)
    ]


def test_low_privileged(dc: World) -> None:
    """Policies that may be hidden are unknown, never none; what anybody may read is read."""
    found = looked(opened(dc, LOW), "password_ad")

    assert (
        "permission_denied" == found.missing["password.fine_grained"] == found.missing["password.min_length"]
    )
    assert "password.domain_min_length" in found.facts
    assert "lockout.threshold" in looked(opened(dc, LOW), "lockout_ad").missing


def test_right_given_away(dc: World) -> None:
    """Who was given the right to list and read the policies sees the same policies as an administrator."""
    (who,) = [one.identifier for one in ad_objects.accounts(opened(dc)) if one.name == "granted"]
    container = f"CN=Password Settings Container,CN=System,{BASE}"
    database = ("-H", "/srv/dc/private/sam.ldb", "--configfile=/srv/dc/etc/smb.conf")
    dc.run(
        "samba-tool", "dsacl", "set", f"--objectdn={container}", f"--sddl=(A;CI;LCRPRC;;;{who})", *database
    )
    for one in opened(dc).search(container, "(objectClass=msDS-PasswordSettings)", ["cn"], "one"):
        dc.run("samba-tool", "dsacl", "set", f"--objectdn={one.dn}", f"--sddl=(A;;LCRPRC;;;{who})", *database)

    assert looked(opened(dc, GRANTED), "password_ad").facts == looked(opened(dc), "password_ad").facts


CHANGE = """
from samba.samdb import SamDB
from samba.param import LoadParm
from samba.auth import system_session
lp = LoadParm(); lp.load("/srv/dc/etc/smb.conf")
db = SamDB(url="/srv/dc/private/sam.ldb", session_info=system_session(), lp=lp)
db.modify_ldif("dn: " + DN + "\\nchangetype: modify\\n" + "".join(
    f"replace: {name}\\n{name}: {value}\\n-\\n" for name, value in VALUES.items()))
"""


def change(world: World, dn: str, **values: int) -> None:
    """Set numbers of an entry."""
    world.run("python3", "-", text=f"DN, VALUES = {dn!r}, {values!r}\n{CHANGE}")


def let_in(world: World, user: str, *attempts: str) -> str:
    """Log in with one password after the other; "" or the reason of the last refusal."""
    told = ""
    for text in attempts:
        try:
            directory.connect(
                f"ldaps://{world.address}", user, secret(world, text), str(world.certificates.authority)
            ).close()
            told = ""
        except Unseen as unseen:
            told = unseen.detail
    return told


@pytest.mark.parametrize(("threshold", "includes_administrator"), [(0, True), (2, False), (2, True)])
def test_lock(dc: World, threshold: int, includes_administrator: bool) -> None:
    """Wrong passwords lock whom the collector says, after as many as it says, and nobody else."""
    minutes = -60 * 10**7 * 30
    change(dc, BASE, lockoutThreshold=threshold, pwdProperties=8 * includes_administrator,
           lockoutDuration=minutes, lockOutObservationWindow=minutes)  # fmt: skip
    policy = ad_policies.by_person(opened(dc), any_group=True)[f"cn=victim,cn=users,{BASE.lower()}"]
    found = looked(opened(dc), "lockout_ad").facts
    wrong = ["Wr0ng-Passw0rd-7"] * (policy.lockout_threshold or 3)
    try:
        assert (policy.lockout_threshold, policy.unlock_seconds) == (threshold, 1800)
        assert found["lockout.includes_superuser"] is includes_administrator
        for user, is_locked in (
            ("CORP\\victim", threshold > 0),
            (ADMINISTRATOR, threshold > 0 and includes_administrator),
        ):
            assert let_in(dc, user, *wrong[1:], PASSWORD) == ""
            assert bool(let_in(dc, user, *wrong, PASSWORD)) is is_locked, user
    finally:
        for name in ("victim", "Administrator"):
            change(dc, f"CN={name},CN=Users,{BASE}", lockoutTime=0)


def test_start_tls(dc: World) -> None:
    """Over LDAP nothing is said before StartTLS has proven the server."""
    assert "ad" == opened(dc, scheme="ldap").platform


@pytest.mark.parametrize(
    ("user", "text", "words"),
    [
        (ADMINISTRATOR, "Wr0ng-Passw0rd-7", "wrong user or password"),
        ("CORP\\nobody", "Wr0ng-Passw0rd-7", "no such user|wrong user or password"),
        ("CORP\\u1", PASSWORD, "the account is disabled|wrong user or password"),
    ],
)
def test_refused_login(dc: World, user: str, text: str, words: str) -> None:
    """A refused login is told with its reason, without the password."""
    with pytest.raises(Unseen, match=words) as caught:
        directory.connect(f"ldaps://{dc.address}", user, secret(dc, text), str(dc.certificates.authority))

    assert "permission_denied" == caught.value.reason
    assert text not in repr(caught.value) + caught.value.source + caught.value.detail


def test_unproven_certificate(dc: World) -> None:
    """An authority that is not named is not trusted, on either way to TLS."""
    for scheme in ("ldaps", "ldap"):
        with pytest.raises(Unseen, match="certificate") as caught:
            directory.connect(f"{scheme}://{dc.address}", ADMINISTRATOR, secret(dc))
        assert "malformed" == caught.value.reason
