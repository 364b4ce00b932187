"""The own reader of sshd_config held to the real sshd, on generated configurations."""

import grp
import os
import pwd
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from collectors.doors.local import Local
from collectors.readers import sshd_config, sshd_match, sshd_tables, sshd_text
from collectors.readers.sshd_match import Connection

pytestmark = [pytest.mark.real("sshd", "ssh-keygen"), pytest.mark.xdist_group("sshd")]

YES_NO = ["yes", "no", "YES", "No"]
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
    "MaxAuthTries": ["3", "4", "06", '"5"'],
    "ClientAliveCountMax": ["0", "3"],
    "ClientAliveInterval": ["5m", "300", "1h30m", "0"],
    "AuthenticationMethods": [
        "publickey",
        "publickey,password",
        '"publickey,keyboard-interactive:pam" password',
    ],
    "PubkeyAuthOptions": ["none", "touch-required", "verify-required", "touch-required verify-required"],
    "AuthorizedKeysFile": [".ssh/authorized_keys", "/etc/keys/%u .ssh/ak", "none", '"/etc/k s/%u"'],
    "PubkeyAcceptedAlgorithms": ["+ssh-rsa", "sk-ssh-ed25519@openssh.com", "-ecdsa*"],
    "MaxSessions": ["4"],
}
GLOBAL_VALUES = {
    "LoginGraceTime": ["60", "1m", "2M30S"],
    "PermitUserEnvironment": ["yes", "no", "LANG,LC_*"],
    "UsePAM": YES_NO,
    "Ciphers": ["aes256-ctr", "+aes128-cbc", "-aes128*", "^aes256-ctr"],
    "MACs": ["hmac-sha2-512", "+hmac-md5", "-hmac-sha1*,umac*"],
    "KexAlgorithms": ["curve25519-sha256", "+diffie-hellman-group14-sha1", "-*nistp*"],
    "HostKeyAlgorithms": ["+ssh-rsa", "ssh-ed25519"],
    "Port": ["22", "2222"],
    "StrictModes": YES_NO,
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
]
CRITERIA = {
    "User": ["alice", "bob,zed", "!alice,*", "a*", "ware*use?", "*,!root", "root"],
    "GROUP": ["root", "sudo", "!root,*", "users,sudo"],
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
            pattern = draw(st.sampled_from(["*.conf", "1.conf", "none*.conf", "2.conf FOLDER/1.conf"]))
            lines.append(f"Include FOLDER/{pattern}".replace("FOLDER", f"FOLDER{depth}"))
        elif kind == 13:
            lines.append(draw(st.sampled_from(["# comment", "", "\t"])))
        elif kind == 14 and draw(st.integers(0, 3)) == 0:
            lines.append(draw(st.sampled_from(BROKEN)))
        else:
            lines.append(draw(settings_lines(in_match)))
    return "\n".join(lines) + "\n"


USERS = ("alice", "bob", "zed", "root", "warehouse1")
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


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(main=files(), others=st.tuples(*[files(1)] * 2, *[files(2)] * 2), connection=CONNECTIONS)
def test_reader_agrees_with_sshd(
    key: Path, tmp_path: Path, main: str, others: tuple[str, ...], connection: Connection
) -> None:
    """Equal settings, for everybody and for one connection; refused by one, refused by the other."""
    for number, text in enumerate(others):
        folder = tmp_path / str(number // 2)
        folder.mkdir(exist_ok=True)
        (folder / f"{number % 2 + 1}.conf").write_text(text.replace("FOLDER", f"{tmp_path}/"))
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


@pytest.mark.parametrize("name", sorted(CRITERIA))
def test_example_connection_meets_its_block(key: Path, tmp_path: Path, name: str) -> None:
    """The connection made up for a Match block is one that the real sshd takes for meeting it."""
    for pattern in CRITERIA[name]:
        path = tmp_path / "config"
        path.write_text(f"X11Forwarding no\nMatch {name} {pattern}\nX11Forwarding yes\n")
        block = sshd_config.blocks(sshd_text.read(Local(), str(path)))[0]
        members: dict[str, tuple[str, ...]] = {
            group.gr_name: (user,) for group in grp.getgrall() for user in group.gr_mem[:1]
        }
        members["root"] = ("root",)
        connection = sshd_match.example(block, members)
        if connection is None:
            assert name == "GROUP"  # nobody is in that group
            continue
        told = sshd_config.settings_of(ask(path, key, connection.specification()).stdout)
        assert "yes" == told["x11forwarding"].value, (pattern, connection)
