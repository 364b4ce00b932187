"""The door to a mail domain: what the public DNS and the domain's own policy server tell anybody.

Nothing is sent by mail and no mailbox is touched. That a name or a record is not there is an answer; a server
that fails, refuses or keeps silent is an `Unseen`, since nobody then knows what is there.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, Protocol

from collectors.door import Door

QUERIES_MAX: Final = 250
"""Questions to the DNS in one scan; SPF alone stops at ten terms and ten addresses for each."""
QUERY_MAX_SECONDS: Final = 6.0
BUDGET_SECONDS: Final = 60.0
POLICY_MAX_BYTES: Final = 64 * 1024
"""RFC 8461, section 3.3: what a sender may take as the largest policy."""


class Answer(NamedTuple):
    """What the DNS answered, aliases followed."""

    records: tuple[str, ...] = ()
    """Texts of TXT records with their pieces joined, hosts of MX by preference ("." for none), or addresses."""
    exists: bool = True
    """False where there is no such name (NXDOMAIN); True without records where only this kind is missing."""
    authentic: bool = False
    """The resolver says that it proved the answer with DNSSEC."""


class Mail(Door, Protocol):
    """One mail domain. Every method raises `Unseen` when it cannot look."""

    domain: str
    """The domain as in addresses, lower case, IDNA encoded, without a final dot."""
    selectors: tuple[str, ...]
    """The DKIM selectors that the company names: the DNS has no way to list them."""

    def txt(self, name: str) -> Answer:
        """TXT records; bytes beyond ASCII become U+FFFD."""
        ...

    def mx(self, name: str) -> Answer:
        """The mail exchangers, most preferred first."""
        ...

    def addresses(self, name: str, kind: Literal["A", "AAAA"] = "A") -> Answer:
        """Addresses of one family."""
        ...

    def organisational(self, name: str) -> str:
        """The organisational domain of a name, by the public suffix list; the name itself where it has none."""
        ...

    def policy(self, domain: str) -> str:
        """The MTA-STS policy over verified HTTPS (RFC 8461, section 3.3). `not_found` where none is served."""
        ...
