"""DMARC as RFC 7489, section 6, has it: which record governs a domain, and what it asks of receivers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from collectors.door_mail import Mail

POLICIES: Final = ("none", "quarantine", "reject")
_VERSION: Final = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_TAG: Final = re.compile(r"([A-Za-z]+)[ \t]*=[ \t]*(.*)", re.DOTALL)
_MAILTO: Final = re.compile(r"mailto:[^\s,!@]+@[^\s,!]+", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """What governs a domain. The two policies are one of POLICIES, or absent where nothing governs."""

    found_at: str = ""
    """The name whose record it is; empty where there is none."""
    record: str = ""
    policy: str = "absent"
    subdomain_policy: str = "absent"
    percent: int = 100
    reports_to: tuple[str, ...] = ()
    why: str = ""


def find(door: Mail) -> Policy:
    """The policy of the door's domain: its own record, else its organisational domain's (section 6.6.3).

    A record's `sp` speaks for the subdomains of an organisational domain only: a subdomain's own record is
    never asked for its subdomains, which fall back on the organisational domain themselves.
    """
    organisation = door.organisational(door.domain)
    own = read(door.txt(f"_dmarc.{door.domain}").records, f"_dmarc.{door.domain}")
    if organisation == door.domain:
        return own
    above = read(door.txt(f"_dmarc.{organisation}").records, f"_dmarc.{organisation}")
    if own.found_at:
        return replace(own, subdomain_policy=above.subdomain_policy, why=own.why or above.why)
    return replace(above, policy=above.subdomain_policy)


def read(texts: tuple[str, ...], at: str) -> Policy:
    """The policy of the TXT records at one name."""
    found = [text for text in texts if _VERSION.match(text)]
    if not found:
        return Policy()
    if len(found) > 1:
        # Discovery ends here, without falling back.
        return Policy(at, " | ".join(found), why=f"{len(found)} records at {at}: receivers heed none")
    tags = _tags(found[0])
    reports = tuple(dict.fromkeys(uri.strip() for uri in tags.get("rua", "").split(",")))
    reports_to = tuple(_MAILTO.match(uri)[0] for uri in reports if _MAILTO.match(uri))  # type: ignore[index]
    policy, below = tags.get("p", "").lower(), tags.get("sp", "").lower()
    if policy not in POLICIES or (below and below not in POLICIES):
        if not reports_to:
            return Policy(at, found[0], why=f"no valid policy at {at}: receivers heed nothing")
        policy = below = "none"  # section 6.6.3, step 6: asked only to report
    percent = tags.get("pct", "100")
    share = int(percent) if re.fullmatch(r"[0-9]{1,3}", percent) and int(percent) <= 100 else 100
    return Policy(at, found[0], policy, below or policy, share, reports_to)


def _tags(text: str) -> dict[str, str]:
    """The tags by name; the first of a name counts. What is no tag is left out, as the RFC asks."""
    found: dict[str, str] = {}
    for piece in text.split(";"):
        if tag := _TAG.fullmatch(piece.strip(" \t")):
            found.setdefault(tag[1].lower(), tag[2].strip(" \t"))
    return found
