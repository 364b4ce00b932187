"""The parts of the state folder for what this host observes: a chain, a spool and sections for each subject.

A part begins once and for all: its name is noted when its empty account is durable, before its first report is
made. So a noted part without an account has lost it, and is not begun anew: that would fork its chain, and a
fork quarantines the whole host.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from agent import chain as chains
from agent import durable
from agent.chain import Chain
from agent.state import FOLDERS, State, read_json, write_json
from config.canonical import Json
from config.errors import InputError

FILE: Final = "observed.json"
_NAMES_MAX: Final = 10_000


def begun(state: State) -> tuple[str, ...]:
    """The names of the parts that are there, `kind.name`. InputError `state_file_damaged`."""
    match read_json(state, FILE):
        case None:
            return ()
        case {"observed": [*names]} if len(names) <= _NAMES_MAX:
            return tuple(str(each) for each in names)
    raise InputError("state_file_damaged", f"{state.path(FILE)} holds no list of names")


def every(state: State) -> Iterator[State]:
    """The host's own part, then those of what it observes or once observed."""
    yield state
    for name in begun(state):
        yield replace(state, observed=name)


def part(state: State, name: str) -> State:
    """The part of this name, begun where it is new. Needs the lock."""
    own, names = replace(state, observed=name), begun(state)
    if name not in names:
        for folder in (state.path("observed"), own.path("."), *map(own.path, FOLDERS)):
            durable.make_folder(folder)
        if not own.path("chain.json").exists():
            durable.write(own.path("chain.json"), chains.encode(Chain()))
        noted: list[Json] = [*sorted({*names, name})]
        write_json(state, FILE, {"observed": noted})
    return own
