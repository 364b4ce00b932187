"""The log told again in its order: who may sign when and about what, and what each host said, one after the other.

Bundle check, steps 7 to 9. The server's word sets the rules; a host's word counts only while its key is
enrolled and its chain is undisputed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from config import canonical, envelope, keys, statement
from config.criterion import PLATFORMS
from config.envelope import Envelope
from config.errors import InputError
from config.keys import PublicKey
from config.statement import Statement, digest

BY_HOST = ("report", "loss")


@dataclass(slots=True)
class Host:
    """What the log has told so far of one host, or of what a host observes."""

    hostname: str
    observer: "Host | None" = None
    """Whose word it is, where that is another host's."""
    keys: set[str] = field(default_factory=set)
    is_quarantined: bool = False
    head: int = 0
    report: Statement | None = None
    """The report that the host is judged by: the last that continued its chain."""
    sections: dict[str, str] = field(default_factory=dict)
    """Of all its reports: digest to collector."""
    links: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    """Sequence number to (digest, digest before it)."""
    losses: list[int] = field(default_factory=list)

    @property
    def state(self) -> str:
        """`active`, `quarantined` or `revoked`."""
        if self.observer:
            return self.observer.state
        if not self.keys:
            return "revoked"
        return "quarantined" if self.is_quarantined else "active"

    def warnings(self, host_id: str) -> list[str]:
        """What a reader should know of it: numbers not here, reports lost, and a state that is not active."""
        found, expected = [], 1
        for sequence in sorted(self.links):
            if sequence > expected:
                found.append(f"{host_id}: reports {expected} to {sequence - 1} are not in this bundle.")
            expected = sequence + 1
        found += [f"{host_id}: report {number} was lost, as the host itself says." for number in self.losses]
        if self.state != "active":
            found.append(f"{host_id} is {self.state}.")
        elif self.report is None:
            found.append(f"{host_id} has not reported.")
        return found


class Replay:
    """Takes the log's statements one by one, in the order of their places."""

    def __init__(self, server: PublicKey) -> None:
        self.hosts: dict[str, Host] = {}
        kinds = ("catalogue", "profile", "feed", "document", "waiver")
        self.held: dict[str, list[Statement]] = {kind: [] for kind in kinds}
        self._server = server
        self._keys: dict[str, tuple[str, PublicKey]] = {}

    def take(self, kind: str, signed: Envelope) -> None:
        """Verify a statement of the kind that its place promises, and let it have its effect.

        Raises InputError `bundle_unknown_key`, `bundle_wrong_kind`, `bundle_unknown_host`,
        `bundle_host_quarantined`, `bundle_chain_broken`, or what verifying and reading raise.
        """
        if kind in BY_HOST:
            self._observed(kind, signed)
        else:
            self._said(kind, signed)

    def _said(self, kind: str, signed: Envelope) -> None:
        """Step 7: the server's own statements."""
        said = _read(kind, envelope.verify(signed, [self._server]).payload)
        told: Mapping[str, Any] = said.predicate
        if kind in self.held:
            self.held[kind].append(said)
        elif kind == "enrolment":
            key = keys.load_public(canonical.decode_base64(told["key"]["spki"]))
            if key.key_id in self._keys:
                raise InputError("bundle_unknown_key", "a key is enrolled twice")
            self._keys[key.key_id] = (told["host_id"], key)
            self.hosts.setdefault(told["host_id"], Host(told["hostname"])).keys.add(key.key_id)
        elif kind == "revocation":
            if told["key_id"] not in self._host(told["host_id"]).keys:
                raise InputError("bundle_unknown_key", "a key is revoked that is not enrolled")
            # From here on the key proves nothing any more.
            self._host(told["host_id"]).keys.remove(told["key_id"])
            del self._keys[told["key_id"]]
        elif kind in ("fork", "release"):
            self._host(told["host_id"]).is_quarantined = kind == "fork"
        else:
            raise InputError("bundle_wrong_kind", f"a statement of kind {kind} has no place here")

    def _observed(self, kind: str, signed: Envelope) -> None:
        """Steps 8 and 9: reports and losses, by a key enrolled at this point of the log, chained."""
        # Of two signers, the server might believe one and the auditor the other.
        if len(signed.signatures) != 1:
            raise InputError("envelope_malformed", "a host's statement has exactly one signature")
        # The hint narrows the choice; what does not verify by a key enrolled now is refused all the same.
        known = [self._keys[each.keyid] for each in signed.signatures if each.keyid in self._keys]
        if not known:
            raise InputError("bundle_unknown_key", "its key was not enrolled at this point of the log")
        verified = envelope.verify(signed, [key for _, key in known])
        said = _read(kind, verified.payload)
        told: Mapping[str, Any] = said.predicate
        host_id = self._keys[verified.key.key_id][0]
        if told["observer"]["id"] != host_id:
            raise InputError("bundle_unknown_key", f"signed by {host_id} in the name of another host")
        subject_id, observer = about(said), self.hosts[host_id]
        if observer.is_quarantined:
            raise InputError("bundle_host_quarantined", f"{host_id} was quarantined at this point of the log")
        name = subject_id.partition("~")[2].partition(".")[2]
        host = self.hosts.setdefault(subject_id, Host(name, observer))
        proven = told["lost_sha256"] if kind == "loss" else digest(verified.payload)
        _chain(host, told["sequence"], proven, told["previous"])
        if kind == "loss":
            host.losses.append(told["sequence"])
        else:
            host.sections.update((each.sha256, each.name) for each in said.subjects)
        if told["sequence"] > host.head:
            host.head = told["sequence"]
            host.report = said if kind == "report" else host.report

    def _host(self, host_id: str) -> Host:
        if host_id not in self.hosts:
            raise InputError("bundle_unknown_host", f"{host_id} is not enrolled at this point of the log")
        return self.hosts[host_id]


