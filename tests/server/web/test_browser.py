"""The pages in a real Chromium, against a real server over TLS: login, passkeys, keyboard, no scripts, one policy."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from server.home import Home
from tests.server.running import Running, running
from tests.server.twin import Clock, InProcess, copied
from tests.server.web import company, crowd
from tests.server.web.codes import code
from tests.server.web.conftest import PASSWORD, SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.real("chromium"), pytest.mark.xdist_group("browser")]

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
)
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
READING = (
    "/",
    "/?group=functions",
    "/criteria/4.8",
    "/checks/password.min-length.v1",
    "/hosts",
    "/hosts/dispatch-01",
    "/coverage",
    "/accounts",
    "/networks",
    "/networks/files~network.office",
    "/enrolment",
    "/evidence",
    "/feeds",
    "/log",
    "/account/tokens",
)
ACCOUNT = (
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/password/change/",
    "/accounts/logout/",
)


@dataclass
class Site:
    """A running server with people, and a browser."""

    server: Running
    browser: "Browser"
    said: list[str] = field(default_factory=list)
    """What the console said against a policy, and errors of scripts."""
    session: Any = None
    """Of anna, once she has logged in: her code would not be taken twice."""

    @property
    def root(self) -> str:
        """WebAuthn wants a name, not an address."""
        return f"https://localhost:{self.server.address[1]}"

    def context(self, **options: Any) -> "BrowserContext":
        """A fresh browser profile; what its pages complain of is kept."""
        context = self.browser.new_context(ignore_https_errors=True, base_url=self.root, **options)
        context.on("console", lambda message: self._hear(message.type, message.text))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        return context

    @contextmanager
    def anna(self, **options: Any) -> "Iterator[Page]":
        """A page of anna, who is logged in."""
        if self.session is None:
            with self.context() as context:
                self.log_in(context, "anna")
                self.session = context.storage_state()
        with self.context(storage_state=self.session, **options) as context:
            yield context.new_page()

    def log_in(self, context: "BrowserContext", name: str) -> "Page":
        """Password and code, through the pages."""
        page = context.new_page()
        page.goto("/")
        page.fill("#id_login", name)
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.fill("#id_code", code(SECRET))
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Ready for validation')")
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" or "Security Policy" in text:
            self.said.append(text)


@pytest.fixture(scope="module")
def filled(founded_today: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with hosts that reported today, anna and otto with a second factor, maria and mario without."""
    home = copied(founded_today, tmp_path_factory.mktemp("browser") / "home")
    now = datetime.now(UTC).replace(microsecond=0)
    server = InProcess(home, Clock(now))
    crowd.fill(server, now, 8)
    company.fill(server, now)
    server.settle()
    server.close()
    with pytest.MonkeyPatch.context() as monkeypatch:
        _add_people(home, monkeypatch)
    return home


@pytest.fixture(scope="module")
def browser(filled: Home) -> "Iterator[Browser]":
    """Chromium of the system. It comes last: its event loop would stand in the way of what `filled` does."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def shared(filled: Home, browser: "Browser") -> Iterator[Site]:
    """The server, started once: each test has people and a browser profile of its own."""
    with running(filled) as server:
        yield Site(server, browser)


@pytest.fixture
def site(shared: Site) -> Iterator[Site]:
    """The site; at the end of each test nothing may have broken a policy."""
    shared.said.clear()
    yield shared
    assert shared.said == []


def _add_people(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put them into a home as the server of that home would have."""
    from django.db import connection
    from django.test.utils import override_settings

    monkeypatch.setitem(connection.settings_dict, "NAME", str(home.database))
    connection.close()
    with override_settings(SECRET_KEY=home.secret()):
        from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
        from allauth.mfa.totp.internal.auth import TOTP

        from server import people

        for name in ("maria", "mario"):
            people.add(name, "administrator", PASSWORD)
        for name in ("anna", "otto"):
            person = people.add(name, "administrator", PASSWORD)
            TOTP.activate(person, SECRET)
            RecoveryCodes.activate(person)
    connection.close()


