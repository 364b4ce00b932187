"""What each command does: call one function, print what came out."""

import argparse
import getpass
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from secrets import token_hex

from config.errors import InputError
from server import (
    adoption,
    exploited,
    fleet,
    founding,
    hosts,
    joined_commands,
    ledger,
    serve,
    tls,
    tokens,
    verdicts,
)
from server.console import entering, opened, plain, print_rows
from server.feeds.command import feed
from server.home import Home


def init(options: argparse.Namespace) -> int:
    """Make the home folder, or adopt in an existing one what the package brings."""
    home = Home(options.home)
    if options.adopt:
        return _adopt(home.demand())
    if home.settings_file.exists():
        hint = "To adopt a newer catalogue: init --adopt."
        raise InputError("home_exists", f"{options.home} is a home already; nothing was changed.", hint)
    founding.set_up_django(None)
    settings = founding.default_settings(options.company, options.public_url, f"boltseal/{token_hex(8)}")
    home = founding.found(options.home, options.name, settings, datetime.now(UTC))
    print(f"Made {options.home}, readable by you only. Back up its keys: boltseal-server backup --out DIR")
    print("Give this to the auditor, apart from any bundle:")
    print(f"  server key  {home.key('server').public.key_id}")
    return 0


def run(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    home = Home(options.home).demand()
    settings = home.settings()
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s %(message)s", level=settings.log_level.upper()
    )
    founding.set_up_django(options.home.absolute())
    founding.bring_up_to_date(home)
    if options.adopt:
        _adopt(home)
    with opened(home) as connection:
        for news in adoption.pending(connection, settings):
            print(f"Not adopted yet: {news}. Adopt it with: run --adopt", file=sys.stderr)
    host, port = listen(options.listen, (settings.host, settings.port))
    listening = serve.bind(host, port, options.port_auto)
    serve.run(home, listening, lambda url: print(f"Boltseal is ready: {url}", flush=True))
    return 0


def token(options: argparse.Namespace) -> int:
    """Make, list or revoke enrolment tokens."""
    home = Home(options.home).demand()
    now = datetime.now(UTC)
    with opened(home) as connection:
        if options.action == "new":
            lifetime = tokens.span(options.expires)
            made = (options.hosts, options.tag, options.serial, options.note)
            _, secret = tokens.new(connection, now, lifetime, *made)
            url = options.url or serve.configured_url(home)
            print(tokens.enrolment_string(url, tls.fingerprint(home.ca_file.read_bytes()), secret))
        elif options.action == "list":
            print_rows(tokens.listed(connection), _token_line, options.json)
        else:
            tokens.revoke(connection, options.token_id, now)
            print(f"Revoked {options.token_id}. Hosts that it enrolled stay.")
    return 0


def host(options: argparse.Namespace) -> int:
    """List, show, revoke or release hosts."""
    home = Home(options.home).demand()
    with opened(home) as connection:
        if options.action == "list":
            print_rows(hosts.every(connection), _host_line, options.json)
        elif options.action == "show":
            view = fleet.host(connection, options.name, datetime.now(UTC))
            print(json.dumps(fleet.as_json(view)) if options.json else "\n".join(_host_lines(view)))
        else:
            decide = {"revoke": hosts.revoke, "release": hosts.release}[options.action]
            with entering(home, connection) as entries:
                decided = decide(entries, options.name, options.reason)
            print(f"{plain(decided.hostname)} is {decided.state}; the log says why.")
    return 0


def user(options: argparse.Namespace) -> int:
    """Add, list or remove people, or reset their logins."""
    home = Home(options.home).demand()
    founding.set_up_django(options.home.absolute())
    founding.bring_up_to_date(home)
    from server import people

    if options.action == "list":
        listed = people.listed()
        if options.json:
            print(json.dumps([{"name": name, "role": role} for name, role in listed]))
        else:
            print("".join(f"{name}  {role}\n" for name, role in listed), end="")
    elif options.action == "remove":
        people.remove(options.name)
        print(f"Removed {options.name}.")
    else:
        password = people.make_password() if options.print_password else _ask_password()
        if options.action == "add":
            people.add(options.name, options.role, password)
        else:
            people.reset(options.name, password)
        if options.print_password:
            print(password)
    return 0


