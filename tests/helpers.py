"""An honest small world: a server, its log, one host or more. Each negative test is one small change to it.

Everything is fixed (keys, times, salts), so that equal worlds give equal bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config import bundle, canonical, checkpoint, criteria, envelope, merkle, rejudge, section, statement
from config.bundle import BundleParts
from config.canonical import encode_base64, encode_time
from config.checkpoint import Checkpoint
from config.keys import PrivateKey
from config.replay import Replay
from config.statement import Statement, Subject, digest

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORIGIN = "bolt.example/log"
SECRET = b"a host's own secret"

CATALOGUE = {
    "catalogue.toml": b'version = "1"\nmsc_version = "2020-03"\n',
    "retired.toml": b"",
    "facts.toml": b'"password.min_length" = "int"\n"sshd.installed" = "bool"\n"sshd.root_login" = "bool"\n',
    "4.8.toml": b"""
id = "4.8"
title = "Accounts"
level = "must"
requirement = "Accounts are individual."
functions = ["protect"]
link = "https://www.cbp.gov/"
parts = [{ id = "4.8.b", title = "Strong passwords", requirement = "They are strong." }]

[[checks]]
id = "password.min-length.v1"
part = "4.8.b"
title = "New passwords must be long enough"
level = "must"
rationale = "Short ones are guessed."
references = { csf = ["PR.AA-01"] }
remediation = { linux = "Set minlen." }
clauses = [{ fact = "password.min_length", operator = "at_least", parameter = "password_min_length" }]
examples = [{ verdict = "pass", facts = { "password.min_length" = 16 } }]

[[checks]]
id = "ssh.root-login.v1"
part = "4.8.b"
title = "Root does not log in over SSH"
level = "must"
rationale = "Root is nobody in particular."
references = { csf = ["PR.AA-01"] }
remediation = { linux = "PermitRootLogin no" }
applies_when = [{ fact = "sshd.installed", operator = "equals", expected = true }]
clauses = [{ fact = "sshd.root_login", operator = "equals", expected = false }]
examples = [{ verdict = "fail", facts = { "sshd.installed" = true, "sshd.root_login" = true } }]
""",
}
PROFILE = {
    "small.toml": b"""
name = "small"
title = "Small"
[thresholds.password_min_length]
value = 15
origin = "NIST SP 800-63B-4"
"""
}


def fixed_key(name: str) -> PrivateKey:
    """The Ed25519 key of this name, the same in each run."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def spelled(key: PrivateKey) -> dict[str, str]:
    """A key as statements name it."""
    return {"algorithm": key.public.algorithm, "spki": encode_base64(key.public.spki)}


def observer_of(subject_id: str) -> str:
    """Who speaks for a subject: itself, or whom its id is named after."""
    return subject_id.partition("~")[0]


def kind_of(subject_id: str) -> str:
    """The kind of subject that an id tells of."""
    return subject_id.partition("~")[2].partition(".")[0] or "host"


