"""Checking a bundle, offline: twelve numbered steps, each trusting only what the ones before it proved.

The README of this room states the same steps for people. Everything begins with one fingerprint that the
auditor has from elsewhere. Bytes are verified before they are parsed, and what was parsed is never encoded
again, but for the one comparison in step 3 that leaves the manifest a single spelling.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from config import bundle, canonical, checkpoint, envelope, keys, merkle, rejudge, standing, statement
from config.bundle import MANIFEST, PROOFS, OpenBundle
from config.canonical import Json, decode_base64
from config.checked import BundleError, Checked, Told, naming
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.keys import PublicKey
from config.rejudge import Rules
from config.replay import Host, Replay
from config.settings import BUNDLE_MEMBER_MAX_BYTES
from config.statement import Statement, digest
from config.verdict import Verdict

__all__ = ["BundleError", "Checked", "check"]

KEYS = bundle.statement_name(0, "server_keys")


class _Keys(NamedTuple):
    server: PublicKey
    bundle: PublicKey
    vkey: str


def check(data: bytes, server_key_id: str) -> Checked:
    """Check a bundle against the fingerprint of the server's key, and judge every host again.

    Raises BundleError at the first thing that is wrong, naming the member.
    """
    told = Told()
    try:
        _check(data, server_key_id, told)
    except InputError as error:
        raise BundleError(error, told.checked(ok=False)) from error
    return told.checked(ok=True)


def _check(data: bytes, server_key_id: str, told: Told) -> None:
    opened = OpenBundle(data)  # 1
    told.step("The file is a zip in which every byte between members has its place.")
    trusted = _trusted(opened, server_key_id, told)  # 2 to 4
    head = _head(opened, trusted, told.manifest)  # 5
    told.counts["log_entries"] = head.size
    told.step(f"The checkpoint of {head.origin} at {head.size} entries is signed by the log.")
    replay = _replay(opened, head, trusted.server, told)  # 6 to 9
    rules = rejudge.rules(replay.held, *map(opened.folder, ("catalogue", "profile", "feeds")))  # 10
    named = f"Catalogue {rules.catalogue.version}, profile {rules.profile.name}, feeds {rules.feeds}"
    told.step(f"{named}: those adopted last.")
    moment = canonical.decode_time(str(told.manifest["moment"]))
    counts = standing.counts(_judged(opened, replay, rules, moment, told))  # 11, 12
    told.step(f"{told.counts['sections']} sections are those that the hosts' reports name.")
    told.step(f"{told.counts['verdicts']} verdicts as of {told.manifest['moment']} were found again.")
    told.standing = standing.roll_up(counts, rules.catalogue, rules.documents, moment, rules.mfa_reading)
    _say_limits(opened, head, replay, told)


def _trusted(opened: OpenBundle, server_key_id: str, told: Told) -> _Keys:
    """Steps 2 to 4. The manifest, which may be large, is needed no longer."""
    trusted = _server_keys(opened, server_key_id)  # 2
    told.step("The server's keys are those of the fingerprint given.")
    manifest = _manifest(opened, trusted)  # 3
    told.manifest = manifest.predicate
    told.step("The manifest is signed by the server's bundle key.")
    _members(opened, manifest)  # 4
    told.counts["members"] = len(opened.members)
    told.step(f"The manifest's digests fit all {len(opened.members)} members.")
    return trusted


def _server_keys(opened: OpenBundle, server_key_id: str) -> _Keys:
    """Step 2. The one payload that is read before it is verified: its key is pinned from outside."""
    data = opened.read(KEYS)
    with naming(KEYS):
        signed = envelope.decode(data)
        said = statement.decode(signed.payload)
        if said.kind != "server_keys":
            raise InputError("bundle_wrong_kind", f"it is a statement of kind {said.kind}")
        told: Mapping[str, Any] = said.predicate
        server = keys.load_public(decode_base64(told["server"]["spki"]))
        if server.key_id != server_key_id:
            hint = "Compare the fingerprint with the one the server's operator gave you."
            raise InputError("bundle_other_server", f"signed by the server key {server.key_id}", hint)
        envelope.verify(signed, [server])
        return _Keys(server, keys.load_public(decode_base64(told["bundle"]["spki"])), told["log"]["vkey"])


def _manifest(opened: OpenBundle, trusted: _Keys) -> Statement:
    """Step 3. Nothing else covers the manifest, so it comes last and has a single spelling."""
    data = opened.read(MANIFEST)
    with naming(MANIFEST):
        if opened.members[MANIFEST].is_packed or [*opened.members][-1] != MANIFEST:
            raise InputError("bundle_structure", "it is compressed, or not the last member")
        signed = envelope.decode(data, BUNDLE_MEMBER_MAX_BYTES)
        verified = envelope.verify(signed, [trusted.bundle])
        hints = [each.keyid for each in signed.signatures]
        if hints != [verified.key.key_id] or envelope.encode(signed) != data:
            raise InputError("bundle_member_altered", "it is not spelt as it was written")
        said = statement.decode(verified.payload, BUNDLE_MEMBER_MAX_BYTES)
        if said.kind != "bundle" or said.predicate["server_key_id"] != trusted.server.key_id:
            raise InputError("bundle_wrong_kind", "it is no manifest of a bundle of this server")
        if str(said.predicate["moment"]) > str(said.predicate["created_at"]):
            raise InputError("bundle_wrong_moment", "its moment comes after its making")
        return said


def _members(opened: OpenBundle, manifest: Statement) -> None:
    """Step 4: the members, their contents, and how the contents are stored."""
    listed = [*(each.name for each in manifest.subjects), MANIFEST]
    for name in sorted({*listed} ^ {*opened.members}):
        raise InputError("bundle_member_missing", f"{name} is only in the manifest, or only in the file")
    for subject in manifest.subjects:
        if digest(opened.read(subject.name)) != subject.sha256:
            raise InputError("bundle_member_altered", f"{subject.name} is not what the manifest says")
    # Compressed data have many spellings for one content; this leaves only the one that was written.
    before = memoryview(opened.data)[: opened.members[MANIFEST].offset]
    if hashlib.sha256(before).hexdigest() != manifest.predicate["archive_sha256"]:
        raise InputError("bundle_structure", "the zip structure: members stored otherwise than written")


def _head(opened: OpenBundle, trusted: _Keys, manifest: Mapping[str, Json]) -> Checkpoint:
    """Step 5: the log's head, under the log's own key."""
    note = opened.read(bundle.CHECKPOINT)
    with naming(bundle.CHECKPOINT):
        head = checkpoint.verify(note, [trusted.vkey])
        if head.size != manifest["tree_size"]:
            raise InputError(
                "bundle_proof_wrong", f"{head.size} entries, where the manifest has another number"
            )
        return head


def _replay(opened: OpenBundle, head: Checkpoint, server: PublicKey, told: Told) -> Replay:
    """Steps 6 to 9, statement by statement in the log's order."""
    data = opened.read(PROOFS)
    with naming(PROOFS):
        proofs = canonical.decode(data, BUNDLE_MEMBER_MAX_BYTES)
    places = opened.statements()
    if not isinstance(proofs, dict) or proofs.keys() != {str(index) for index in places}:
        raise InputError("bundle_proof_wrong", f"{PROOFS}: not one proof for each statement")
    replay, counts = Replay(server), told.counts
    for index, (name, kind) in sorted(places.items()):
        data = opened.read(name)
        with naming(name):
            signed = envelope.decode(data)
            leaf = merkle.leaf_hash(signed.payload)
            merkle.verify_inclusion(leaf, index, head.size, _hashes(proofs.pop(str(index))), head.root)  # 6
            # The log's first entry was step 2's.
            if index:
                replay.take(kind, signed)  # 7, 8, 9
        counts[{"report": "reports", "loss": "losses"}.get(kind, "server_statements")] += 1
    counts["hosts"] = sum(host.observer is None for host in replay.hosts.values())
    counts["observed"] = len(replay.hosts) - counts["hosts"]
    told.step(f"{len(places)} statements are in the log, each at its place.")
    told.step(f"{counts['server_statements']} of them are the server's; they enrol {counts['hosts']} hosts.")
    told.step(f"{counts['reports']} reports and {counts['losses']} losses are signed by keys enrolled then.")
    told.step(
        f"Each host's chain goes on from what it said before; so do those of {counts['observed']} observed."
    )
    return replay


