"""The command `boltseal-server`, as an administrator uses it."""

import base64
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import bundle_check
from config.errors import InputError
from server import __main__ as command
from server import commands, commands_page, founding, tls
from server.home import Home, renew_certificate
from tests.server.running import running
from tests.server.twin import NOW, InProcess, Twin, new_token, rows
from tests.server.unharmed import intact

Capture = pytest.CaptureFixture[str]


def _run(folder: Path, *arguments: str) -> int:
    return command.main(["--home", str(folder), *arguments])


def _modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


def test_init(tmp_path: Path, capsys: Capture) -> None:
    """A home is made readable by its owner only, its log begun, and the auditor's fingerprint printed."""
    folder = tmp_path / "deep" / "home"
    assert 0 == _run(folder, "init", "--name", "boltseal.example", "--company", 'Example "Freight"')
    made = Home(folder)
    assert made.key("server").public.key_id in capsys.readouterr().out
    assert {0o600} == _modes(folder)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert [("server_keys",), ("catalogue",), ("profile",), ("feed",), ("feed",)] == rows(
        made, "SELECT kind FROM statement ORDER BY leaf_index"
    )
    assert [(8192,)] == rows(made, "PRAGMA page_size")
    assert [("wal",)] == rows(made, "PRAGMA journal_mode")
    assert {"boltseal.example", "localhost", "127.0.0.1", "::1"} <= set(made.certificate_names())
    assert 'Example "Freight"' == made.settings().company
    intact(made)
    assert [folder] == list(folder.parent.iterdir())


def test_init_twice(home: Home, capsys: Capture) -> None:
    """A second init changes nothing and says so."""
    before = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    assert 2 == _run(home.folder, "init")
    assert "home already; nothing was changed" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}


def test_init_where_something_is(tmp_path: Path, capsys: Capture) -> None:
    """A folder that holds anything is left alone."""
    (tmp_path / "file").write_text("mine")
    assert 2 == _run(tmp_path, "init")
    assert "not empty" in capsys.readouterr().err
    assert ["file"] == os.listdir(tmp_path)


def test_init_fails_half_way(tmp_path: Path) -> None:
    """Half a home is no home: what failed leaves nothing behind."""
    founding.set_up_django(None)
    with pytest.raises(InputError, match="profile_unknown"):
        founding.found(tmp_path / "home", [], 'origin = "x"\nprofile = "none"\n', NOW)
    assert [] == os.listdir(tmp_path)


@pytest.mark.parametrize("arguments", [["check"], ["run"], ["token", "list"], ["backup", "--out", "x"]])
def test_no_home(tmp_path: Path, arguments: list[str], capsys: Capture) -> None:
    """Without a home each command says how to make one."""
    assert 5 == _run(tmp_path / "none", *arguments)
    assert "init" in capsys.readouterr().err


def test_token_new(home: Home, capsys: Capture) -> None:
    """The enrolment string holds the address, the token and the CA's fingerprint, and works once for each host."""
    arguments = ["--hosts", "2", "--tag", "yard", "--expires", "7d", "--url", "https://localhost:1"]
    assert 0 == _run(home.folder, "token", "new", *arguments)
    prefix, _, rest = capsys.readouterr().out.strip().partition(".")
    told = json.loads(base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)))
    assert ("boltseal1", "https://localhost:1") == (prefix, told["url"])
    assert tls.fingerprint(home.ca_file.read_bytes()) == told["ca"]
    assert 0 == _run(home.folder, "token", "list")
    line = capsys.readouterr().out
    assert "0/2" in line
    assert "yard" in line
    server = InProcess(home, lambda: datetime.now(UTC))
    assert 201 == Twin("one").enrol(server, told["token"]).status
    assert 0 == _run(home.folder, "token", "revoke", line.split()[0])
    assert "token_revoked" == Twin("two").enrol(server, told["token"]).code
    server.close()