class World:
    """A server's log with everything that came to be in it, and the bundle it makes."""

    def __init__(self, bundle_key: PrivateKey | None = None) -> None:
        self.server, self.log = fixed_key("server"), fixed_key("log")
        self.bundle_key = bundle_key or fixed_key("bundle")
        self.now = MOMENT - timedelta(days=2)
        self.statements: dict[int, bytes] = {}
        self.leaves: list[bytes] = []
        self.sections: dict[str, dict[str, bytes]] = {}
        self.chains: dict[str, list[str]] = {}
        self.catalogue: Mapping[str, bytes] = CATALOGUE
        self.feeds: dict[str, bytes] = {}
        log = {"name": ORIGIN, "vkey": checkpoint.vkey(ORIGIN, self.log.public)}
        made = {"server": spelled(self.server), "bundle": spelled(self.bundle_key), "log": log}
        self.say("server_keys", {**made, "issued_at": encode_time(self.now)})

    @property
    def server_key_id(self) -> str:
        """What the auditor has from elsewhere."""
        return self.server.public.key_id

    def enter(self, data: bytes) -> int:
        """Enter an envelope's statement in the log; returns its place."""
        self.leaves.append(merkle.leaf_hash(envelope.decode(data).payload))
        self.statements[len(self.leaves) - 1] = data
        return len(self.leaves) - 1

    def say(
        self,
        kind: str,
        predicate: Mapping[str, Any],
        subjects: Sequence[Subject] = (),
        key: PrivateKey | None = None,
    ) -> int:
        """Sign and enter a statement, by the server's key where no other is given."""
        payload = statement.encode(Statement(kind, tuple(subjects), predicate))
        return self.enter(envelope.encode(envelope.sign(payload, key or self.server)))

    def adopt(
        self,
        catalogue: Mapping[str, bytes] = CATALOGUE,
        profile: Mapping[str, bytes] = PROFILE,
        catalogue_said: Mapping[str, Any] = MappingProxyType({}),
        profile_said: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Adopt a catalogue and a profile, with some fields of the statements changed."""
        at = {"adopted_at": encode_time(self.now)}
        thresholds = {"name": "small", "digest": digest(next(iter(profile.values()))), "mfa_reading": "text"}
        criteria_ = {"version": "1", "digest": criteria.load(catalogue).digest}
        self.say("catalogue", {**criteria_, **at, **catalogue_said}, _subjects(catalogue))
        self.say("profile", {**thresholds, **at, **profile_said}, _subjects(profile))

    def feed(self, data: bytes, **changes: Any) -> None:
        """Adopt a feed, with some fields of the statement changed."""
        told: Any = canonical.decode(data)
        name = told["format"].removesuffix(".v1")
        said = {"name": name, "version": "1", "published_at": told["published_at"]}
        said |= {"source_sha256": digest(b"downloaded"), "adopted_at": encode_time(self.now)}
        self.feeds[f"{name}.json"] = data
        self.say("feed", {**said, **changes}, [Subject(f"{name}.json", digest(data))])

    def enrol(self, host_id: str = "host-1", key: PrivateKey | None = None, **changes: Any) -> PrivateKey:
        """Enrol a host; returns its key."""
        key = key or fixed_key(host_id)
        predicate = {
            "host_id": host_id,
            "hostname": f"{host_id}.example",
            "key": spelled(key),
            "protection": "file",
            "serial": None,
            "platform": "linux",
            "token_id": "token-1",
            "tags": [],
            "enrolled_at": encode_time(self.now),
            "request_sha256": digest(host_id.encode()),
            **changes,
        }
        self.say("enrolment", predicate, [Subject("key", key.public.key_id)])
        return key

    def report(
        self,
        host_id: str = "host-1",
        facts: Mapping[str, Any] | None = None,
        key: PrivateKey | None = None,
        **changes: Any,
    ) -> int:
        """Let a host report facts of itself, or of what it observes, at the head of that chain."""
        given = (
            {"password.min_length": 16, "sshd.installed": True, "sshd.root_login": True}
            if facts is None
            else facts
        )
        subjects = []
        for name in sorted({fact.partition(".")[0] for fact in given}):
            own = {fact: value for fact, value in given.items() if fact.startswith(f"{name}.")}
            places = dict.fromkeys(own, (f"/etc/{name}",))
            data = section.seal(name, 1, "collected", None, own, {}, places, SECRET)
            self.sections.setdefault(host_id, {})[digest(data)] = data
            subjects.append(Subject(name, digest(data)))
        predicate = {**self.link(host_id), **self._scan(), **changes}
        place = self.say("report", predicate, subjects, key or fixed_key(observer_of(host_id)))
        self.chains.setdefault(host_id, []).append(digest(envelope.decode(self.statements[place]).payload))
        self.now += timedelta(hours=1)
        return place

    def lose(self, host_id: str = "host-1", lost_sha256: str = "", **changes: Any) -> int:
        """Let a host declare its next report lost."""
        lost = lost_sha256 or digest(b"lost")
        said = {"lost_sha256": lost, "reason": "spool_damaged", "found_at": encode_time(self.now)}
        predicate = {**self.link(host_id), **said, **changes}
        place = self.say("loss", predicate, [Subject("report", lost)], fixed_key(observer_of(host_id)))
        self.chains.setdefault(host_id, []).append(lost)
        return place

    def revoke(self, host_id: str = "host-1", key: PrivateKey | None = None) -> None:
        """Revoke a host's key."""
        key_id = (key or fixed_key(host_id)).public.key_id
        said = {"host_id": host_id, "key_id": key_id, "reason": "sold"}
        self.say("revocation", {**said, "revoked_at": encode_time(self.now)})

    def fork(self, host_id: str = "host-1") -> None:
        """Record that a host's key signed two chains."""
        said = {"host_id": host_id, "sequence": 1, "held_sha256": digest(b"a"), "shown_sha256": digest(b"b")}
        self.say("fork", {**said, "seen_at": encode_time(self.now)})

    def release(self, host_id: str = "host-1") -> None:
        """Trust a host again after a fork."""
        self.say(
            "release", {"host_id": host_id, "reason": "clone gone", "released_at": encode_time(self.now)}
        )

    def waive(self, check: str, *hosts: str, ends_at: datetime = MOMENT + timedelta(days=30)) -> None:
        """Waive a check for some hosts, or for all where none is named."""
        said = {"id": "w-1", "check": check, "reason": "being replaced", "approver": "Ana"}
        scope = {"all": not hosts, "hosts": list(hosts)}
        times = {"ends_at": encode_time(ends_at), "approved_at": encode_time(self.now)}
        self.say("waiver", {**said, "scope": scope, **times})

    def link(self, host_id: str) -> dict[str, Any]:
        """The fields that place a host's next statement in its chain."""
        chain = self.chains.get(host_id, [])
        return {
            "subject": {"id": host_id, "kind": kind_of(host_id)},
            "observer": {"id": observer_of(host_id)},
            "sequence": len(chain) + 1,
            "previous": chain[-1] if chain else None,
        }

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree of the log."""
        if level == 0:
            return self.leaves[index]
        return merkle.node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))

    def note(self, size: int | None = None) -> bytes:
        """The signed checkpoint."""
        size = len(self.leaves) if size is None else size
        return checkpoint.sign(Checkpoint(ORIGIN, size, merkle.root(size, self.node)), self.log)

    def parts(self, **changes: Any) -> BundleParts:
        """What an honest export would put in a bundle, with some of it changed."""
        size = len(self.leaves)
        made = BundleParts(
            statements=dict(self.statements),
            sections={host_id: list(held.values()) for host_id, held in self.sections.items()},
            verdicts=changes.get("verdicts") or self.verdicts(),
            catalogue=self.catalogue,
            profile=PROFILE,
            checkpoint=self.note(),
            proofs={index: merkle.inclusion_proof(index, size, self.node) for index in self.statements},
            feeds=self.feeds,
            renderings={"README.txt": b"Read me.\n"},
            server_key_id=self.server_key_id,
            tree_size=size,
            moment=MOMENT,
            created_at=MOMENT,
            company="Bolt Ltd",
        )
        return replace(made, **changes)

    def verdicts(self) -> dict[str, tuple[Any, ...]]:
        """What every host is judged to be, by the rules in force."""
        replay = Replay(self.server.public)
        for index, data in sorted(self.statements.items()):
            if index:
                signed = envelope.decode(data)
                replay.take(statement.decode(signed.payload).kind, signed)
        rules = rejudge.rules(replay.held, self.catalogue, PROFILE, self.feeds)
        judged = {}
        for host_id, host in replay.hosts.items():
            held = self.sections.get(host_id, {})
            named = host.report.subjects if host.report else ()
            sections = [section.decode(held[each.sha256]) for each in named]
            seen = rejudge.evidence(host_id, host.report, sections, MOMENT)
            judged[host_id] = rejudge.verdicts(seen, host.state, rules, MOMENT)
        return {host_id: found for host_id, found in judged.items() if found}

    def bundle(self, **changes: Any) -> bytes:
        """The bundle's bytes."""
        return bundle.build(self.parts(**changes), self.bundle_key)

    def _scan(self) -> dict[str, Any]:
        return {
            "started_at": encode_time(self.now),
            "finished_at": encode_time(self.now + timedelta(seconds=3)),
            "trigger": "scheduled",
            "agent_version": "0.1.0",
            "platform": "linux",
            "role": "workstation",
            "privileges": "cap_dac_read_search",
            "cost": {"cpu_ms": 900, "wall_ms": 3000, "peak_rss_kib": 40000},
            "clock_offset_ms": 12,
        }


def _subjects(files: Mapping[str, bytes]) -> list[Subject]:
    return [Subject(name, digest(data)) for name, data in sorted(files.items())]


def world(*hosts: str) -> World:
    """A world with rules adopted and each host (one, where none is named) enrolled and reporting twice."""
    made = World()
    made.adopt()
    for host_id in hosts or ("host-1",):
        made.enrol(host_id)
        made.report(host_id)
        made.report(host_id)
    return made
