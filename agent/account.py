"""The kept account of the chain, and what it is made anew from when it is gone.

Enrolment writes the first, empty one. So an enrolled host without an account has lost it; with nothing left to
tell how far it was, counting from 1 again would fork the chain, and the server would put the host into
quarantine.
"""

from __future__ import annotations

from agent import chain as chains
from agent import durable
from agent.chain import Chain
from agent.shipping import read_shipping
from agent.state import SMALL_FILE_MAX_BYTES, State, read_json
from config.errors import InputError


def read(state: State) -> tuple[Chain, bool]:
    """The kept account; where there is none, what the last receipt says, and that it was made anew."""
    data = durable.read(state.path("chain.json"), SMALL_FILE_MAX_BYTES)
    if data is not None:
        try:
            return chains.decode(data), False
        except InputError:
            pass  # the receipt and the spool tell the same, unless a report was lost as well
    shipping = read_shipping(state)
    return Chain(shipping.sequence, shipping.sha256), True


def check_anew(state: State, chain: Chain) -> None:
    """InputError `state_chain_damaged` when an account made anew may lack a number that was used."""
    if chain.head[0] < _last_sealed(state):
        raise chains.damaged(f"number {_last_sealed(state)} was sealed, and nothing tells where it went")
    if chain.head[0] == 0:
        raise chains.damaged("it is gone, and neither a receipt nor the spool tells how far it was")


def _last_sealed(state: State) -> int:
    number = (read_json(state, "last_scan.json") or {}).get("sequence")
    return number if isinstance(number, int) else 0
