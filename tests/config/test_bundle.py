"""Building bundles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config import archive, bundle, canonical, envelope, statement
from config.bundle import MANIFEST, OpenBundle
from config.errors import InputError
from config.statement import digest
from tests.helpers import world


def turned(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """The same mapping, the other way round."""
    return dict(list(values.items())[::-1])


def test_same_parts_same_bytes() -> None:
    """A bundle rebuilds identically, whatever order its parts came in."""
    made = world("host-1", "host-2")
    parts = made.parts()
    other_way_round = made.parts(
        statements=turned(parts.statements),
        sections={host_id: list(held)[::-1] for host_id, held in turned(parts.sections).items()},
        verdicts=turned(parts.verdicts),
        catalogue=turned(parts.catalogue),
        proofs=turned(parts.proofs),
    )

    data = made.bundle()

    assert data == world("host-1", "host-2").bundle()
    assert data == bundle.build(other_way_round, made.bundle_key)


def test_members() -> None:
    """Statements keep their exact bytes; each host has its sections and verdicts; the manifest comes last."""
    made = world()
    opened = OpenBundle(made.bundle())

    assert MANIFEST == list(opened.members)[-1]
    assert made.statements[4] == opened.read("statements/00000004-report.dsse.json")
    assert sorted(made.sections["host-1"].values()) == opened.read("sections/host-1.jsonl").splitlines()
    assert ["verdicts/host-1.json"] == opened.names("verdicts")
    assert b"Read me.\n" == opened.read("README.txt")
    assert made.note() == opened.read("log/checkpoint")
    assert {"small.toml"} == opened.folder("profile").keys()
    with pytest.raises(InputError, match="bundle_member_missing: nothing is missing"):
        opened.read("nothing")


def test_manifest() -> None:
    """The manifest names every other member with its digest, and the digest of the file before itself."""
    made = world()
    data = made.bundle()
    opened = OpenBundle(data)

    signed = envelope.decode(opened.read(MANIFEST))
    said = statement.decode(envelope.verify(signed, [made.bundle_key.public]).payload)

    assert {each.name for each in said.subjects} == opened.members.keys() - {MANIFEST}
    assert all(each.sha256 == digest(opened.read(each.name)) for each in said.subjects)
    assert digest(data[: opened.members[MANIFEST].offset]) == said.predicate["archive_sha256"]
    assert ("Bolt Ltd", 6) == (said.predicate["company"], said.predicate["tree_size"])


@pytest.mark.parametrize(
    "name", ["statements/00000099-report.dsse.json", "log/other", "verdicts/host-9.json", "../up"]
)
def test_renderings_stay_apart(name: str) -> None:
    """A file for reading can't pass for evidence, nor leave its folder."""
    with pytest.raises(ValueError, match=r"would pass for evidence|no name"):
        world().bundle(renderings={name: b""})


def test_build_refuses_what_no_check_would_accept() -> None:
    """Parts that are no statements are the programmer's mistake or a broken store, said at once."""
    with pytest.raises(InputError):
        world().bundle(statements={0: b"{}"})


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("statements/00000000-server_keys.dsse.json", (0, "server_keys")),
        ("statements/123456789-report.dsse.json", (123456789, "report")),
        ("statements/000000001-report.dsse.json", None),
        ("statements/0000001-report.dsse.json", None),
        ("statements/\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661-report.dsse.json", None),
        ("statements/00000001-report.json", None),
        ("statements/00000001-.dsse.json", None),
        ("log/checkpoint", None),
    ],
)
def test_statement_names(name: str, place: tuple[int, str] | None) -> None:
    """A statement's name says its place and kind, in one spelling."""
    assert place == bundle.read_statement_name(name)


def test_vectors_are_documented() -> None:
    """Each file of published vectors is named with its origin."""
    folder = Path(__file__).parent / "vectors"
    words = (folder / "README.md").read_text(encoding="utf-8")

    assert [] == [each.name for each in folder.glob("*.json") if each.name not in words]


def test_a_bundle_unpacks_for_reading() -> None:
    """Each JSON member is JSON, each line of sections too."""
    opened = OpenBundle(world().bundle())

    for name in opened.members:
        if name.endswith(".json"):
            assert canonical.decode(opened.read(name))
    assert archive.is_name("sections/host-1.jsonl")
    assert all(canonical.decode(line) for line in opened.read("sections/host-1.jsonl").splitlines())