def _hashes(values: Json) -> list[bytes]:
    if isinstance(values, list) and all(isinstance(each, str) for each in values):
        try:
            return [bytes.fromhex(str(each)) for each in values]
        except ValueError:
            pass  # said below
    raise InputError("bundle_proof_wrong", f"{PROOFS} has no list of hashes for it")


def _judged(
    opened: OpenBundle, replay: Replay, rules: Rules, moment: datetime, told: Told
) -> Iterator[Verdict]:
    """Steps 11 and 12, host by host, so that one host's facts are held at a time."""
    expected = {
        name(host_id) for host_id in replay.hosts for name in (bundle.sections_name, bundle.verdicts_name)
    }
    for name in sorted({*opened.names("sections"), *opened.names("verdicts")} - expected):
        raise InputError("bundle_unknown_host", f"{name} is of no enrolled host")
    for host_id, host in sorted(replay.hosts.items()):
        name = bundle.sections_name(host_id)
        kept = opened.read(name) if name in opened.members else b""
        with naming(name):
            sections = rejudge.open_sections(host, kept)  # 11
        told.counts["sections"] += len(sections)
        due = [each.sha256 for each in host.report.subjects] if host.report else []
        seen = rejudge.evidence(
            host_id, host.report, (sections[each] for each in due if each in sections), moment
        )
        verdicts = rejudge.verdicts(seen, host.state, rules, moment)  # 12
        withheld = len([each for each in due if each not in sections])
        lacking = rejudge.lacking(seen, rules) if withheld else frozenset()
        unproven = _compare(opened, host_id, host, verdicts, lacking, told)
        if withheld:
            what = f"{withheld} of {len(due)} sections are withheld"
            told.not_proven.append(f"{host_id}: {what}, and {unproven} verdicts rest on them.")
        yield from verdicts


