"""What each page says, against the functions that say it, and against pages, commands and API that must agree."""

import argparse
import hashlib
import re
from collections.abc import Callable

import pytest

from config import shipped
from server import database, export, fleet, posture
from server.home import Home
from tests.server.twin import NOW, Clock, InProcess, Twin, rows
from tests.server.web.conftest import PASSWORD, enter
from tests.server.web.visitor import Visitor


def test_overview(visit: Callable[..., Visitor], pages: Home) -> None:
    """One row a criterion, musts and shoulds apart, coverage, the log, the reading of MFA and the profile."""
    text = visit().get("/").text
    for one in shipped.catalogue().criteria.values():
        assert f"{one.id} {one.title} {one.level}" in text
    assert re.search(r"Musts \d+ of 10 met", text)
    assert re.search(r"Shoulds \d+ of 3 met", text)
    assert "22 of 24 hosts reported 1 silent for 7 days 1 never reported" in text
    assert "guidance, which changes no status" in text
    assert "profile nist" in text


def test_overview_by_function(visit: Callable[..., Visitor]) -> None:
    """Each of the NIST functions stands with its criteria."""
    page = visit().get("/?group=functions")
    for name in posture.FUNCTIONS:
        own = page.markup.split(f'id="{name}"')[1].split("</section>")[0]
        wanted = [one.id for one in shipped.catalogue().criteria.values() if name in one.functions]
        assert re.findall(r'href="/criteria/([^"#]+)"><span', own) == wanted


def test_overview_narrowed(visit: Callable[..., Visitor]) -> None:
    """A count leads to just the criteria that it counts."""
    page = visit().get("/")
    found = re.findall(
        r'href="(/\?level=\w+&amp;status=\w+)">(?:<svg.*?</svg>)?(?:<b>)?(\d+)', page.markup, re.DOTALL
    )
    assert found
    for address, count in found:
        narrowed = enter_again(page.response).get(address.replace("&amp;", "&"))
        assert len(re.findall(r'class="row-link"', narrowed.markup)) == int(count), address


def enter_again(response: object) -> Visitor:
    """The same browser."""
    visitor = Visitor()
    visitor.client.cookies = response.client.cookies  # type: ignore[attr-defined]
    return visitor


def test_every_link_opens(visit: Callable[..., Visitor]) -> None:
    """From the overview on, every link of this server opens."""
    visitor = visit()
    visitor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    bare = ("/checkpoint", "/tile/")
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        page = visitor.get(path)
        assert page.status == 200, path
        for link in (each.partition("#")[0] for each in page.links()):
            kind = re.sub(r"(hosts|checks)/[^/?]+|[0-9a-f]{64}", r"\1/…", link)
            if kind not in seen and not link.startswith(bare) and "static" not in link:
                seen.add(kind)
                waiting.append(link)
    assert len(seen) > 40


def test_criterion(visit: Callable[..., Visitor], pages: Home) -> None:
    """Duty, parts with status, checks with counts, documents, thresholds with origin, remediation."""
    text = visit().get("/criteria/4.8").text
    own = shipped.catalogue().criteria["4.8"]
    assert own.requirement in text
    for part in own.parts:
        assert part.title in text
        assert part.requirement in text
        assert all(need.title in text for need in part.documents)
        assert all(check.title in text and check.rationale in text for check in part.checks)
    assert "at least 15 NIST SP 800-63B-4" in text
    assert "Documents cannot be filed in this version" in text


def test_check(visit: Callable[..., Visitor], pages: Home) -> None:
    """The tabs count what the lists then hold."""
    visitor = visit()
    for check, asked in list(shipped.catalogue().checks.items())[::9]:
        page = visitor.get(f"/checks/{check}")
        tabs = re.findall(r'href="\?answer=(\w+)"[^>]*>.*?<b>(\d+)</b>', page.markup, re.DOTALL)
        for answer, count in tabs:
            listed = visitor.get(f"/checks/{check}?answer={answer}")
            assert len(re.findall(r'<th scope="row">', listed.markup)) == int(count), (check, answer)
        # What is not asked of Linux is open for the one host that never said what it is.
        assert sum(int(count) for _, count in tabs) == (24 if "linux" in asked.asks else 1)


def test_hosts(visit: Callable[..., Visitor]) -> None:
    """All hosts, those with a text in the name, and those that were silent."""
    visitor = visit()
    assert visitor.get("/hosts").markup.count('<th scope="row">') == 24
    assert visitor.get("/hosts?q=customs").markup.count('<th scope="row">') == 3
    assert visitor.get("/hosts?heard=never").markup.count('<th scope="row">') == 1
    assert visitor.get("/hosts?heard=missing").markup.count('<th scope="row">') == 1
    assert visitor.get("/hosts?heard=last_night").markup.count('<th scope="row">') == 22
    assert "No host fits" in visitor.get("/hosts?q=nowhere").text


