"""The rules by which a host's statement is admitted: bytes and small values in, a decision or an InputError out.

The ten steps of admission, numbered here, in `ingest.py`, in `writer.py` and in this room's README alike:

 1. the body is within its limits                     6. sections match their digests; none is missing
 2. the envelope decodes strictly                     7. it continues the subject's chain
 3. a trusted key of a host verifies the bytes        8. bytes, log leaf and chain head are committed at once
 4. the payload type is ours                          9. the receipt is built and answered
 5. the payload parses, and may speak of its subject 10. verdicts are refreshed
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property

from config import canonical, envelope, evaluate, replay, section, statement
from config.canonical import Json
from config.envelope import Envelope, VerifiedPayload
from config.errors import InputError
from config.keys import PublicKey
from config.settings import ENVELOPE_MAX_BYTES, SECTION_MAX_BYTES, SECTIONS_MAX, UPLOAD_MAX_BYTES
from config.statement import Statement
from server.answers import RefusalError

ACTIVE, QUARANTINED, REVOKED = "active", "quarantined", "revoked"


@dataclass(frozen=True)
class Upload:
    """A body taken apart. Nothing in it has been verified."""

    envelope_bytes: bytes
    envelope: Envelope
    sections: Mapping[str, bytes]  # by their digest, which is computed here

    @property
    def key_id(self) -> str:
        """The key that the envelope claims first; a hint."""
        return self.envelope.signatures[0].keyid


@dataclass(frozen=True)
class KnownKey:
    """A key that was enrolled, whose it is, and whether it may still sign."""

    key: PublicKey
    host_id: str
    state: str


@dataclass(frozen=True)
class Submission:
    """A verified statement of a host about itself or about what it observes, not yet placed in the subject's chain."""

    kind: str  # report, loss
    host_id: str  # of the subject
    subject_kind: str
    observer: str  # whose key signed it
    key_id: str
    sha256: str
    sequence: int
    previous: str | None
    chain_sha256: str  # what the next statement must name as its previous
    finished_at: str
    observed_at: datetime  # the same, put right where the host's clock is known to run ahead
    clock_offset_ms: int | None
    platform: str
    role: str
    payload: bytes
    envelope_bytes: bytes
    subjects: Mapping[str, str]  # digest -> collector
    sections: Mapping[str, bytes]  # those that came along, by digest

    @cached_property
    def sections_sha256(self) -> str:
        """One digest for all the sections that a report names, to tell whether anything changed."""
        named = sorted(f"{sha256} {collector}\n" for sha256, collector in self.subjects.items())
        return statement.digest("".join(named).encode())


@dataclass(frozen=True)
class Head:
    """A subject's chain as it stands, and what of a submission is already here."""

    state: str  # of the observer
    sequence: int
    sha256: str | None
    is_here: bool  # this very statement
    held_sha256: str | None  # the chain digest held at the submission's place
    held_previous: str | None  # and the one before it


class Place(Enum):
    """Where a submission belongs."""

    NEXT = "next"  # continues the chain
    HERE = "here"  # is in the log already: success
    BESIDE = "beside"  # agrees with what the chain holds at this place: kept, the head stays
    FORK = "fork"  # contradicts the chain: kept as proof, the host is quarantined


def open_upload(body: bytes) -> Upload:
    """Steps 1 and 2: ``{"envelope": text, "sections": [text, …]}`` within limits, the envelope decoded."""
    match canonical.decode(body, UPLOAD_MAX_BYTES):  # 1
        case {"envelope": str(envelope_text), "sections": [*texts], **rest} if not rest:
            pass
        case _:
            raise InputError("upload_malformed", "The body is not an object with envelope and sections.")
    if len(texts) > SECTIONS_MAX:
        raise InputError("too_large", f"The report comes with more than {SECTIONS_MAX} sections.")
    envelope_bytes = envelope_text.encode()
    if len(envelope_bytes) > ENVELOPE_MAX_BYTES:
        raise InputError("too_large", f"The envelope has more than {ENVELOPE_MAX_BYTES} bytes.")
    opened = envelope.decode(envelope_bytes)  # 2
    if len(opened.signatures) != 1:
        # Of several, the server and the auditor might believe different ones.
        raise InputError("envelope_malformed", "A host's envelope has exactly one signature.")
    bodies = [_section_bytes(text) for text in texts]
    return Upload(envelope_bytes, opened, {statement.digest(data): data for data in bodies})


def verify(upload: Upload, known: KnownKey) -> Submission:
    """Steps 3, 4 and 5: signed by the enrolled key, ours in type, well-formed, about the key's own host or subject."""
    verified = envelope.verify(upload.envelope, [known.key])  # 3, 4
    if known.state == REVOKED:
        raise InputError(
            "host_revoked", "This host was revoked on the server.", "Enrol it again with a new key."
        )
    parsed = statement.decode(verified.payload)  # 5
    if parsed.kind not in ("report", "loss"):
        raise InputError("statement_unknown_kind", f"A host sends reports, not {parsed.kind} statements.")
    if _member(parsed.predicate["observer"], "id") != known.host_id:
        raise InputError("wrong_observer", "The report is signed by another host than its observer.")
    return _submission(upload, known, verified, parsed)


