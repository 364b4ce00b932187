"""The demonstration behind script/demo: the whole road on this machine, by the product's own commands."""

import argparse
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import lab
from steps import BIN, CHECKOUT, DemoError, run, step, tied

PORT = 8443
READY_SECONDS = 30
ENDING_SECONDS = 15
ADMINISTRATOR = "admin"


def main() -> int:
    """Run the steps; return the exit code."""
    options = _options()
    folder: Path = options.dir.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _show(folder, options)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the next run goes on from there", file=sys.stderr)
        return 130
    return 0


def _show(folder: Path, options: argparse.Namespace) -> None:
    """All of it, and then whatever was started is ended."""
    began = time.monotonic()
    home, state = folder / "server", folder / "agent"
    port = _port(options.port, state)
    lab.forget(state)
    _init(home)
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(_server(home, port, folder / "server.log"))
        password = _administrator(home)
        _enrol(home, state, address)
        if options.lab:
            _lab(stack, folder / "lab", home, state)
        fingerprint = _bundle(home, folder / "bundle.zip")
        _closing(address, home, folder, fingerprint, password, time.monotonic() - began)
        if not options.exit:
            _wait()


def _lab(stack: contextlib.ExitStack, folder: Path, home: Path, state: Path) -> None:
    """Have the agent look at others as well; they stay up as long as the server."""
    step("a lab to look at beside this machine, in namespaces of its own")
    stack.enter_context(lab.running(folder))
    names = stack.enter_context(lab.observed(folder, state))
    lab.look(home, state, names)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end with code 0 once everything was shown")
    parser.add_argument(
        "--lab", action="store_true", help="also look at a lab that is started for it; needs root"
    )
    parser.add_argument("--dir", type=Path, default=CHECKOUT / ".demo", help="where the data go")
    parser.add_argument("--port", type=int, default=PORT, help=f"the server's port (default {PORT})")
    return parser.parse_args()


def _port(wanted: int, state: Path) -> int:
    """Return the port where this machine is enrolled; at first the wanted one, or one the system picks, said so."""
    identity = state / "identity.json"
    if not identity.exists():
        port = wanted if _is_free(wanted) else 0
        if not port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            print(f"demo: port {wanted} is taken, using {port}")
        return port
    port = int(json.loads(identity.read_text())["url"].rpartition(":")[2])
    deadline = time.monotonic() + ENDING_SECONDS
    while not _is_free(port):  # the server of a run that was killed is just ending
        if time.monotonic() > deadline:
            raise DemoError(
                f"port {port}, where this machine is enrolled, is taken: free it, or choose another --dir"
            )
        time.sleep(0.1)
    if port != wanted:
        print(f"demo: going on at port {port}, where this machine is enrolled")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def _init(home: Path) -> None:
    if (home / "server.toml").exists():
        print(f"demo: using the server of an earlier run in {home}")
        return
    step("a server of its own: keys, certificate authority, log")
    run("boltseal-server", "--home", home, "init", "--name", "localhost")


@contextlib.contextmanager
def _server(home: Path, port: int, log: Path) -> Iterator[str]:
    """Start the server on loopback over TLS, yield its address once it answers, stop it at the end."""
    address = f"https://localhost:{port}"
    step(f"starting the server on {address}")
    with log.open("ab") as output:
        command = tied(
            "TERM", [BIN / "boltseal-server", "--home", home, "run", "--listen", f"127.0.0.1:{port}"]
        )
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
    listed = run("boltseal-server", "--home", home, "user", "list", quiet=True)
    if any(line.split()[:1] == [ADMINISTRATOR] for line in listed.splitlines()):
        return None
    command = ("boltseal-server", "--home", home, "user", "add", ADMINISTRATOR, "--role", "administrator")
    return run(*command, "--print-password", quiet=True).strip().splitlines()[-1]


def _enrol(home: Path, state: Path, address: str) -> None:
    """Enrol this machine; scan, seal, ship, and print the posture table of what was shipped."""
    step("an enrolment string, and this machine enrolled with it")
    command = ("boltseal-server", "--home", home, "token", "new", "--expires", "1h", "--url", address)
    made = run(*command, quiet=True)
    text = next((word for word in made.split() if word.startswith("boltseal1.")), "")
    if not text:
        raise DemoError("the server printed no enrolment string")
    known = (state / "identity.json").exists()
    run("boltseal", "enroll", "--no-scan", "--state", state, text)
    step("one scan: looked, sealed, shipped, its receipt verified, and judged by the criteria")
    trigger = "manual" if known else "enrolment"
    run("boltseal", "once", "--show", "--trigger", trigger, "--state", state)


def _bundle(home: Path, bundle: Path) -> str:
    """Export the bundle and verify it with the auditor's command; return the fingerprint it was held to."""
    step(f"a bundle for the auditor: {bundle}")
    told = run("boltseal-server", "--home", home, "export", "--out", bundle, quiet=True)
    print(told, end="")
    found = re.search(r"--server-key ([0-9a-f]{64})", told)
    if found is None:
        raise DemoError("the export did not name the server key")
    fingerprint = found[1]
    step("the auditor's check, with no server and no network: every signature, proof and verdict again")
    run("boltseal", "verify", bundle, "--server-key", fingerprint)
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
        signal.pause()
    print("\ndemo: stopped; the data stay, the next run goes on from there")


if __name__ == "__main__":
    sys.exit(main())