def test_first_login(site: Site) -> None:
    """Password, then the set-up of a second factor, recovery codes, overview."""
    with site.context() as context:
        page = context.new_page()
        page.goto("/hosts")
        page.fill("#id_login", "maria")
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#authenticator_secret")
        assert page.eval_on_selector(".qr", "image => image.naturalWidth") > 0
        page.fill("#id_code", code(page.input_value("#authenticator_secret")))
        page.keyboard.press("Enter")
        page.click("text=Go on")
        assert page.inner_text("h1") == "Ready for validation?"


def test_passkey(site: Site) -> None:
    """A passkey is the second factor that is set up, and logs in alone afterwards."""
    with site.context() as context:
        page = context.new_page()
        devices = context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        page.goto("/")
        page.fill("#id_login", "mario")
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.click("text=Use a passkey or security key instead")
        page.check("#id_passwordless")
        page.click("#mfa_webauthn_add")
        page.click("text=Go on")
        assert page.inner_text("h1") == "Ready for validation?"
        context.clear_cookies()
        page.goto("/criteria/4.8")
        page.click("#passkey_login")
        page.wait_for_selector("h1:has-text('Individual accounts')")


def test_keyboard(site: Site) -> None:
    """From the overview to the first failing check and its remedy with keys alone."""
    with site.anna() as page:
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
        page.keyboard.press("Enter")
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.next a[href*=\"answer=fail\"]')"):
                break
        shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert shown == "solid"
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/checks/.*answer=fail"))
        assert page.inner_text(".tabs [aria-current]").endswith("fail")
        assert page.is_visible("text=How to fix")


def test_without_scripts(site: Site) -> None:
    """Login with a code, and every page for reading, work without JavaScript; nothing offers what could not work."""
    with site.context(java_script_enabled=False) as context:
        page = site.log_in(context, "otto")
        for path in READING:
            page.goto(path)
            assert page.locator("h1").count() == 1
        page.goto("/hosts/dispatch-01")
        page.click(".answer >> nth=0")
        assert page.locator(".answer[open] >> text=Expected").is_visible()
        page.click("summary:has-text('otto')")
        page.click("text=Log out")
        page.click("button:has-text('Log out')")
        assert not page.is_visible("#passkey_login")


def test_one_policy(site: Site) -> None:
    """No page breaks the content security policy or fails in a script (asked at the end of `site`)."""
    with site.anna() as page:
        for path in (*READING, *ACCOUNT):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
        assert page.evaluate("typeof webauthnJSON") == "undefined"  # not where it is not needed
        page.goto("/evidence")
        assert page.locator("button.copy").count() == 1


def test_bundle_downloads(site: Site, tmp_path: Path) -> None:
    """The button downloads a bundle that verifies."""
    from config import bundle_check

    with site.anna(accept_downloads=True) as page:
        page.goto("/evidence")
        with page.expect_download() as waiting:
            page.click("text=Make and download the bundle")
        waiting.value.save_as(tmp_path / "bundle.zip")
    key = site.server.home.key("server").public.key_id
    told = bundle_check.check((tmp_path / "bundle.zip").read_bytes(), key)
    assert told.ok


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_beside_the_page(site: Site, width: int) -> None:
    """No page is wider than its window; wide tables scroll by themselves."""
    with site.anna(viewport={"width": width, "height": 800}) as page:
        for path in (*READING, *ACCOUNT):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_structure(site: Site, scheme: Any) -> None:
    """Text stands out at least 4.5 to 1; one h1, a main landmark, names for controls, heads for tables."""
    script = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")
    with site.anna(color_scheme=scheme) as page:
        for path in (*READING, *ACCOUNT):
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert page.evaluate(script) == [], path


def test_look_sees(browser: "Browser") -> None:
    """The script that looks at pages complains where there is something to complain of."""
    script = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")
    page = browser.new_page()
    page.set_content(
        "<p style='color:#999'>pale</p><h2>2</h2><h4>4</h4><input name=n><table></table><a href='#'></a>"
    )
    complaints = page.evaluate(script)
    page.close()
    for words in (
        "2.85: pale",
        "not one h1",
        "not one main",
        "no language",
        "skips a level: 4",
        "no label: n",
        "no name: <a",
        "without a caption",
        "without heads",
    ):
        assert any(words in each for each in complaints), (words, complaints)
