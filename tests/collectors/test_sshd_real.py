"""The own reader of sshd_config held to the real sshd, on generated configurations."""

import grp
import os
import pwd
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from collectors.doors.local import Local
from collectors.doors.root import Root
from collectors.readers import sshd_config, sshd_daemon, sshd_match, sshd_tables, sshd_text, sshd_weakens
from collectors.readers.sshd_match import Connection
from collectors.readers.sshd_started import Server

pytestmark = [pytest.mark.real("sshd", "ssh-keygen"), pytest.mark.xdist_group("sshd")]

YES_NO = ["yes", "no", "YES", "No"]
FORWARDING = ["yes", "no", "local", "remote", "all"]
VALUES = {
    "PasswordAuthentication": YES_NO,
    "PermitEmptyPasswords": YES_NO,
    "X11Forwarding": YES_NO,
    "HostbasedAuthentication": YES_NO,
    "KbdInteractiveAuthentication": YES_NO,
    "ChallengeResponseAuthentication": YES_NO,
    "PubkeyAuthentication": YES_NO,
    "PermitRootLogin": ["yes", "no", "without-password", "prohibit-password", "forced-commands-only"],
    "IgnoreRhosts": ["yes", "no", "shosts-only"],
    "LogLevel": ["verbose", "INFO", "DEBUG", "debug1", "DEBUG3", "QUIET"],
    "MaxAuthTries": ["3", "4", "06", '"5"', "+7"],
    "ClientAliveCountMax": ["0", "3"],
    "ClientAliveInterval": ["5m", "300", "1h30m", "0"],
    "AuthenticationMethods": [
        "publickey",
        "publickey,password",
        '"publickey,keyboard-interactive:pam" password',
    ],
    "PubkeyAuthOptions": ["none", "touch-required", "verify-required", "touch-required verify-required"],
    "AuthorizedKeysFile": [".ssh/authorized_keys", "/etc/keys/%u .ssh/ak", "none", '"/etc/k s/%u"'],
    "PubkeyAcceptedAlgorithms": [
        "+ssh-rsa",
        "sk-ssh-ed25519@openssh.com",
        "-ecdsa*",
        "*",
        "^ssh-*",
        "+ssh-d*,ssh-rsa",
    ],
    "MaxSessions": ["4"],
    "AllowUsers": ["alice bob", "root@10.0.0.0/8", "*"],
    "AllowGroups": ["sudo", "root users"],
    "DenyUsers": ["zed", "a* b*"],
    "DenyGroups": ["night", '"two words"'],
    "ForceCommand": ["internal-sftp", '/bin/x "a b"', "none", "echo # 1"],
    "ChrootDirectory": ["/srv/%u", "none"],
    "AcceptEnv": ["LANG LC_*", "# nothing"],
    "PermitTunnel": ["yes", "no", "ethernet"],
    "AllowTcpForwarding": FORWARDING,
    "GatewayPorts": ["clientspecified", "no"],
    "Banner": ["/etc/issue", "none", '"/etc/a b"'],
    "TrustedUserCAKeys": ["/etc/ssh/ca.pub", "none"],
    "IPQoS": ["lowdelay throughput"],
    "PermitOpen": ["any", "localhost:80 *:443"],
    "SetEnv": ["A=1 B=2"],
    "RekeyLimit": ["1G 1h"],
}
GLOBAL_VALUES = {
    "LoginGraceTime": ["60", "1m", "2M30S"],
    "PermitUserEnvironment": ["yes", "no", "LANG,LC_*", "NO"],
    "UsePAM": YES_NO,
    "Ciphers": ["aes256-ctr", "+aes128-cbc", "-aes128*", "^aes256-ctr"],
    "MACs": ["hmac-sha2-512", "+hmac-md5", "-hmac-sha1*,umac*"],
    "KexAlgorithms": ["curve25519-sha256", "+diffie-hellman-group14-sha1", "-*nistp*"],
    "HostKeyAlgorithms": ["+ssh-rsa", "ssh-ed25519"],
    "Port": ["22", "2222"],
    "StrictModes": YES_NO,
    "AddressFamily": ["inet", "ANY"],
    "MaxStartups": ["10", "10:30:60"],
    "SyslogFacility": ["AUTHPRIV", "local7"],
    "UseDNS": YES_NO,
    "PidFile": ["/run/x.pid", "none"],
    "PerSourceMaxStartups": ["none", "5"],
    "Protocol": ["2", "1,2"],
    "UsePrivilegeSeparation": ["sandbox"],
    "RSAAuthentication": ["maybe"],
}
BROKEN = [
    "Frobnicate yes",
    "PasswordAuthentication maybe",
    "UsePAM true",
    "PermitRootLogin",
    "X11Forwarding yes no",
    "MaxAuthTries x",
    "LogLevel loud",
    "LoginGraceTime 5x",
    "Match",
    "Match user",
    "Match bogus x",
    "Match all user x",
    "AuthenticationMethods foo",
    "AuthenticationMethods any publickey",
    'PasswordAuthentication "yes',
    "AuthorizedKeysCommand /usr/bin/true",
    "MaxAuthTries -1",
    "MaxAuthTries 2147483648",
    "ClientAliveInterval none",
    "LoginGraceTime 99999999999",
    "Port 0",
    "Port 65536",
    "MaxStartups 10:0:60",
    "MaxStartups 0",
    "AddressFamily ip",
    "PermitTunnel Yes it",
    "StrictModes",
    "Banner",
    "Banner a b",
    "ForceCommand",
    "ForceCommand ''",
    "SetEnv A",
    "SyslogFacility nowhere",
    "Include",
    "Include # nothing",
    'AuthorizedKeysFile ""',
    'AllowUsers ""',
    "AuthenticationMethods # none",
    "PubkeyAuthOptions # none",
    "UsePAM # none",
    "\ufeffUsePAM yes",
    "Match localport x",
    "Match address 10.0.0.1/8",
    "Match address 10.0.0.0/99",
    "Match address x/8",
    "Match localaddress !2001:db8::1/32",
    "Match address 10.0.0.0/255.0.0.0",
    "Match localport 65536",
    "Match user root extra",
    "Include FOLDER0/dangling",
    "Include FOLDER0/folder",
    "Include ~/nothing",
]
CRITERIA = {
    "User": ["alice", "bob,zed", "!alice,*", "a*", "ware*use?", "*,!root", "root"],
    "GROUP": ["root", "sudo", "!root,*", "users,sudo", "daemon", "b*"],
    "Host": ["*.example.com", "web?.example.com,!web1.example.com", "HOST"],
    "Address": ["10.0.0.0/8", "192.0.2.*", "!10.1.0.0/16,10.0.0.0/8", "2001:db8::/32", "*"],
    "LocalAddress": ["192.0.2.0/24"],
    "LocalPort": ["22", "2222"],
}


