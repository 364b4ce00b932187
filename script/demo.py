"""The demonstration behind script/demo: the whole road on this machine, by the product's own commands."""

import argparse
import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PORT = 8443
READY_SECONDS = 30
ADMINISTRATOR = "admin"


class DemoError(Exception):
    """A step that did not do what it should; the text says which and what to look at."""


def main() -> int:
    """Run the steps; return the exit code."""
    options = _options()
    folder: Path = options.dir.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        port = _free_port(options.port)
        home = folder / "server"
        _init(home)
        with _server(home, port, folder / "server.log") as address:
            password = _administrator(home)
            _enrol(home, folder / "agent", address)
            fingerprint = _bundle(home, folder / "bundle.zip")
            _closing(address, home, folder, fingerprint, password, time.monotonic() - began)
            if not options.exit:
                _wait()
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end with code 0 once everything was shown")
    parser.add_argument("--dir", type=Path, default=CHECKOUT / ".demo", help="where the data go")
    parser.add_argument("--port", type=int, default=PORT, help=f"the server's port (default {PORT})")
    return parser.parse_args()


def _free_port(wanted: int) -> int:
    """Return the wanted port when it is free on loopback, else one the system picks, and say so."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    if port != wanted:
        print(f"demo: port {wanted} is taken, using {port}")
    return port


def _init(home: Path) -> None:
    if (home / "server.toml").exists():
        print(f"demo: using the server of an earlier run in {home}")
        return
    _step("a server of its own: keys, certificate authority, log")
    _run("boltseal-server", "--home", home, "init", "--name", "localhost")


@contextlib.contextmanager
def _server(home: Path, port: int, log: Path) -> Iterator[str]:
    """Start the server on loopback over TLS, yield its address once it answers, stop it at the end."""
    address = f"https://localhost:{port}"
    _step(f"starting the server on {address}")
    with log.open("ab") as output:
        command = [str(BIN / "boltseal-server"), "--home", str(home), "run", "--listen", f"127.0.0.1:{port}"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _await(process, port, log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"the server ended with code {process.returncode}; see {log}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise DemoError(f"the server did not answer within {READY_SECONDS} seconds; see {log}")


def _administrator(home: Path) -> str | None:
    """Make the administrator; return the password, or None when an earlier run printed it."""
    listed = _run("boltseal-server", "--home", home, "user", "list", quiet=True)
    if any(line.split()[:1] == [ADMINISTRATOR] for line in listed.splitlines()):
        return None
    command = ("boltseal-server", "--home", home, "user", "add", ADMINISTRATOR, "--role", "administrator")
    return _run(*command, "--print-password", quiet=True).strip().splitlines()[-1]


def _enrol(home: Path, state: Path, address: str) -> None:
    """Enrol this machine; scan, seal, ship, and print the posture table of what was shipped."""
    _step("an enrolment string, and this machine enrolled with it")
    command = ("boltseal-server", "--home", home, "token", "new", "--expires", "1h", "--url", address)
    made = _run(*command, quiet=True)
    text = next((word for word in made.split() if word.startswith("boltseal1.")), "")
    if not text:
        raise DemoError("the server printed no enrolment string")
    known = (state / "identity.json").exists()
    _run("boltseal", "enroll", "--no-scan", "--state", state, text)
    _step("one scan: looked, sealed, shipped, its receipt verified, and judged by the criteria")
    trigger = "manual" if known else "enrolment"
    _run("boltseal", "once", "--show", "--trigger", trigger, "--state", state)


def _bundle(home: Path, bundle: Path) -> str:
    """Export the bundle and verify it with the auditor's command; return the fingerprint it was held to."""
    _step(f"a bundle for the auditor: {bundle}")
    told = _run("boltseal-server", "--home", home, "export", "--out", bundle, quiet=True)
    print(told, end="")
    found = re.search(r"--server-key ([0-9a-f]{64})", told)
    if found is None:
        raise DemoError("the export did not name the server key")
    fingerprint = found[1]
    _step("the auditor's check, with no server and no network: every signature, proof and verdict again")
    _run("boltseal", "verify", bundle, "--server-key", fingerprint)
    return fingerprint


def _closing(
    address: str, home: Path, folder: Path, fingerprint: str, password: str | None, seconds: float
) -> None:
    print()
    print(f"Open            {address}")
    print(f"                its certificate comes from its own authority: {home / 'tls' / 'ca.pem'}")
    if password is None:
        print(f"Log in as       {ADMINISTRATOR}; the password was printed on the first run. Forgotten?")
        print(f"                boltseal-server --home {home} user reset {ADMINISTRATOR} --print-password")
    else:
        print(f"Log in as       {ADMINISTRATOR}, password {password} (printed this once)")
        print("                and set up a second factor")
    print(f"Bundle          {folder / 'bundle.zip'}")
    print(f"Verify it       boltseal verify {folder / 'bundle.zip'} --server-key {fingerprint}")
    print(f"Commands        {BIN}")
    print(f"Took            {seconds:.1f} s after set-up")


def _wait() -> None:
    print("\nThe server stays up until Ctrl-C.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.pause()
    print("\ndemo: stopped; the data stay, the next run goes on from there")


def _step(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def _run(command: str, *arguments: str | Path, quiet: bool = False) -> str:
    """Run one of the product's commands; return what it printed when ``quiet``, else let it print here."""
    line = [BIN / command, *arguments]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=output, text=True, check=False)
    if done.returncode:
        raise DemoError(f"`{command} {arguments[0] if arguments else ''}` ended with code {done.returncode}")
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