@pytest.mark.parametrize("arguments", [["--expires", "soon"], ["--hosts", "0"]])
def test_token_refused(home: Home, arguments: list[str]) -> None:
    """What makes no token is a usage error."""
    assert 2 == _run(home.folder, "token", "new", *arguments)


def test_host_commands(home: Home, capsys: Capture) -> None:
    """Hosts are listed, shown and revoked; a decision needs a reason."""
    server = InProcess(home, lambda: NOW)
    twin = Twin("one")
    twin.enrol(server, new_token(home))
    twin.ship(server)
    server.close()
    assert 0 == _run(home.folder, "host", "list")
    assert "one.example  active" in capsys.readouterr().out
    assert 0 == _run(home.folder, "host", "show", "one.example")
    assert "last report 2026-11-24T12:00:00Z, number 1" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        _run(home.folder, "host", "revoke", "one")
    assert 2 == _run(home.folder, "host", "release", "one", "--reason", "not needed")
    assert 0 == _run(home.folder, "host", "revoke", "one.example", "--reason", "sold")
    assert 2 == _run(home.folder, "host", "revoke", "one", "--reason", "again")
    assert 2 == _run(home.folder, "host", "show", "nobody")
    intact(home)


def test_adopt(home: Home, capsys: Capture) -> None:
    """Other rules count from their entry in the log, and not before."""
    home.settings_file.write_text(home.settings_file.read_text().replace('"text"', '"conference"'))
    assert 0 == _run(home.folder, "init", "--adopt")
    assert "Adopted MFA as conference has it" in capsys.readouterr().out
    assert [(2,)] == rows(home, "SELECT count(*) FROM statement WHERE kind='profile'")
    assert 0 == _run(home.folder, "init", "--adopt")
    assert "Nothing new" in capsys.readouterr().out
    intact(home)


