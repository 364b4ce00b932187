"""Real logins in a namespace of their own, with any of a user's secrets; what they say is what is true.

The child (tests/collectors/logins_inside.py) has an own /etc, /home, /run, /var/log and network. Its users
have a password, a one-time secret or none, and an SSH key; the same root is then looked at by our collectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations
from typing import Any, Final

from tests.collectors import peer

ENROLLED: Final = ("alice", "nina")
USERS: Final = {"alice": (), "nina": ("nomfa",), "carol": ()}
"""Users and their groups. Carol has no one-time secret."""


class Logins(peer.Peer):
    """The child, asked over its pipe."""

    module = "tests.collectors.logins_inside"
    namespaces = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")

    def gets_in(self, by: str, user: str, have: Iterable[str], **more: str | int) -> bool:
        """Whether somebody with these secrets (password, otp, key) gets in as a user by a program."""
        inside: bool = self.ask("login", by=by, user=user, have=sorted(have), **more)
        return inside

    def enough(self, by: str, user: str, secrets: Iterable[str], **more: str | int) -> set[str]:
        """The least sets of secrets with which one gets in: each as "otp+password", "nothing" for none."""
        found: list[frozenset[str]] = []
        for have in subsets(secrets):
            if not any(one <= have for one in found) and self.gets_in(by, user, have, **more):
                found.append(have)
        return named(found)

    def enough_for_ssh(self, users: Iterable[str], joined: bool = False) -> dict[str, set[str]]:
        """The same for users of the running sshd with password, code and key: all connections at once.

        With `joined` a password is followed by the code, as pam_google_authenticator's forward_pass wants it.
        """
        let_in = self.ask("ssh", users=list(users), joined=joined)
        return {user: named(map(frozenset, found)) for user, found in let_in.items()}

    def collect(self, subject: str, live: bool = False) -> dict[str, Any]:
        """The facts (and reasons of what is missing) that a collector tells of this root."""
        facts: dict[str, Any] = self.ask("collect", subject=subject, live=live)
        return facts


def named(sets: Iterable[frozenset[str]]) -> set[str]:
    """The least of these sets, each as "otp+password", "nothing" for the empty one."""
    known = set(sets)
    least = [one for one in known if not any(other < one for other in known)]
    return {"+".join(sorted(one)) or "nothing" for one in least}


def subsets(secrets: Iterable[str]) -> list[frozenset[str]]:
    """Every selection, small ones first."""
    known = sorted(secrets)
    return [frozenset(one) for one in chain(*(combinations(known, size) for size in range(len(known) + 1)))]