def match_sections(submission: Submission, here: Mapping[str, tuple[str, int] | None]) -> None:
    """Step 6: every section that came is named by the report, every one named has come or is here.

    `here` are the digests already kept for this host, with collector and size; None where both were matched before.
    All that a report names is bounded together, whenever it came: a bundle holds it at once.
    """
    size = sum(map(len, submission.sections.values()))
    for sha256, data in submission.sections.items():
        if sha256 not in submission.subjects:
            raise InputError("section_digest_mismatch", f"The report names no section with digest {sha256}.")
        if section.decode(data).collector != submission.subjects[sha256]:
            raise InputError(
                "section_malformed", f"Section {sha256} is not of the collector that the report names."
            )
    missing: list[Json] = []
    for sha256, collector in submission.subjects.items():
        if sha256 in submission.sections:
            continue
        if sha256 not in here:
            missing.append(sha256)
            continue
        kept = here[sha256] or (collector, 0)
        if kept[0] != collector:
            raise InputError(
                "section_malformed", f"Section {sha256} is not of the collector that the report names."
            )
        size += kept[1]
    if size > UPLOAD_MAX_BYTES:
        raise InputError("too_large", f"The sections of the report have more than {UPLOAD_MAX_BYTES} bytes.")
    if missing:
        hint = "Send the report again with these sections."
        raise RefusalError(
            "sections_missing", f"{len(missing)} sections are not here.", hint, {"missing": missing}
        )


def place(submission: Submission, head: Head) -> Place:
    """Step 7: whether it continues the chain; InputError when it cannot be placed at all."""
    if head.is_here:
        return Place.HERE
    if head.state == REVOKED:
        raise InputError(
            "host_revoked", "This host was revoked on the server.", "Enrol it again with a new key."
        )
    if head.state == QUARANTINED:
        hint = "An administrator decides: boltseal-server host release, or revoke and enrol again."
        raise InputError("host_quarantined", "This host's key signed two different chains.", hint)
    if submission.sequence > head.sequence + 1:
        expected = head.sequence + 1
        hint = f"Send number {expected} first."
        raise RefusalError(
            "sequence_gap", f"Number {expected} is not here yet.", hint, {"expected": expected}
        )
    if submission.sequence == head.sequence + 1:
        return Place.NEXT if submission.previous == head.sha256 else Place.FORK
    # A receipt that got lost, then the report itself: the `loss` names what is held, or the other way round.
    link = (submission.chain_sha256, submission.previous)
    return Place.BESIDE if link == (head.held_sha256, head.held_previous) else Place.FORK


def fork_error(submission: Submission) -> InputError:
    """Return what a host hears whose report contradicts its chain."""
    hint = "The host is quarantined: two machines may share one key. An administrator decides."
    return InputError("sequence_fork", f"Number {submission.sequence} is here with other bytes.", hint)


def _submission(upload: Upload, known: KnownKey, verified: VerifiedPayload, parsed: Statement) -> Submission:
    said = parsed.predicate
    is_loss = parsed.kind == "loss"
    sequence, previous, offset = said["sequence"], said["previous"], said.get("clock_offset_ms")
    assert isinstance(sequence, int)
    assert previous is None or isinstance(previous, str)
    if (sequence == 1) != (previous is None):
        raise InputError("statement_malformed", "Only the first report of a chain has no previous one.")
    subjects = {each.sha256: each.name for each in parsed.subjects}
    if not len(parsed.subjects) == len(subjects) == len(set(subjects.values())) <= SECTIONS_MAX:
        raise InputError("statement_malformed", "The report names a section twice, or too many.")
    return Submission(
        kind=parsed.kind,
        host_id=replay.about(parsed),
        subject_kind=str(_member(said["subject"], "kind")),
        observer=known.host_id,
        key_id=known.key.key_id,
        sha256=verified.digest,
        sequence=sequence,
        previous=previous,
        chain_sha256=str(said["lost_sha256"]) if is_loss else verified.digest,
        finished_at=str(said["found_at" if is_loss else "finished_at"]),
        observed_at=canonical.decode_time(str(said["found_at"])) if is_loss else evaluate.observed_at(said),
        clock_offset_ms=offset if isinstance(offset, int) else None,
        platform=str(said.get("platform", "")),
        role=str(said.get("role", "")),
        payload=verified.payload,
        envelope_bytes=upload.envelope_bytes,
        subjects={} if is_loss else subjects,
        sections=upload.sections,
    )


def _section_bytes(text: Json) -> bytes:
    if not isinstance(text, str):
        raise InputError("upload_malformed", "A section is not text.")
    data = text.encode()
    if len(data) > SECTION_MAX_BYTES:
        raise InputError("too_large", f"A section has more than {SECTION_MAX_BYTES} bytes.")
    return data


def _member(value: Json, name: str) -> Json:
    assert isinstance(value, dict)
    return value[name]
