"""Commands about what only several subjects together can tell: coverage, accounts, networks, known devices."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from server import accounts as accounts_
from server import adoption, expected, fleet, known_devices
from server import networks as networks_
from server.accounts import Accounts
from server.console import opened, plain
from server.expected import Listed
from server.home import Home
from server.networks import Network

_SHOWN = 10


def coverage(options: argparse.Namespace) -> int:
    """Print the computers that directories expect, and whether an agent covers them."""
    with opened(Home(options.home).demand()) as connection:
        listed = expected.listed(connection, adoption.rules(connection), datetime.now(UTC))
    print(json.dumps(fleet.as_json(listed)) if options.json else "\n".join(_computers(listed)))
    return 0


def accounts(options: argparse.Namespace) -> int:
    """Print the tenants' users, those first who get in somewhere with one factor."""
    with opened(Home(options.home).demand()) as connection:
        joined = accounts_.joined(connection, datetime.now(UTC))
    print(json.dumps(fleet.as_json(joined)) if options.json else "\n".join(_users(joined)))
    return 0


def networks(options: argparse.Namespace) -> int:
    """Print what was seen on the observed networks, and what changed."""
    with opened(Home(options.home).demand()) as connection:
        found = networks_.listed(connection, datetime.now(UTC))
    if options.json:
        print(json.dumps([fleet.as_json(each) for each in found]))
    else:
        print("\n".join(line for each in found for line in _devices(each)) or "No network is observed.")
    return 0


def write_known_devices(options: argparse.Namespace) -> int:
    """Write the list of known devices that a scan of a network takes."""
    with opened(Home(options.home).demand()) as connection:
        made = known_devices.made(connection, adoption.rules(connection), datetime.now(UTC))
    half = options.out.with_name(f"{options.out.name}.part")
    half.write_text(made.text, encoding="utf-8")  # a list cut short would make strangers of what is known
    half.replace(options.out)
    print(f"Wrote {options.out}: {made.lines} devices, SHA-256 {made.sha256}.")
    for each in made.problems[:_SHOWN]:
        print(f"Not listed: {plain(each)}")
    if len(made.problems) > _SHOWN:
        print(f"Not listed either: {len(made.problems) - _SHOWN} more, named at the end of the file.")
    print("Carry it to the observing host: boltseal scan --network RANGE --network-known FILE")
    return 0


def _computers(listed: Listed) -> Iterator[str]:
    for each in listed.directories:
        told = (
            f"not known: {each.problem}" if each.problem else f"{each.expected} of {each.computers} expected"
        )
        yield f"{plain(each.name)}  {told}  looked at {each.observed_at or 'never'}"
    if not listed.directories:
        yield "No directory is observed."
    for computer in listed.computers:
        where = " ".join(plain(each.hostname) for each in computer.hosts)
        name = plain(computer.dns_name or computer.name)
        yield f"  {computer.answer:13}  {name}  {where}  {plain(computer.why)}".rstrip()


def _users(joined: Accounts) -> Iterator[str]:
    for each in joined.tenants:
        told = f"not known: {each.problem}" if each.problem else f"{each.users} users"
        yield f"{plain(each.name)}  {told}  looked at {each.observed_at or 'never'}"
    if not joined.tenants:
        yield "No identity provider is observed."
    for user in joined.users:
        yield f"  {user.answer:12}  {plain(user.name)}  {plain(user.why)}".rstrip()
        for login in user.logins:
            if login.one_factor:
                doubt = ", fits several users" if login.in_doubt else ""
                ways = ", ".join(login.one_factor)
                yield f"      {plain(login.account)} on {plain(login.hostname)}{doubt}: {plain(ways)}"
    for unseen in joined.unseen:
        yield f"  not all accounts known  {plain(unseen.hostname)}  {unseen.why}"


def _devices(network: Network) -> Iterator[str]:
    told = f"not known: {network.problem}" if network.problem else f"{len(network.devices)} devices"
    yield f"{plain(network.name)}  {told}  looked at {network.observed_at or 'never'}"
    for device in network.devices:
        known = " ".join((*(each.hostname for each in device.agents), device.entry))
        ports = " ".join(str(each.port) for each in device.services)
        yield f"  {device.answer:7}  {plain(device.address)}  {device.mac}  {plain(known)}  {ports}".rstrip()
    for change in network.changes:
        yield f"  changed  {plain(str(change))}"
    if network.changes_problem:
        yield f"  changes not known: {network.changes_problem}"
