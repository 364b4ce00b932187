"""Bundles: the one file that is handed to an auditor. Building it; `config.bundle_check` checks it.

Members: `statements/` the exact envelopes by their place in the log; `sections/` and `verdicts/` one file a
host; `catalogue/`, `profile/` and `feeds/` what was judged by; `log/` checkpoint and proofs; whatever else lies
beside them is for reading. The manifest comes last: it names every member with its digest, and the digest of
the file before it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config import archive, canonical, envelope, statement
from config.archive import ArchiveWriter, Member
from config.canonical import Json, encode_time
from config.errors import InputError
from config.keys import PrivateKey
from config.statement import Statement, Subject, digest
from config.verdict import Verdict

MANIFEST = "manifest.dsse.json"
CHECKPOINT = "log/checkpoint"
PROOFS = "log/proofs.json"
FOLDERS = ("statements", "sections", "verdicts", "catalogue", "profile", "feeds", "log")

_STATEMENT = re.compile(r"statements/([0-9]{8,15})-([a-z_]+)\.dsse\.json")


@dataclass(frozen=True)
class BundleParts:
    """What a bundle is made of. Mappings may be lazy: one value is held at a time."""

    statements: Mapping[int, bytes]
    """Leaf index to the exact bytes of the envelope: every statement that is no report and no loss, and at
    least each host's latest report."""
    sections: Mapping[str, Sequence[bytes]]
    """Host id to the exact bytes of the sections that its reports here name; less where withheld."""
    verdicts: Mapping[str, Sequence[Verdict]]
    """Host id to what `config.rejudge.verdicts` answers at the moment."""
    catalogue: Mapping[str, bytes]
    profile: Mapping[str, bytes]
    checkpoint: bytes
    proofs: Mapping[int, Sequence[bytes]]
    """Leaf index to the inclusion proof under the checkpoint, for each of the statements."""
    renderings: Mapping[str, bytes]
    """Files for reading, by name; none of them is proven."""
    server_key_id: str
    tree_size: int
    moment: datetime
    created_at: datetime
    company: str | None = None
    scope: str = "all hosts"
    feeds: Mapping[str, bytes] = field(default_factory=dict)
    """By name, `kev.json` and its like: those that the log adopts, as adopted last."""


class OpenBundle:
    """A bundle's members by name, contents on demand; nothing of it is proven but the zip's structure."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.members: dict[str, Member] = {member.name: member for member in archive.read(data)}

    def read(self, name: str) -> bytes:
        """A member's content. Raises InputError `bundle_member_missing` or `bundle_member_damaged`."""
        if name not in self.members:
            raise InputError("bundle_member_missing", f"{name} is missing")
        return archive.content(self.data, self.members[name])

    def names(self, folder: str) -> list[str]:
        """The members in a folder."""
        return [name for name in self.members if name.startswith(f"{folder}/")]

    def folder(self, folder: str) -> dict[str, bytes]:
        """The contents of a small folder, by name within it."""
        return {name.removeprefix(f"{folder}/"): self.read(name) for name in self.names(folder)}

    def statements(self) -> dict[int, tuple[str, str]]:
        """The statements' names and kinds by place in the log. Raises InputError `bundle_structure`."""
        found = {}
        for name in self.names("statements"):
            place = read_statement_name(name)
            if place is None or place[0] in found:
                raise InputError(
                    "bundle_structure", f"{name} is no statement's name, or a second for its place"
                )
            found[place[0]] = (name, place[1])
        return found


def build(parts: BundleParts, bundle_key: PrivateKey) -> bytes:
    """Write a bundle: the same parts and an Ed25519 key give the same bytes, with the same zlib.

    Raises InputError `bundle_too_large`, and ValueError for parts that no check would accept.
    """
    said: dict[str, Json] = {
        "created_at": encode_time(parts.created_at),
        "moment": encode_time(parts.moment),
        "tree_size": parts.tree_size,
        "company": parts.company,
        "server_key_id": parts.server_key_id,
        "scope": parts.scope,
    }
    return seal(_members(parts), said, bundle_key)


def seal(members: Iterable[tuple[str, bytes]], said: Mapping[str, Json], bundle_key: PrivateKey) -> bytes:
    """Write the members in their order, then the signed manifest that names them and says `said`."""
    writer = ArchiveWriter()
    subjects = []
    for name, content in members:
        writer.add(name, content)
        subjects.append(Subject(name, digest(content)))
    manifest = Statement("bundle", tuple(subjects), {**said, "archive_sha256": writer.digest()})
    signed = envelope.encode(envelope.sign(statement.encode(manifest), bundle_key))
    # Nothing covers the manifest's own bytes, so they must not have a second, compressed spelling.
    writer.add(MANIFEST, signed, is_packed=False)
    return writer.finish()


def statement_name(index: int, kind: str) -> str:
    """The member that holds the statement at a place in the log."""
    return f"statements/{index:08d}-{kind}.dsse.json"


def sections_name(host_id: str) -> str:
    """The member that holds a host's sections, one a line."""
    return f"sections/{host_id}.jsonl"


def verdicts_name(host_id: str) -> str:
    """The member that holds a host's verdicts."""
    return f"verdicts/{host_id}.json"


def read_statement_name(name: str) -> tuple[int, str] | None:
    """Place in the log and kind out of a member's name, None for any other name."""
    found = _STATEMENT.fullmatch(name)
    if found and statement_name(int(found[1]), found[2]) == name:
        return int(found[1]), found[2]
    return None


def _members(parts: BundleParts) -> Iterator[tuple[str, bytes]]:
    proofs = {str(index): [each.hex() for each in proof] for index, proof in parts.proofs.items()}
    yield from sorted({f"catalogue/{name}": data for name, data in parts.catalogue.items()}.items())
    yield from sorted({f"feeds/{name}": data for name, data in parts.feeds.items()}.items())
    yield CHECKPOINT, parts.checkpoint
    yield PROOFS, canonical.encode(proofs)
    yield from sorted({f"profile/{name}": data for name, data in parts.profile.items()}.items())
    for host_id in sorted(parts.sections):
        yield sections_name(host_id), b"".join(each + b"\n" for each in sorted(parts.sections[host_id]))
    for index in sorted(parts.statements):
        data = parts.statements[index]
        kind = statement.decode(envelope.decode(data).payload).kind
        yield statement_name(index, kind), data
    for host_id in sorted(parts.verdicts):
        verdicts = [each.to_dict() for each in parts.verdicts[host_id]]
        yield verdicts_name(host_id), canonical.encode(verdicts)
    for name in sorted(parts.renderings):
        if name.partition("/")[0] in FOLDERS:
            raise ValueError(f"{name!r} would pass for evidence")
        yield name, parts.renderings[name]