def test_hosts_paged(visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages follow each other without a gap or a repeat."""
    monkeypatch.setattr("server.web.pages.PAGE_ROWS", 7)
    monkeypatch.setattr("server.fleet.PAGE_ROWS", 7)
    visitor, names, path = visit(), [], "/hosts"
    while path:
        page = visitor.get(path)
        names += re.findall(r'<th scope="row"><a href="/hosts/([^"]+)"', page.markup)
        following = re.search(r'href="(\?[^"]*)" rel="next"', page.markup)
        path = f"/hosts{following[1]}" if following else ""
    assert names == sorted(names)
    assert len(set(names)) == 24


def test_host(visit: Callable[..., Visitor], pages: Home) -> None:
    """Identity, chain, every verdict with what was found, failing first in each criterion, every fact."""
    connection = database.connect(pages.database)
    view = fleet.host(connection, "customs-02", NOW)
    connection.close()
    page = visit().get("/hosts/customs-02")
    assert view.chain_sha256 in page.markup
    for row in view.verdicts:
        assert f'id="{row.check}"' in page.markup
        assert not row.detail or row.detail in page.text
    for group in page.markup.split('class="answers-of"')[1:]:
        order = re.findall(r'<summary><svg class="shape is-(\w+)"', group)
        ranks = ["not_met", "no_evidence", "stale", "waived", "met", "not_applicable"]
        assert order == sorted(order, key=ranks.index)
    assert all(fact.name in page.markup for fact in view.facts)


def test_host_by_name(visit: Callable[..., Visitor]) -> None:
    """A host also answers to its name."""
    assert visit().get("/hosts/customs-02.example").heading == "customs-02.example"


def test_section(visit: Callable[..., Visitor]) -> None:
    """A section's bytes are those that its digest names."""
    visitor = visit()
    found = re.findall(
        r'href="(/hosts/customs-02/sections/([0-9a-f]{64}))"', visitor.get("/hosts/customs-02").markup
    )
    assert len(found) > 10
    for path, sha256 in found:
        assert hashlib.sha256(visitor.get(path).data).hexdigest() == sha256
    assert visitor.get(found[0][0].replace("customs-02", "customs-01")).status in (200, 404)


def test_host_says_what_would_be_markup(visit: Callable[..., Visitor], pages: Home, clock: Clock) -> None:
    """What a host says is text, never markup."""
    from tests.server.twin import new_token, section_bytes

    server = InProcess(pages, clock)
    twin = Twin("evil")
    request = twin.request_bytes(hostname="<script>alert(1)</script>")
    headers = {"authorization": f"Bearer {new_token(pages)}"}
    assert server.request("POST", "/api/v1/enrolments", request, headers).status == 201
    sealed = [section_bytes("os", {"os.id": "<img src=x onerror=alert(1)>"})]
    assert twin.ship(server, twin.report(sealed), sealed).status == 200
    server.settle()
    server.close()
    visitor = visit()
    for path in ("/hosts", "/hosts/evil", "/log", "/checks/password.min-length.v1?answer=unknown"):
        markup = visitor.get(path).markup
        assert "<script>alert" not in markup
        assert "<img src=x" not in markup


def test_enrolment(visit: Callable[..., Visitor], pages: Home, clock: Clock) -> None:
    """A string that the page makes enrols a host; it is shown once; revoked, it enrols none."""
    import base64
    import json

    visitor = visit("operator")
    form = {"quota": "2", "lifetime": "7d", "tags": "depot, yard", "note": "for the yard"}
    page = visitor.post("/enrolment", form)
    (string,) = re.findall(r"boltseal1\.([A-Za-z0-9_-]{40,})", page.markup)
    told = json.loads(base64.urlsafe_b64decode(string + "=" * (-len(string) % 4)))
    assert told["url"] == "https://localhost"
    assert string not in visitor.get("/enrolment").markup
    server = InProcess(pages, clock)
    twin = Twin("new-1")
    assert twin.enrol(server, told["token"]).status == 201
    token_id = rows(pages, "SELECT token_id FROM token WHERE note='for the yard'")[0][0]
    assert visitor.post(f"/enrolment/{token_id}/revoke").location == "/enrolment"
    assert Twin("new-2").enrol(server, told["token"]).code == "token_revoked"
    server.close()
    assert {row[0] for row in rows(pages, "SELECT what FROM audit")} == {"token_made", "token_revoked"}
    assert visitor.post(f"/enrolment/{token_id}/revoke").status == 404


@pytest.mark.parametrize("form", [{}, {"quota": "0"}, {"quota": "x"}, {"quota": "1", "lifetime": "9y"}])
def test_enrolment_malformed(visit: Callable[..., Visitor], pages: Home, form: dict[str, str]) -> None:
    """A form with a mistake makes no token and says what is wrong."""
    page = visit().post("/enrolment", form)
    assert page.status == 200
    assert 'class="errors"' in page.markup
    assert len(rows(pages, "SELECT 1 FROM token")) == 1  # the fleet's own


def test_evidence(visit: Callable[..., Visitor], pages: Home) -> None:
    """The button gives the bundle that the command gives, and the page tells who made it."""
    visitor = visit("auditor")
    page = visitor.post("/evidence/bundle")
    assert page.response.headers["Content-Type"] == "application/zip"
    connection = database.connect(pages.database)
    made = export.build(pages, connection, NOW)
    connection.close()
    assert page.data == made.data
    text = visitor.get("/evidence").text
    assert f"--server-key {made.server_key_id}" in text
    assert "a-auditor 24 hosts" in text


def test_log(visit: Callable[..., Visitor], pages: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """All entries, the newest first, in pages without a gap; the checkpoint and the keys."""
    monkeypatch.setattr("server.web.pages.PAGE_ROWS", 20)
    monkeypatch.setattr("server.fleet.PAGE_ROWS", 20)
    visitor, seen, path = visit(), [], "/log"
    while path:
        page = visitor.get(path)
        seen += [int(each) for each in re.findall(r'<tr><td class="n">(\d+)</td>', page.markup)]
        following = re.search(r'href="(\?[^"]*)" rel="next"', page.markup)
        path = f"/log{following[1]}" if following else ""
    (size,) = rows(pages, "SELECT size FROM log_state")[0]
    assert seen == list(range(size - 1, -1, -1))
    assert pages.key("server").public.key_id in page.text
    assert rows(pages, "SELECT checkpoint FROM log_state")[0][0] in page.markup.replace("&#x27;", "'")


def test_no_hosts(empty_pages: Home) -> None:
    """Without hosts the pages say what to do first, and nothing is met or failed by a machine."""
    visitor = enter("administrator")
    for path in ("/", "/hosts"):
        page = visitor.get(path)
        assert "Three steps to the first evidence" in page.text
        assert "boltseal enroll" in page.text
    assert "Enrol a host: no machine has reported yet" in visitor.get("/").text
    for path in ("/criteria/4.8", "/checks/password.min-length.v1", "/log", "/evidence", "/enrolment"):
        assert visitor.get(path).status == 200


def test_page_command_and_api_agree(pages_today: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """The same numbers everywhere, for each host and for the fleet."""
    from server import commands

    pages, visitor = pages_today, enter()
    listed = visitor.client.get("/api/v1/hosts").json()["rows"]
    added: dict[str, int] = {}
    for row in listed:
        name = row["host"]["host_id"]
        commands.host(argparse.Namespace(home=pages.folder, action="show", name=name, json=False))
        printed = re.findall(r"^  (pass|fail|unknown) ", capsys.readouterr().out, re.MULTILINE)
        own = visitor.client.get(f"/api/v1/hosts/{name}").json()["verdicts"]
        answers = [each["answer"] for each in own]
        page = visitor.get(f"/hosts/{name}").markup
        shown = re.findall(r'<span class="found">(fail|pass)\b', page)
        for answer, key in (("fail", "failed"), ("pass", "passed")):
            assert row[key] == answers.count(answer) == shown.count(answer) == printed.count(answer)
        for each in own:
            added[each["counted_as"]] = added.get(each["counted_as"], 0) + 1
    overview = visitor.client.get("/api/v1/overview").json()
    checks = [
        check for one in overview["criteria"] for part in one["standing"]["parts"] for check in part["checks"]
    ]
    for answer, key in (("fail", "failed"), ("pass", "passed"), ("unknown", "unknown"), ("stale", "stale")):
        assert sum(check[key] for check in checks) == added.get(answer, 0), answer
    text = visitor.get("/").text
    for one in overview["criteria"]:
        status = one["standing"]["status"].replace("_", " ")
        assert f"{one['standing']['title']} {one['standing']['level']} {status}" in text
        if one["next"]:
            assert one["next"]["text"] in text
    assert f"Musts {overview['musts']['met']} of {overview['musts']['total']} met" in text