@st.composite
def settings_lines(draw: st.DrawFn, in_match: bool) -> str:
    """A setting, in any case of letters, with any way of parting keyword and value."""
    known = VALUES if in_match and draw(st.integers(0, 30)) else {**VALUES, **GLOBAL_VALUES}
    keyword = draw(st.sampled_from(sorted(known)))
    value = draw(st.sampled_from(known[keyword]))
    parting = draw(st.sampled_from([" ", "  ", "\t", "=", " = ", "= "]))
    written = draw(st.sampled_from([keyword, keyword.lower(), keyword.upper(), f'"{keyword}"']))
    parting = " " if written.startswith('"') else parting
    end = draw(st.sampled_from(["", "", " ", "\r", " # comment"]))
    return draw(st.sampled_from(["", " ", "\t"])) + written + parting + value + end


@st.composite
def match_lines(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 6)) == 0:
        return "match all"
    told = []
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted(CRITERIA)))
        told.append(name + draw(st.sampled_from([" ", "=", "\t"])) + draw(st.sampled_from(CRITERIA[name])))
    return draw(st.sampled_from(["Match ", "match ", "Match="])) + " ".join(told)


@st.composite
def files(draw: st.DrawFn, depth: int = 0) -> str:
    lines, in_match = [], False
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.integers(0, 39))
        if kind < 8:
            lines.append(draw(match_lines()))
            in_match = not lines[-1].endswith("all")
        elif kind < 13 and depth < 2:
            names = ["*.conf", "1.conf", "none*.conf", "2.conf FOLDER/1.conf", "[^1].conf", "[!2].c?nf", "*"]
            pattern = draw(st.sampled_from(names))
            lines.append(f"Include FOLDER/{pattern}".replace("FOLDER", f"FOLDER{depth}"))
        elif kind == 13:
            lines.append(draw(st.sampled_from(["# comment", "", "\t"])))
        elif kind == 14 and draw(st.integers(0, 3)) == 0:
            lines.append(draw(st.sampled_from(BROKEN)))
        else:
            lines.append(draw(settings_lines(in_match)))
    return "\n".join(lines) + "\n"


USERS = ("alice", "bob", "zed", "root", "warehouse1", "daemon", "backup")
CONNECTIONS = st.builds(
    Connection,
    st.sampled_from(USERS),
    st.sampled_from(["web1.example.com", "web2.example.com", "host", "x"]),
    st.sampled_from(["10.1.2.3", "10.2.3.4", "192.0.2.9", "2001:db8::5"]),
    st.sampled_from(["192.0.2.1", "198.51.100.1"]),
    st.sampled_from([22, 2222]),
)


def groups_of(user: str) -> tuple[str, ...]:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return ()
    return tuple(grp.getgrgid(number).gr_name for number in os.getgrouplist(user, entry.pw_gid))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    return path


