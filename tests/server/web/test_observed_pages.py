"""The pages and the API of what a host observes."""

from server.home import Home
from tests.server.twin import Clock, InProcess, Twin, new_token, section_bytes
from tests.server.web.conftest import enter


def test_pages(empty_pages: Home, clock: Clock) -> None:
    """A subject's page says its kind and who observes it, the observer's page what it observes; so does the API."""
    server = InProcess(empty_pages, clock)
    twin = Twin()
    twin.enrol(server, new_token(empty_pages))
    switch = twin.observes("device.core-switch", "device")
    for each in (twin, switch):
        said = each.report([section_bytes()], role="unknown")
        assert 200 == each.ship(server, said).status
    server.settle()
    server.close()
    visitor = enter()
    own = visitor.get(f"/hosts/{switch.host_id}")
    assert "device, active" in own.text
    assert 'href="/hosts/twin-1"' in own.markup
    assert "device unknown" not in own.text
    assert f'href="/hosts/{switch.host_id}"' in visitor.get("/hosts/twin-1").markup
    assert "observed device" in visitor.get("/hosts").text
    assert "core-switch" in visitor.get("/hosts?heard=observed").text
    assert "twin-1.example" not in visitor.get("/hosts?heard=observed").text
    overview = visitor.get("/")
    assert "Observed without an agent" in overview.text
    assert "core-switch network device" in overview.text
    assert f'href="/hosts/{switch.host_id}"' in overview.markup
    assert "all that is observed" not in overview.text
    told = visitor.client.get(f"/api/v1/hosts/{switch.host_id}", secure=True).json()["host"]
    assert ("device", "twin-1") == (told["kind"], told["observer"])


def test_overview_of_many(empty_pages: Home, clock: Clock) -> None:
    """The overview shows a dozen and leads to all; without any it says nothing of them."""
    server = InProcess(empty_pages, clock)
    twin = Twin()
    twin.enrol(server, new_token(empty_pages))
    assert 200 == twin.ship(server).status
    visitor = enter()
    assert "Observed" not in visitor.get("/").text
    for number in range(13):
        assert 200 == twin.observes(f"device.switch-{number:02}", "device").ship(server).status
    server.settle()
    server.close()
    text = visitor.get("/").text
    assert "switch-11" in text
    assert "switch-12" not in text
    assert "Show all that is observed" in text
    assert "Observed without" not in visitor.get("/?level=must&status=met").text