def test_export_command(home: Home, tmp_path: Path, capsys: Capture) -> None:
    """The bundle is written whole, for its owner only, and the line to check it with is printed."""
    out = tmp_path / "bundle.zip"
    moment = datetime.now(UTC) + timedelta(days=400)
    assert 0 == _run(home.folder, "export", "--out", str(out), "--at", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    key_id = home.key("server").public.key_id
    assert f"--server-key {key_id}" in capsys.readouterr().out
    assert bundle_check.check(out.read_bytes(), key_id).ok
    assert 0o600 == stat.S_IMODE(out.stat().st_mode)
    assert 2 == _run(home.folder, "export", "--out", str(out), "--at", "yesterday")
    assert 2 == _run(home.folder, "export", "--out", str(out), "--at", "2001-01-01T00:00:00Z")


def test_check_command(home: Home, capsys: Capture) -> None:
    """`check` ends with 0 when all is well, and with 1 and the difference when not."""
    assert 0 == _run(home.folder, "check")
    rows(home, "UPDATE log_state SET size=9")
    assert 1 == _run(home.folder, "check")
    assert "First difference: the checkpoint" in capsys.readouterr().out


def test_rebuild_command(home: Home, capsys: Capture) -> None:
    """`rebuild-verdicts` says whether anything was wrong."""
    server = InProcess(home, lambda: NOW)
    Twin("one").enrol(server, new_token(home))
    server.settle()
    server.close()
    rows(home, "DELETE FROM verdict")
    assert 0 == _run(home.folder, "rebuild-verdicts")
    assert "were not as they should be" in capsys.readouterr().out
    assert 0 == _run(home.folder, "rebuild-verdicts")
    assert "All verdicts were right" in capsys.readouterr().out


def test_backup_and_restore(today: Home, tmp_path: Path) -> None:
    """A copy made while reports come in is whole, private, and serves in the home's place."""
    folder = tmp_path / "copy"
    with running(today) as started:
        twin = started.enrol("one")
        for _ in range(3):
            assert 200 == twin.ship(started).status
        assert 0 == _run(today.folder, "backup", "--out", str(folder))
        assert 2 == _run(today.folder, "backup", "--out", str(folder))
    assert {0o600} == _modes(folder)
    intact(Home(folder))
    today.folder.rename(tmp_path / "lost")
    folder.rename(today.folder)
    with running(today) as restored:
        assert 200 == twin.ship(restored).status
    intact(today)


def test_users(home: Home, tmp_path: Path) -> None:
    """People are added with a role, and the password is printed once where that was asked for."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        full = [sys.executable, "-m", "server", "--home", str(home.folder), "user", *arguments]
        return subprocess.run(full, capture_output=True, text=True, timeout=120, check=False)

    added = run("add", "maria", "--role", "administrator", "--print-password")
    assert 0 == added.returncode, added.stderr
    assert len(added.stdout.strip()) >= 24
    assert 2 == run("add", "maria", "--print-password").returncode
    assert 2 == run("add", "juan", "--role", "king", "--print-password").returncode
    assert "maria  administrator" in run("list").stdout
    assert 0 == run("reset", "maria", "--print-password").returncode
    assert 0 == run("remove", "maria").returncode
    assert 2 == run("remove", "maria").returncode


def test_certificate_is_renewed(home: Home) -> None:
    """A certificate that ends soon, or lacks a name, is made anew under the same CA."""
    names = home.certificate_names()
    assert not renew_certificate(home, names, NOW)
    later = NOW + timedelta(days=tls.CERTIFICATE_DAYS - tls.RENEW_BEFORE_DAYS + 1)
    ca = home.ca_file.read_bytes()
    assert renew_certificate(home, names, later)
    assert not renew_certificate(home, names, later)
    assert renew_certificate(home, [*names, "other.example"], later)
    assert "other.example" in home.certificate_names()
    assert ca == home.ca_file.read_bytes()


def test_exposed_key(home: Home, capsys: Capture) -> None:
    """A key that others may read is not used."""
    home.key_file("log").chmod(0o640)
    assert 5 == _run(home.folder, "check")
    assert "0640" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["8443", "localhost:x", "localhost:70000", ":1"])
def test_listen_malformed(home: Home, text: str) -> None:
    """An address to listen on is HOST:PORT."""
    with pytest.raises(InputError, match="listen_malformed"):
        commands.listen(text, ("", 0))


def test_help() -> None:
    """Each command explains itself without a home and without Django."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from server.__main__ import main\n"
            "try: main(['--help'])\nfinally: assert 'django' not in sys.modules",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    assert "rebuild-verdicts" in done.stdout


def test_page() -> None:
    """docs/server-commands.md is what the declarations say."""
    page = Path(__file__).resolve().parents[2] / "docs" / "server-commands.md"
    assert commands_page.document() == page.read_text(encoding="utf-8")
    assert all(f"## boltseal-server {name}" in commands_page.document() for name in commands.COMMANDS)


@pytest.mark.parametrize(
    ("command", "named"), [("token", "token_id"), ("host", "host_id"), ("user", "name")], ids=str
)
def test_lists_for_scripts(home: Home, command: str, named: str) -> None:
    """Every list is one JSON value too, with the rows of the table."""

    def told(*arguments: str) -> str:
        # A process of its own: Django knows one home in its life.
        argv = [sys.executable, "-m", "server", "--home", str(home.folder), *arguments]
        word = "a long enough password\n"
        return subprocess.run(argv, capture_output=True, text=True, input=word, check=True, timeout=60).stdout

    new_token(home)
    told("user", "add", "maria")
    lines, rows = told(command, "list").splitlines(), json.loads(told(command, "list", "--json"))
    assert [line.split()[0] for line in lines] == [row[named] for row in rows]
    assert bool(rows) == (command != "host")


def test_host_for_scripts(server: InProcess, twin: Twin, capsys: Capture) -> None:
    """A host is shown with facts, verdicts and standing."""
    twin.ship(server)
    assert 0 == _run(server.home.folder, "host", "show", twin.host_id, "--json")
    shown = json.loads(capsys.readouterr().out)
    assert {"host", "chain_sha256", "facts", "verdicts", "standing"} == shown.keys()
