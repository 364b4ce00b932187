"""The ways to log in to a network device, and whether a second factor guards each, by the methods of AAA.

A device asks for no second factor itself: a local user, the line's password and an SSH key are one factor. What a
group of servers asks for is not seen from here, so the strength is null there; where a list goes on to `none` it is
bypassable, since whoever silences the servers is let in without anything. `local` behind the servers is told among
what leads past them, and leaves it null. That a key opens SSH by itself, whatever AAA says, is the vendor's
documentation.
"""

from __future__ import annotations

from typing import NamedTuple

from collectors import login_paths
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Findings, Json, Seen
from collectors.readers import cli_ios, cli_lines, cli_logins
from collectors.readers.cli_lines import Way
from collectors.readers.cli_text import Line, starting

FACTS = {"login_paths.paths": login_paths.FACTS["login_paths.paths"]}
_AUTHENTICATE = "ip ssh server authenticate user"


class _Asked(NamedTuple):
    """The strength, the sets of factors that are enough, and what leads past a second one."""

    strength: str | None
    factors: tuple[str, ...] = ()
    bypasses: tuple[str, ...] = ()


def collect(device: Device) -> Findings:
    """One record for each line and what it is reached by."""
    findings = Findings()
    findings.look("login_paths.paths", _paths, device)
    return findings


def _paths(device: Device) -> Seen:
    config = cli_ios.config(device)
    ways = cli_lines.ways(config)
    if not ways:
        raise Unseen("malformed", cli_ios.RUNNING, "no line at all")
    records: list[Json] = [_record(config, way, path) for way in ways for path in _reached(way)]
    return Seen(records, *cli_ios.source(*(way.line for way in ways)))


def _reached(way: Way) -> tuple[str, ...]:
    """Over the network by SSH, Telnet or both; where no transport is written, SSH stands for what there may be."""
    if not way.is_vty:
        return ("console",)
    if way.transports is None or not {"telnet", "all"} & {*way.transports}:
        return ("ssh",)
    return ("ssh", "telnet") if {"ssh", "all"} & {*way.transports} else ("telnet",)


def _record(config: tuple[Line, ...], way: Way, path: str) -> Json:
    asked = _asked(config, way)
    key = _key(config) if path == "ssh" else None
    if key:
        asked = _Asked("none", (*asked.factors, "publickey"), asked.bypasses)
    return {
        "path": path,
        "remote": way.is_vty,
        "open": way.open,
        "strength": asked.strength,
        "factors": [*asked.factors],
        "bypasses": [*asked.bypasses],
        "source": cli_ios.source(way.line)[0],
    }


def _asked(config: tuple[Line, ...], way: Way) -> _Asked:
    if way.login == "none":
        return _Asked("none", ("nothing",))
    if way.login in ("password", "local"):
        return _Asked("none", ("password",))
    methods = cli_logins.of_line(config, way.line) if cli_logins.new_model(config) else None
    if way.login != "aaa" or methods is None:
        return _Asked(None)
    first, *others = methods.methods
    if first in ("local", "local-case"):
        return _Asked("none", ("password",))
    if not methods.asks_server:
        return _Asked(None)
    behind = tuple(f"{one}, where no server answers" for one in others if not one.startswith("group "))
    return _Asked("bypassable" if "none" in others else None, (), behind)


def _key(config: tuple[Line, ...]) -> bool:
    """Whether some user has a key; not where it is written which ways SSH takes, as that may leave keys out."""
    if starting(config, _AUTHENTICATE) or starting(config, f"no {_AUTHENTICATE}"):
        return False
    chains = starting(config, "ip ssh pubkey-chain")
    return any(
        starting(user.under, kind)
        for chain, _ in chains
        for user, _ in starting(chain.under, "username")
        for kind in ("key-hash", "key-string")
    )