def about(said: Statement) -> str:
    """The id of the subject of a report or a loss: the observer itself, or what is named after the observer.

    So nobody speaks for what another observes. Raises InputError `wrong_subject`, also where the platform is
    of another kind: a host that called itself a network would escape the checks of hosts.
    """
    told: Mapping[str, Any] = said.predicate
    subject_id, kind, observer = told["subject"]["id"], told["subject"]["kind"], told["observer"]["id"]
    if (subject_id, kind) != (observer, "host") and not subject_id.startswith(f"{observer}~{kind}."):
        raise InputError("wrong_subject", f"{observer} does not speak for {subject_id} as a {kind}")
    if PLATFORMS.get(told.get("platform", ""), kind) != kind:
        raise InputError("wrong_subject", f"the platform {told['platform']} is that of no {kind}")
    return str(subject_id)


def _chain(host: Host, sequence: int, proven: str, previous: str | None) -> None:
    """A link agrees with the same number told before (a report and its loss), and with both neighbours."""
    if (sequence == 1) is not (previous is None):
        raise InputError("bundle_chain_broken", f"number {sequence} begins the chain wrongly")
    for number, link in _constraints(host, sequence):
        if number == sequence and link != (proven, previous):
            raise InputError("bundle_chain_broken", f"number {sequence} is told in two ways")
        if number < sequence and link[0] != previous:
            raise InputError("bundle_chain_broken", f"number {sequence} does not continue number {number}")
        if number > sequence and link[1] != proven:
            raise InputError("bundle_chain_broken", f"number {number} does not continue number {sequence}")
    host.links[sequence] = (proven, previous)


def _constraints(host: Host, sequence: int) -> Iterator[tuple[int, tuple[str, str | None]]]:
    for number in (sequence - 1, sequence, sequence + 1):
        if number in host.links:
            yield number, host.links[number]


def _read(kind: str, payload: bytes) -> Statement:
    said = statement.decode(payload)
    if said.kind != kind:
        raise InputError("bundle_wrong_kind", f"it is a statement of kind {said.kind}")
    return said