def export(options: argparse.Namespace) -> int:
    """Write a bundle."""
    from server import export as exporting

    home = Home(options.home).demand()
    with opened(home) as connection:
        exported = exporting.write(home, connection, options.out, options.at, options.latest_only)
    print(
        f"Wrote {options.out}: {exported.reports} reports of {exported.hosts} hosts and {exported.observed} observed,"
        f" as of {exported.moment}."
    )
    print(f"Check it with: boltseal verify {options.out} --server-key {exported.server_key_id}")
    return 0


def check(options: argparse.Namespace) -> int:
    """Check all that is kept."""
    from server import check as checking

    home = Home(options.home).demand()
    with opened(home) as connection:
        found = checking.check(connection, ledger.hand(home))
    print(found.text())
    return 0 if found.difference is None else 1


def rebuild_verdicts(options: argparse.Namespace) -> int:
    """Judge every host anew."""
    home = Home(options.home).demand()
    with opened(home) as connection:
        changed = verdicts.rebuild(connection, datetime.now(UTC))
    print(
        f"{changed} verdicts were not as they should be, and now are."
        if changed
        else "All verdicts were right."
    )
    return 0


def backup(options: argparse.Namespace) -> int:
    """Copy the home folder."""
    from server import backup as copying

    copying.write(Home(options.home).demand(), options.out)
    print(f"Copied to {options.out}. To restore, stop the server and put that folder in the home's place.")
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": init,
    "run": run,
    "token": token,
    "host": host,
    "user": user,
    "coverage": joined_commands.coverage,
    "accounts": joined_commands.accounts,
    "networks": joined_commands.networks,
    "known-devices": joined_commands.write_known_devices,
    "feed": feed,
    "export": export,
    "check": check,
    "rebuild-verdicts": rebuild_verdicts,
    "backup": backup,
}


def _host_lines(view: fleet.HostView) -> Iterator[str]:
    about = view.host
    yield f"{plain(about.hostname)}  {about.host_id}  {about.state}  {about.platform} {about.role}".rstrip()
    if about.is_observed:
        yield f"{about.kind}, observed by {about.observer}"
    began = f"{'first seen' if about.is_observed else 'enrolled'} {about.enrolled_at}"
    yield f"{began}, last report {about.last_finished_at or 'never'}, number {about.last_sequence}"
    for hole in exploited.holes_of(view):
        yield f"EXPLOITED  {plain(hole.package)} {plain(hole.installed)}: {hole.cve}, known since {hole.known_since}"
    for verdict in sorted(
        view.verdicts,
        key=lambda each: ("fail", "unknown").index(each.answer) if each.answer in ("fail", "unknown") else 2,
    ):
        yield f"  {verdict.answer:14}  {verdict.check}  {verdict.detail}"


def _adopt(home: Home) -> int:
    with opened(home) as connection, entering(home, connection) as entries:
        news = adoption.adopt(entries, home.settings())
    print("\n".join(f"Adopted {each}." for each in news) or "Nothing new to adopt.")
    return 0


def listen(text: str | None, default: tuple[str, int]) -> tuple[str, int]:
    """Read HOST:PORT; InputError ``listen_malformed``."""
    if text is None:
        return default
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise InputError("listen_malformed", f"{text!r} is not HOST:PORT.")
    return host.strip("[]"), int(port)


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password: ")


def _token_line(row: tokens.Token) -> str:
    state = "revoked" if row.revoked_at else f"until {row.expires_at}"
    return f"{row.token_id}  {row.used}/{row.quota}  {state}  {' '.join(row.tags)}  {row.note}".rstrip()


def _host_line(row: hosts.Host) -> str:
    last = row.last_finished_at or "never"
    return f"{row.host_id}  {plain(row.hostname)}  {row.state}  {plain(row.platform)}  last {last}"
