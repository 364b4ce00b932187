"""Coverage, accounts and networks: pages, API and commands say the same, in pages, narrowed, and of nothing at all."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from server import __main__ as command
from server.home import Home
from tests.server.twin import Clock, InProcess, copied
from tests.server.web import company
from tests.server.web.conftest import enter, serving
from tests.server.web.visitor import Visitor

NOW = datetime.now(UTC).replace(microsecond=0)
"""Commands look at the real clock."""
pytestmark = pytest.mark.xdist_group("joined")


@pytest.fixture(scope="module")
def filled(founded_today: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of a small company."""
    home = copied(founded_today, tmp_path_factory.mktemp("company") / "home")
    server = InProcess(home, Clock(NOW))
    company.fill(server, NOW)
    server.settle()
    server.close()
    return home


@pytest.fixture
def served(filled: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Django serves it."""
    yield from serving(copied(filled, tmp_path / "home"), Clock(NOW), monkeypatch)


def _api(visitor: Visitor, path: str) -> Any:
    return visitor.client.get(f"/api/v1/{path}", secure=True).json()


def _command(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command.main(["--home", str(home.folder), *arguments]) == 0
    return capsys.readouterr().out


def _rows(visitor: Visitor, path: str) -> list[str]:
    """The heads of the rows of a page's first table."""
    table = visitor.get(path).markup.partition("<tbody>")[2].partition("</tbody>")[0]
    return [each.strip() for each in re.findall(r'<th scope="row">(?:<code>)?([^<]+)', table)]


def test_coverage(served: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """The overview counts what the page lists; doubt and reason are shown; the command and the API agree."""
    visitor = enter("auditor")
    assert "2 of 5 hosts reported" in visitor.get("/").text
    assert "2 in the directory without an agent" in visitor.get("/").text
    page = visitor.get("/coverage")
    assert "2 of 4 computers" in page.text
    assert "the host of this short name is called gate.example" in page.text
    names = ["dc1.example", "laptop7.example", "gate.other.example", "files.example"]
    assert names == _rows(visitor, "/coverage")
    assert names[:2] == _rows(visitor, "/coverage?answer=without_agent")
    assert names[:1] == _rows(visitor, "/coverage?q=SERVER+2022")
    assert "No computer fits" in visitor.get("/coverage?q=nowhere").text
    told = _api(visitor, "coverage")
    by_command = json.loads(_command(served, capsys, "coverage", "--json"))
    assert by_command["computers"] == told["rows"]
    assert names == [each["dns_name"] for each in told["rows"]]
    assert _api(visitor, "overview")["directories"] == told["counts"]
    assert "without_agent  dc1.example" in _command(served, capsys, "coverage")


def test_accounts(served: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Those first who get in with one factor, with policy, host and login; the rule of names is shown."""
    visitor = enter("compliance")
    page = visitor.get("/accounts")
    names = [f"{each}@example.com" for each in ("anna", "maria", "new", "li")]
    assert names == _rows(visitor, "/accounts")[:4]
    assert "excluded user of MFA for all" in page.text
    assert "maria on files.example ssh: password" in page.text
    assert "li on gate.example (fits several users)" in page.text
    assert "An account that fits several users is in doubt" in page.text
    assert "On 1 host of 3 somebody may have an account" in page.text
    assert ["new@example.com"] == _rows(visitor, "/accounts?answer=unregistered")
    told = _api(visitor, "accounts")
    assert json.loads(_command(served, capsys, "accounts", "--json"))["users"] == told["rows"]
    assert "maria on files.example: ssh: password" in _command(served, capsys, "accounts")


def test_networks(served: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Strangers, their services and the changes; a network that is not observed is not found."""
    visitor = enter("operator")
    assert "1 known by nobody" in visitor.get("/networks").text
    page = visitor.get("/networks/files~network.office")
    assert "10.0.0.77 answers, and did not before" in page.text
    assert "3389 rdp" in page.text
    listed = visitor.get("/networks/files~network.office?answer=agent").markup.partition('id="devices"')[2]
    assert ["10.0.0.1"] == re.findall(r'<th scope="row"><code>([^<]+)', listed)
    for name in ("files~network.none", "files~directory.corp", "files"):
        assert 404 == visitor.get(f"/networks/{name}").status
    assert json.loads(_command(served, capsys, "networks", "--json")) == _api(visitor, "networks")
    assert "changed  10.0.0.77:3389: open now, rdp" in _command(served, capsys, "networks")


def test_paged(served: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages follow each other without a gap or a repeat, in the page and in the API, also under a filter."""
    visitor = enter()
    visitor.get("/")  # the API's module takes its limit when the first address is looked up
    for name in ("server.api._ROWS", "server.web.pages.PAGE_ROWS", "server.fleet.PAGE_ROWS"):
        monkeypatch.setattr(name, 2)
    for path, wanted in (("/accounts", 7), ("/accounts?answer=unknown", 4), ("/coverage", 4)):
        names: list[str] = []
        where = path
        while where:
            page = visitor.get(where)
            names += _rows(visitor, where)
            found = re.search(r'href="(\?[^"]+)" rel="next"', page.markup)
            where = path.partition("?")[0] + found[1].replace("&amp;", "&") if found else ""
        assert (wanted, wanted) == (len(names), len(set(names)))
    seen: list[str] = []
    following: Any = ""
    while following is not None:
        told = _api(visitor, f"accounts?{urlencode({'after': following})}")
        seen += [each["name"] for each in told["rows"]]
        following = told["next"]
    assert 7 == len(set(seen)) == len(seen)


def test_known_devices(served: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the list, says its digest, and what could not be listed; again is the same list."""
    out = tmp_path / "known.txt"
    for _ in range(2):
        told = _command(served, capsys, "known-devices", "--out", str(out))
    assert hashlib.sha256(out.read_bytes()).hexdigest() in told
    assert "Not listed: agent gate.example: its hardware addresses are not known (not_collected)" in told
    assert f"{company.MAC}1  # agent files.example" in out.read_text()
    assert [] == [each for each in tmp_path.iterdir() if each.name.endswith(".part")]
    with pytest.raises(SystemExit):
        _command(served, capsys, "known-devices")


@pytest.mark.parametrize("path", ["coverage", "accounts", "networks"])
def test_nothing_observed(empty_pages: Home, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody looks, the page says so and how somebody would."""
    visitor = enter()
    assert re.search("No (directory|identity provider|network) is observed", visitor.get(f"/{path}").text)
    assert "[[observe]]" in visitor.get(f"/{path}").text
    assert "is observed" in _command(empty_pages, capsys, path)
    assert 400 == visitor.get(f"/{path}?answer=x").status or path == "networks"


def test_old_evidence(filled: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight days later each page says that nobody can tell, and the overview that the directory is not known."""
    clock = Clock(NOW)
    clock.forward(days=8)
    for _ in serving(copied(filled, tmp_path / "home"), clock, monkeypatch):
        visitor = enter()
        assert "what the directory expects is not known" in visitor.get("/").text
        assert "Nobody can tell which computers corp expects" in visitor.get("/coverage").text
        assert "Nobody can tell who the users of example are" in visitor.get("/accounts").text
        assert "Nobody can tell which devices are here" in visitor.get("/networks/files~network.office").text
        assert "its last report is too old" in visitor.get("/networks").text


def test_strange_words(served: Home) -> None:
    """What a stranger calls things is text on every page."""
    server = InProcess(served, Clock(NOW))
    twins = company.fill_more(server, NOW, "<script>alert(1)</script>")
    assert twins
    server.close()
    visitor = enter()
    for path in ("/coverage", "/accounts", "/networks", f"/networks/{twins['network'].host_id}"):
        page = visitor.get(path)
        assert (200, False) == (page.status, "<script>alert" in page.markup), path
    assert "&lt;script&gt;alert" in visitor.get("/accounts").markup