def _compare(
    opened: OpenBundle,
    host_id: str,
    host: Host,
    verdicts: tuple[Verdict, ...],
    lacking: frozenset[str],
    told: Told,
) -> int:
    """Step 12: what is told of a host is what was found; returns how many verdicts stay unproven."""
    name = bundle.verdicts_name(host_id)
    if name not in opened.members:
        if verdicts:
            told.not_proven.append(f"{host_id}: the bundle tells no verdicts of it.")
        return 0
    data = opened.read(name)
    with naming(name):
        difference, unproven = rejudge.first_difference(
            canonical.decode(data, BUNDLE_MEMBER_MAX_BYTES), verdicts, lacking
        )
        if difference:
            raise InputError("bundle_verdict_differs", difference)
    told.counts["verdicts"] += len(verdicts) - unproven
    return unproven


def _say_limits(opened: OpenBundle, head: Checkpoint, replay: Replay, told: Told) -> None:
    """What no step can show, and what a reader should know of single hosts."""
    told.absent(head.size - len(opened.names("statements")), head.size)
    told.not_proven.append("When entries were made: no time stamp or witness of others is in this bundle.")
    earlier = sum(len(host.sections) for host in replay.hosts.values()) - told.counts["sections"]
    if earlier:
        told.not_proven.append(f"{earlier} sections that reports name are not here; their digests stand.")
    readings = [name for name in opened.members if name.partition("/")[0] not in (*bundle.FOLDERS, MANIFEST)]
    if readings:
        told.not_proven.append(f"{', '.join(readings)}: for reading, made by the server, not checked.")
    for host_id, host in sorted(replay.hosts.items()):
        told.warnings += host.warnings(host_id)
