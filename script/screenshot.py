"""Usage: .venv/bin/python script/screenshot.py [--out docs/overview.png]

Takes the picture of the overview page that README shows: a real server, two dozen hosts that come in through
enrolment and admission, a person who logs in with a second factor, Chromium.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from server.home import Home  # noqa: E402
from tests.server.running import Running, running  # noqa: E402
from tests.server.web import crowd  # noqa: E402
from tests.server.web.codes import code  # noqa: E402

PASSWORD = "for one picture only"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def main() -> None:
    """Make the home, run the server, take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "overview.png", help="(%(default)s)")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        _run(home, "init", "--name", "localhost", "--company", "Example Freight")
        _run(home, "user", "add", "maria", "--role", "compliance", text=PASSWORD + "\n")
        with running(home) as server:
            crowd.fill(server, datetime.now(UTC).replace(microsecond=0))
            _shoot(server, out)
    print(f"Wrote {out}, {out.stat().st_size >> 10} KiB.")


def _run(home: Home, *arguments: str, text: str = "") -> None:
    command = [sys.executable, "-m", "server", "--home", str(home.folder), *arguments]
    subprocess.run(command, check=True, cwd=ROOT, text=True, input=text, stdout=subprocess.DEVNULL)


def _shoot(server: Running, out: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(
            ignore_https_errors=True, viewport={"width": 1280, "height": 800}, device_scale_factor=1.5
        )
        page.goto(f"https://localhost:{server.address[1]}/")
        page.fill("#id_login", "maria")
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.fill("#id_code", code(page.input_value("#authenticator_secret")))
        page.keyboard.press("Enter")
        page.click("text=Go on")
        page.wait_for_selector(".criteria")
        page.screenshot(path=out, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
