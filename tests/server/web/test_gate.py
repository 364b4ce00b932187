"""Who comes in: login, second factor, limits, and what happens to a session whose person is gone."""

import re
from collections.abc import Callable

import pytest

from server.home import Home
from tests.server.twin import rows
from tests.server.web.codes import code
from tests.server.web.conftest import PASSWORD, SECRET, enter
from tests.server.web.visitor import Visitor

PAGES = (
    "/",
    "/criteria/4.8",
    "/checks/password.min-length.v1",
    "/hosts",
    "/hosts/dispatch-01",
    "/enrolment",
    "/evidence",
    "/log",
    "/account/tokens",
    "/accounts/2fa/",
    "/accounts/password/change/",
)


@pytest.mark.parametrize("path", PAGES)
def test_page_without_login(pages: Home, path: str) -> None:
    """Whoever is not logged in is led to the login, and back afterwards."""
    page = Visitor().get(path)
    assert (page.status, page.location.split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("path", PAGES)
def test_page_without_second_factor(visit: Callable[..., Visitor], path: str) -> None:
    """A password alone opens nothing but the set-up of a second factor."""
    page = visit("administrator", has_factor=False).get(path)
    assert (page.status, page.location) == (302, "/accounts/2fa/totp/activate/")


def test_set_up_of_second_factor(pages: Home) -> None:
    """Login, set-up with the code of an app, recovery codes, overview: no step asks twice."""
    from server import people

    people.add("maria", "administrator", PASSWORD)
    visitor = Visitor()
    page = visitor.post("/accounts/login/", {"login": "maria", "password": PASSWORD})
    assert (page.status, page.location) == (302, "/")
    page = visitor.get("/accounts/2fa/totp/activate/")
    (secret,) = re.findall(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page.markup)
    page = visitor.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert page.location == "/accounts/2fa/recovery-codes/"
    assert len(re.findall(r"^\d{8}$", visitor.get(page.location).markup, re.MULTILINE)) >= 9
    assert visitor.get("/").status == 200


def test_login_with_second_factor(visit: Callable[..., Visitor]) -> None:
    """A password and a code log in; the password alone does not."""
    visit("auditor")
    visitor = Visitor()
    page = visitor.post("/accounts/login/", {"login": "a-auditor", "password": PASSWORD})
    assert page.location.split("?")[0] == "/accounts/2fa/authenticate/"
    assert visitor.get("/").status == 302
    page = visitor.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "Incorrect code" in page.text
    visitor.post("/accounts/2fa/authenticate/", {"code": code(SECRET)})
    assert visitor.get("/").status == 200


def test_last_second_factor_stays(visit: Callable[..., Visitor]) -> None:
    """Nobody can drop the only second factor."""
    from allauth.mfa.models import Authenticator

    visitor = visit("administrator")
    visitor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = visitor.post("/accounts/2fa/totp/deactivate/")
    assert "You cannot deactivate" in page.text
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_last_key_stays(visit: Callable[..., Visitor]) -> None:
    """Nor the last passkey, until another second factor is there; and nobody the key of another."""
    from allauth.mfa.models import Authenticator

    visitor = visit("administrator", has_factor=False)
    person, key = visitor.client.session["_auth_user_id"], "/accounts/2fa/webauthn/keys/{}/remove/"
    made = Authenticator.objects.create(user_id=person, type="webauthn", data={"name": "mine"})
    visitor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = visitor.post(key.format(made.pk))
    assert page.heading == "This is your last second factor; it was not removed."
    other = visit("auditor")
    other.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert other.post(key.format(made.pk)).status == 404
    assert Authenticator.objects.filter(pk=made.pk).exists()


def test_logins_are_kept(
    visit: Callable[..., Visitor], pages: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Who logged in stands in the audit table; who failed, in the server's log, without the password."""
    visit("auditor")
    visitor = Visitor()
    visitor.post("/accounts/login/", {"login": "a-auditor\n", "password": "a wrong secret"})
    visitor.post("/accounts/login/", {"login": "a-auditor", "password": PASSWORD})
    assert rows(pages, "SELECT 1 FROM audit") == []
    visitor.post("/accounts/2fa/authenticate/", {"code": code(SECRET)})
    assert rows(pages, "SELECT who, what, detail FROM audit") == [("a-auditor", "login", "127.0.0.1")]
    assert "login failed for 'a-auditor' from 127.0.0.1" in caplog.text
    assert "a wrong secret" not in caplog.text


def test_second_factor_is_encrypted(visit: Callable[..., Visitor]) -> None:
    """The database holds no secret of a second factor in the clear."""
    from allauth.mfa.models import Authenticator

    visit("administrator")
    kept = Authenticator.objects.get(type="totp").data["secret"]
    assert SECRET not in kept


def test_sign_up_is_closed(pages: Home) -> None:
    """Nobody makes an account."""
    from server.store.models import Person

    form = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    assert Visitor().post("/accounts/signup/", form).heading == "Sign-up is closed"
    assert not Person.objects.exists()


def test_login_is_limited(visit: Callable[..., Visitor]) -> None:
    """After five wrong passwords the right one is refused, too, for a while."""
    visit("auditor")
    visitor = Visitor()
    for _ in range(5):
        visitor.post("/accounts/login/", {"login": "a-auditor", "password": "wrong"})
    page = visitor.post("/accounts/login/", {"login": "a-auditor", "password": PASSWORD})
    assert page.status == 200
    assert "Too many failed login attempts" in page.text


@pytest.mark.parametrize("how", ["removed", "reset", "inactive"])
def test_session_ends(visit: Callable[..., Visitor], how: str) -> None:
    """A session ends at once when its person is removed, reset or switched off."""
    from server import people
    from server.store.models import Person

    visitor = visit("operator")
    assert visitor.get("/").status == 200
    if how == "removed":
        people.remove("a-operator")
    elif how == "reset":
        people.reset("a-operator", "another long password")
    else:
        Person.objects.update(is_active=False)
    assert visitor.get("/").location.startswith("/accounts/login/")
    assert visitor.get("/api/v1/overview").status == 401


def test_form_without_its_token(pages: Home) -> None:
    """A form that comes from elsewhere changes nothing and says so."""
    visitor = enter("administrator")
    strict = Visitor(enforce_csrf_checks=True)
    strict.client.cookies = visitor.client.cookies
    page = strict.post("/enrolment", {"quota": "1", "lifetime": "24h"})
    assert page.status == 403
    assert page.heading == "This form is too old or came from elsewhere."


@pytest.mark.parametrize("role", ["administrator", "operator", "compliance", "auditor"])
def test_roles(visit: Callable[..., Visitor], role: str) -> None:
    """Everyone reads; operators make tokens; compliance officers and auditors export; administrators do all."""
    visitor = visit(role)
    assert [visitor.get(path).status for path in PAGES] == [200] * len(PAGES)
    can_enrol, can_export = role in ("administrator", "operator"), role != "operator"
    form = {"quota": "1", "lifetime": "24h"}
    assert visitor.post("/enrolment", form).status == (200 if can_enrol else 403)
    assert visitor.post("/evidence/bundle").status == (200 if can_export else 403)
    assert visitor.post("/api/v1/bundle").status == (200 if can_export else 403)
    assert ("Make the string" in visitor.get("/enrolment").text) is can_enrol
    assert ("Make and download" in visitor.get("/evidence").text) is can_export


def test_unknown_role(visit: Callable[..., Visitor]) -> None:
    """A role that nobody defined may do nothing."""
    from server.store.models import Person

    visitor = visit("auditor")
    Person.objects.update(role="emperor")
    assert visitor.get("/").status == 403