def ask(path: Path, key: Path, specification: str) -> subprocess.CompletedProcess[str]:
    argv = ["/usr/sbin/sshd", "-T", "-f", str(path), "-h", str(key)]
    argv += ["-C", specification] if specification else []
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not specification and "'lport' not in connection" in told.stderr:
        return ask(path, key, "lport=1")
    return told


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(main=files(), others=st.tuples(*[files(1)] * 2, *[files(2)] * 2), connection=CONNECTIONS)
def test_reader_agrees_with_sshd(
    key: Path, tmp_path: Path, main: str, others: tuple[str, ...], connection: Connection
) -> None:
    """Equal settings, for everybody and for one connection; refused by one, refused by the other."""
    for name in ("0", "0/folder"):
        (tmp_path / name).mkdir(exist_ok=True)
    for number, text in enumerate(others):
        folder = tmp_path / str(number // 2)
        folder.mkdir(exist_ok=True)
        (folder / f"{number % 2 + 1}.conf").write_text(text.replace("FOLDER", f"{tmp_path}/"))
    if not (dangling := tmp_path / "0/dangling").is_symlink():
        dangling.symlink_to("/nowhere/at/all")
    path = tmp_path / "main"
    path.write_text(main.replace("FOLDER", f"{tmp_path}/"))
    lines = sshd_text.read(Local(budget_seconds=3600), str(path))
    errors = sshd_config.errors(lines)
    user = connection.user or ""
    known = Connection(
        user, connection.host, connection.address, connection.laddress, connection.lport, groups_of(user)
    )
    for told, ours in (
        (ask(path, key, ""), sshd_config.effective(lines)),
        (ask(path, key, known.specification()), sshd_config.of_connection(lines, known)),
    ):
        assert (told.returncode == 0) == (not errors), told.stderr
        if told.returncode == 0:
            event("accepted")
            theirs = sshd_config.settings_of(told.stdout)
            assert {name: one.value for name, one in theirs.items()} == {
                name: ours[name].value for name in theirs
            }


def test_defaults_are_those_of_the_real_sshd(key: Path, tmp_path: Path) -> None:
    """An empty configuration, keyword by keyword; what this version does not know yet is left out."""
    (tmp_path / "empty").touch()
    told = sshd_config.settings_of(ask(tmp_path / "empty", key, "").stdout)
    named = {name: one.value for name, one in told.items()}
    assert set(sshd_tables.DEFAULTS) - {"pamservicename"} <= set(named)
    changing = sshd_tables.ALGORITHMS  # each version of OpenSSH has lists of its own
    assert {name: value for name, value in sshd_tables.DEFAULTS.items() if name not in changing} | named == {
        **named,
        "pamservicename": "sshd",
    }


@st.composite
def match_blocks(draw: st.DrawFn) -> str:
    """A configuration that is mostly Match blocks, which overlap and forestall each other."""
    lines = [draw(settings_lines(True)) for _ in range(draw(st.integers(0, 5)))]
    for _ in range(draw(st.integers(1, 4))):
        lines.append(draw(match_lines()))
        lines += [draw(settings_lines(True)) for _ in range(draw(st.integers(0, 3)))]
        if draw(st.integers(0, 5)) == 0:
            lines.append("Include FOLDER/more.conf")
    return "\n".join(lines) + "\n"


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(main=match_blocks(), more=match_blocks(), connections=st.lists(CONNECTIONS, min_size=3, max_size=3))
def test_who_is_weakened(
    key: Path, tmp_path: Path, main: str, more: str, connections: list[Connection]
) -> None:
    """Whoever gets more by sshd's own word is named with a block that he meets; nobody else is."""
    path = tmp_path / "main"
    path.write_text(main.replace("FOLDER", str(tmp_path)))
    (tmp_path / "more.conf").write_text(more.replace("Include", "#"))
    told = sshd_daemon.of_server(Root("/", budget_seconds=3600), Server(("-f", str(path))))
    assume(not told.error)
    base = sshd_config.settings_of(ask(path, key, "").stdout)
    named = {
        guard: {str(one).split()[0] for one in cast("list[str]", record["weakens"])}
        for guard, (record, _) in zip(told.guards, sshd_weakens.blocks(told), strict=True)
    }
    for connection in connections:
        known = replace(connection, groups=groups_of(connection.user or ""))
        there = sshd_config.settings_of(ask(path, key, known.specification()).stdout)
        met = [guard for guard in named if all(sshd_match.meets(block, known) for block in guard)]
        for name in there:
            if sshd_weakens.weakens(name, base, there):
                event("weakened")
                assert any(name in named[guard] for guard in met), name
    proven: set[tuple[object, str]] = set()
    for one in told.matched[:6]:
        if one.connection.can_be_asked:
            there = sshd_config.settings_of(ask(path, key, one.connection.specification()).stdout)
            assert {name: there[name].value for name in there} == {
                name: one.settings[name].value for name in there
            }
            proven |= {
                (guard, name)
                for guard in named
                if guard[-1] in one.blocks
                for name in there
                if sshd_weakens.weakens(name, base, there)
            }
    if len(told.matched) <= 6 and all(one.connection.can_be_asked for one in told.matched):
        assert {(guard, name) for guard, names in named.items() for name in names} <= proven
