"""What bad addresses and bad forms get: one clear error, and nothing is changed."""

from collections.abc import Callable

import pytest

from tests.server.web.visitor import Visitor

UNKNOWN = (
    "/criteria/9.9",
    "/checks/no.such-check.v1",
    "/hosts/nobody",
    "/hosts/dispatch-01/sections/" + "0" * 64,
    "/hosts/dispatch-01/sections/..%2f..%2fetc%2fpasswd",
    "/nowhere",
    "/hosts/" + "x" * 5000,
)
MALFORMED = (
    "/log?before=minus",
    "/log?before=-1",
    "/log?before=" + "9" * 300,
    "/log?before=%C2%B2",
    "/hosts?after=" + "x" * 300,
    "/hosts?heard=gossip",
    "/hosts?q=%00",
    "/checks/password.min-length.v1?answer=maybe",
)


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown(visit: Callable[..., Visitor], path: str) -> None:
    """404, one heading, and a way back."""
    page = visit().get(path)
    assert page.status == 404
    assert page.heading
    assert "Go to the overview" in page.text


@pytest.mark.parametrize("path", MALFORMED)
def test_malformed(visit: Callable[..., Visitor], path: str) -> None:
    """400 with a sentence that names what is wrong."""
    page = visit().get(path)
    assert page.status == 400
    assert "Code: bad_request" in page.text


def test_odd_but_harmless(visit: Callable[..., Visitor]) -> None:
    """What narrows nothing shows all; a place beyond the end shows an empty page."""
    visitor = visit()
    assert visitor.get("/?level=maybe&status=odd&group=none").markup.count("row-link") == 13
    assert "No more hosts" in visitor.get("/checks/password.min-length.v1?answer=pass&after=zzzz").text
    assert "No entries before this one" in visitor.get("/log?before=0").text


@pytest.mark.parametrize("data", [{"note": "x" * 300_000}, {str(index): "x" for index in range(200)}])
def test_oversized_form(visit: Callable[..., Visitor], data: dict[str, str]) -> None:
    """Too large a form, or one of too many fields, is refused whole."""
    page = visit().post("/enrolment", {"quota": "1", "lifetime": "24h", **data})
    assert page.status in (400, 413)
    assert "Nothing was changed" in page.text


def test_upload_to_a_form(visit: Callable[..., Visitor]) -> None:
    """No form takes a file."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    page = visit().post("/enrolment", {"quota": SimpleUploadedFile("x", b"1"), "lifetime": "24h"})
    assert page.status in (200, 400)
    assert "boltseal1." not in page.markup


@pytest.mark.parametrize("path", ["/", "/hosts", "/evidence", "/api/v1/overview", "/api/v1/hosts"])
def test_wrong_method(visit: Callable[..., Visitor], path: str) -> None:
    """405, naming the methods that there are."""
    page = visit().post(path)
    assert page.status == 405
    assert "GET" in page.response.headers["Allow"]


def test_exported_by_get(visit: Callable[..., Visitor]) -> None:
    """A link cannot make a bundle."""
    assert visit().get("/evidence/bundle").status == 405


def test_no_page_is_kept(visit: Callable[..., Visitor]) -> None:
    """No cache keeps a page, and no other site frames it."""
    headers = visit().get("/").response.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_unforeseen(visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is a page that gives nothing away."""
    visitor = visit()
    visitor.client.raise_request_exception = False

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("server.web.views.overview.posture.posture", broken)
    page = visitor.get("/")
    assert (page.status, page.heading) == (500, "The server failed on this page.")
    assert "secret" not in page.markup
