"""Checking bundles: an honest one is proven, and nothing about it can be changed unseen."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import bundle, canonical, envelope, keys, statement
from config.archive import ArchiveWriter
from config.bundle import CHECKPOINT, MANIFEST, PROOFS, OpenBundle
from config.bundle_check import BundleError, check
from config.canonical import Json
from config.checked import COUNTS
from config.envelope import Signature
from config.errors import InputError
from config.statement import Statement, digest
from tests.helpers import CATALOGUE, MOMENT, World, fixed_key, world

ROOT = Path(__file__).parents[2]
KEYS = "statements/00000000-server_keys.dsse.json"
REPORT = "statements/00000005-report.dsse.json"
SECTIONS = "sections/host-1.jsonl"
VERDICTS = "verdicts/host-1.json"
LATER = "2027-11-24T12:00:00Z"
Members = Mapping[str, bytes | None]


def refusal(data: bytes, server_key_id: str = "") -> BundleError:
    """What the check finds wrong first."""
    found = None
    try:
        check(data, server_key_id or World().server_key_id)
    except BundleError as error:
        found = error
    assert found, "nothing was found wrong"
    assert not found.checked.ok
    return found


def members(data: bytes, changes: Members) -> dict[str, bytes]:
    """A bundle's members with some changed; None leaves one out, the manifest stays last."""
    opened = OpenBundle(data)
    found: dict[str, bytes | None] = {name: opened.read(name) for name in opened.members}
    manifest = found.pop(MANIFEST)
    changed = {**found, MANIFEST: manifest, **changes}
    changed[MANIFEST] = changed.pop(MANIFEST)
    return {name: content for name, content in changed.items() if content is not None}


def rewritten(data: bytes, changes: Members) -> bytes:
    """The bundle with the changes of a stranger, who has no key."""
    writer = ArchiveWriter()
    for name, content in members(data, changes).items():
        writer.add(name, content, is_packed=name != MANIFEST)
    return writer.finish()


def signed_anew(made: World, changes: Members, **said: Json) -> bytes:
    """The bundle with the changes of whoever holds the bundle key."""
    data = made.bundle()
    opened = OpenBundle(data)
    predicate = dict(statement.decode(envelope.decode(opened.read(MANIFEST)).payload).predicate) | said
    contents = members(data, changes)
    del contents[MANIFEST]
    return bundle.seal(contents.items(), predicate, made.bundle_key)


def test_honest() -> None:
    """All twelve steps prove an honest bundle, and say what they can't prove."""
    made = world("host-1", "host-2")

    got = check(made.bundle(), made.server_key_id)

    assert got.ok
    assert [str(number) for number in range(1, 13)] == [each.split(".")[0] for each in got.proven]
    assert dict(zip(COUNTS, (22, 9, 5, 2, 0, 4, 0, 4, 4), strict=True)) == got.counts
    assert "Bolt Ltd" == got.manifest["company"]
    assert ["not_met"] == ([each.status for each in got.standing.criteria] if got.standing else [])
    assert () == got.warnings
    assert 2 == len(got.not_proven), got.not_proven


def test_twice_the_same() -> None:
    """The same bundle gives the same findings."""
    made = world()

    assert check(made.bundle(), made.server_key_id) == check(made.bundle(), made.server_key_id)


def test_other_fingerprint() -> None:
    """A bundle of another server is refused at once, naming the key that signed it."""
    made = world()
    found = refusal(made.bundle(), fixed_key("other").public.key_id)

    assert "bundle_other_server" == found.code
    assert made.server_key_id in found.message
    assert 1 == len(found.checked.proven)


def test_p256_bundle_key() -> None:
    """A server whose bundle key lives in hardware that has only P-256 is proven too."""
    made = World(keys.generate(keys.ECDSA_P256))
    made.adopt()

    assert check(made.bundle(verdicts={}), made.server_key_id).ok


@pytest.mark.slow
@pytest.mark.parametrize("quarter", range(4))
def test_every_byte(quarter: int) -> None:
    """A bit flipped in any byte of the file is found, and what is said names a member or the zip structure."""
    made = world()
    data = made.bundle(renderings={})
    names = [*OpenBundle(data).members, "the zip structure"]
    for at in range(quarter, len(data), 4):
        found = refusal(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :], made.server_key_id)
        assert any(name in found.message for name in names), (at, found.message)
        assert len(found.checked.proven) < 4


def test_every_bit_of_the_last_bytes() -> None:
    """The unused bits at the end of compressed data, which change no content, are found as well."""
    data = world().bundle()
    for member in OpenBundle(data).members.values():
        for at in range(member.start + member.stored - 2, member.start + member.stored):
            for bit in range(8):
                refusal(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])


@pytest.mark.parametrize("name", [name for name in OpenBundle(world().bundle()).members if name != MANIFEST])
def test_every_member(name: str) -> None:
    """Any member altered, left out or put in twice is found and named, headers and checksums made to fit."""
    data = world().bundle()
    content = OpenBundle(data).read(name)
    altered = bytes([content[0] ^ 1]) + content[1:] if content else b"x"

    for changed in (altered, content + b"\n", content[:-1] if content else b"xx"):
        # The server's keys are read before the manifest, so their own signature speaks first.
        found = refusal(rewritten(data, {name: changed}))
        assert name in found.message
        assert name == KEYS or "bundle_member_altered" == found.code
    assert name in refusal(rewritten(data, {name: None})).message
    assert f"more-{name}" in refusal(rewritten(data, {f"more-{name}": content})).message


def test_manifest_altered() -> None:
    """The manifest has one spelling, whatever its signature would allow."""
    made = world()
    data = made.bundle()
    content = OpenBundle(data).read(MANIFEST)
    signed = envelope.decode(content)
    (one,) = signed.signatures
    url_safe = (
        content.replace(b"+", b"-")
        .replace(b"/", b"_")
        .replace(b"application_vnd.in-toto-", b"application/vnd.in-toto+")
    )
    hintless = replace(signed, signatures=(Signature("", one.sig),))
    twice = replace(signed, signatures=(one, one))

    for spelled in (
        content + b"\n",
        content.replace(b":", b": "),
        url_safe,
        envelope.encode(hintless),
        envelope.encode(twice),
    ):
        found = refusal(rewritten(data, {MANIFEST: spelled}))
        assert MANIFEST in found.message
        assert "bundle_member_altered" == found.code
    assert envelope.decode(url_safe).payload == signed.payload


def test_manifest_packed_or_not_last() -> None:
    """A manifest that is compressed has many spellings, and one that is not last covers too little."""
    data = world().bundle()
    contents = members(data, {})
    packed, early = ArchiveWriter(), ArchiveWriter()
    for name, content in contents.items():
        packed.add(name, content)
    for name, content in {MANIFEST: contents[MANIFEST], **contents}.items():
        early.add(name, content, is_packed=name != MANIFEST)

    for made in (packed, early):
        found = refusal(made.finish())
        assert ("bundle_structure", True) == (found.code, MANIFEST in found.message)


def test_manifest_signed_by_another() -> None:
    """Only the bundle key that the server names signs a manifest."""
    made = world()
    made.bundle_key = fixed_key("other")

    assert ("bad_signature", 2) == (refusal(made.bundle()).code, len(refusal(made.bundle()).checked.proven))


def test_manifest_of_another_kind_or_server() -> None:
    """A manifest is a manifest, of a bundle of this server."""
    made = world()
    release = Statement("release", (), {"host_id": "h", "reason": "r", "released_at": "2026-11-24T12:00:00Z"})
    other = envelope.encode(envelope.sign(statement.encode(release), made.bundle_key))

    assert "bundle_wrong_kind" == refusal(rewritten(made.bundle(), {MANIFEST: other})).code
    assert "bundle_wrong_kind" == refusal(signed_anew(made, {}, server_key_id=digest(b"other"))).code


def test_server_keys_of_another_kind() -> None:
    """The first member is what it is called."""
    made = world()
    other = {KEYS: made.statements[1]}

    assert "bundle_wrong_kind" == refusal(rewritten(made.bundle(), other)).code


def test_server_keys_forged() -> None:
    """Naming the server's key is not being it."""
    made = world()
    signed = envelope.decode(made.statements[0])
    forged = envelope.sign(signed.payload, fixed_key("other"))

    assert "bad_signature" == refusal(rewritten(made.bundle(), {KEYS: envelope.encode(forged)})).code


def without(made: World, index: int) -> dict[str, Any]:
    """Parts that leave out a statement, properly."""
    parts = made.parts()
    return {
        "statements": {place: data for place, data in parts.statements.items() if place != index},
        "proofs": {place: proof for place, proof in parts.proofs.items() if place != index},
    }


def test_statements_left_out() -> None:
    """Earlier reports may stay out; that nothing else did is then the server's word, and said."""
    made = world()

    got = check(made.bundle(renderings={}, **without(made, 4)), made.server_key_id)

    assert (
        "1 of the log's 6 entries are not here: a revocation, a quarantine or a newer, failing report"
        " could be among them, and the standing another.",
        "host-1: reports 1 to 1 are not in this bundle.",
    ) == got.warnings
    assert any("1 of the log's 6 entries are not here" in each for each in got.not_proven)
    assert not any("for reading" in each for each in got.not_proven)


def test_fork_left_out_of_whole_chains() -> None:
    """Where the manifest says that whole chains are here, no entry may be absent."""
    made = world()
    made.fork()
    whole = {"scope": "all hosts, whole chains, sections of the latest reports"}
    left = without(made, len(made.leaves) - 1) | whole

    assert check(made.bundle(**whole), made.server_key_id).ok
    found = refusal(made.bundle(verdicts=world().verdicts(), **left))
    assert ("bundle_member_missing", 12) == (found.code, len(found.checked.proven))


def test_earlier_sections_left_out() -> None:
    """Sections of earlier reports need not be here, and are counted."""
    made = world()
    kept = list(made.sections["host-1"].values())
    made.report(facts={"password.min_length": 20})
    last = [data for data in made.sections["host-1"].values() if data not in kept]

    got = check(made.bundle(sections={"host-1": last}), made.server_key_id)

    assert 1 == got.counts["sections"]
    assert any("2 sections that reports name are not here" in each for each in got.not_proven)


def test_sections_withheld() -> None:
    """Withheld sections leave their checks unproven, and what remains is proven."""
    made = world()
    kept = [data for data in made.sections["host-1"].values() if b'"sshd"' not in data]

    got = check(made.bundle(sections={"host-1": kept}), made.server_key_id)

    assert got.ok
    assert 1 == got.counts["verdicts"]
    assert "host-1: 1 of 2 sections are withheld, and 1 verdicts rest on them." in got.not_proven


def test_host_without_verdicts() -> None:
    """A host of which nothing is told is named, and counted as found."""
    made = world("host-1", "host-2")
    told = {host_id: found for host_id, found in made.verdicts().items() if host_id == "host-2"}

    got = check(made.bundle(verdicts=told), made.server_key_id)

    assert 2 == got.counts["verdicts"]
    assert "host-1: the bundle tells no verdicts of it." in got.not_proven
    assert got.standing
    assert 2 == got.standing.criteria[0].parts[0].checks[0].passed


def test_states_of_hosts() -> None:
    """Revoked hosts are judged no more, quarantined ones unknown, silent ones unknown; all are named."""
    made = world("host-1", "host-2", "host-3")
    made.enrol("host-4")
    made.revoke("host-1")
    made.fork("host-2")
    made.lose("host-3")

    got = check(made.bundle(), made.server_key_id)

    assert (
        "host-1 is revoked.",
        "host-2 is quarantined.",
        "host-3: report 3 was lost, as the host itself says.",
        "host-4 has not reported.",
    ) == got.warnings
    assert 6 == got.counts["verdicts"]


def test_observed_subjects() -> None:
    """What hosts observe is judged by its own sections, counted apart, and named by its own file."""
    made = world()
    made.report("host-1~host.web", facts={"password.min_length": 8})
    made.report("host-1~device.switch", platform="device")
    got = check(made.bundle(), made.server_key_id)

    assert (1, 2, 4) == tuple(got.counts[name] for name in ("hosts", "observed", "verdicts"))
    assert got.standing
    # A device is asked none of the checks of Linux, not even as unknown.
    first = got.standing.criteria[0].parts[0].checks[0]
    assert (1, 1, 0) == (first.passed, first.failed, first.unknown)


def test_observed_subject_withheld() -> None:
    """Its sections may be withheld as a host's: what they would show stays unproven, and is named."""
    made = world()
    made.report("host-1~host.web", facts={"password.min_length": 8})
    got = check(made.bundle(sections={"host-1": list(made.sections["host-1"].values())}), made.server_key_id)

    assert got.ok
    assert any(each.startswith("host-1~host.web: 1 of 1 sections are withheld") for each in got.not_proven)


def test_observed_subject_of_another_file() -> None:
    """Sections that its observer reported of something else are none of its own."""
    made = world()
    made.report("host-1~host.web", facts={"password.min_length": 8})
    own = list(made.sections["host-1"].values())
    found = refusal(made.bundle(sections={"host-1": own, "host-1~host.web": own}, verdicts={}))

    assert "bundle_section_unnamed" == found.code


def test_waivers_count() -> None:
    """A waiver in the log overlays what is found; one that has ended does not."""
    made = world()
    made.waive("ssh.root-login.v1", "host-1")
    waived = check(made.bundle(), made.server_key_id)
    made.waive("ssh.root-login.v1", "host-1", ends_at=MOMENT - timedelta(hours=1))
    ended = check(made.bundle(), made.server_key_id)

    assert waived.standing
    assert ended.standing
    assert 1 == waived.standing.criteria[0].parts[0].checks[1].waived
    assert 0 == ended.standing.criteria[0].parts[0].checks[1].waived


PROOF = canonical.encode({str(index): [] for index in range(6)})
REPORT_BY_OTHER = envelope.encode(
    envelope.sign(envelope.decode(world().statements[5]).payload, fixed_key("other"))
)
OTHER_SPELLING = REPORT_BY_OTHER.replace(b'"signatures":', b'"signatures": ')


@pytest.mark.parametrize(
    ("code", "member", "changes"),
    [
        ("checkpoint_bad_signature", CHECKPOINT, {CHECKPOINT: world().note().replace(b"bolt", b"belt")}),
        ("checkpoint_malformed", CHECKPOINT, {CHECKPOINT: b""}),
        ("bundle_proof_wrong", CHECKPOINT, {CHECKPOINT: world().note(5)}),
        ("not_json", PROOFS, {PROOFS: b""}),
        ("bundle_proof_wrong", PROOFS, {PROOFS: b"[]"}),
        ("bundle_proof_wrong", PROOFS, {PROOFS: b"{}"}),
        ("inclusion_wrong", KEYS, {PROOFS: PROOF}),
        ("bundle_proof_wrong", KEYS, {PROOFS: PROOF.replace(b'"0":[]', b'"0":{}')}),
        ("bundle_proof_wrong", KEYS, {PROOFS: PROOF.replace(b'"0":[]', b'"0":[1]')}),
        ("bundle_proof_wrong", KEYS, {PROOFS: PROOF.replace(b'"0":[]', b'"0":["g"]')}),
        ("bundle_proof_wrong", PROOFS, {REPORT: None}),
        ("bundle_member_missing", CHECKPOINT, {CHECKPOINT: None}),
        ("bundle_member_missing", PROOFS, {PROOFS: None}),
        ("bundle_member_missing", KEYS, {KEYS: None}),
        ("envelope_malformed", REPORT, {REPORT: b"{}"}),
        ("inclusion_wrong", REPORT, {REPORT: world().statements[4]}),
        ("bundle_unknown_key", REPORT, {REPORT: REPORT_BY_OTHER}),
        ("bundle_structure", "statements/5", {"statements/5": b""}),
        ("bundle_structure", "00000005-loss", {"statements/00000005-loss.dsse.json": world().statements[5]}),
        (
            "bundle_wrong_kind",
            "00000005-loss",
            {REPORT: None, "statements/00000005-loss.dsse.json": world().statements[5]},
        ),
        ("bundle_rules_differ", "catalogue", {"catalogue/4.8.toml": CATALOGUE["4.8.toml"] + b"\n"}),
        ("bundle_rules_differ", "profile", {"profile/small.toml": None}),
        ("bundle_section_unnamed", SECTIONS, {SECTIONS: b"{}\n"}),
        ("bundle_unknown_host", "sections/host-9", {"sections/host-9.jsonl": b""}),
        ("bundle_unknown_host", "verdicts/host-9", {"verdicts/host-9.json": b"[]"}),
        ("bundle_unknown_host", "sections/other", {"sections/other": b""}),
        ("bundle_verdict_differs", VERDICTS, {VERDICTS: b"[]"}),
        ("not_json", VERDICTS, {VERDICTS: b""}),
    ],
)
def test_server_that_lies(code: str, member: str, changes: dict[str, bytes | None]) -> None:
    """Whoever holds the bundle key alone can change nothing either: each step stands on signatures of others."""
    found = refusal(signed_anew(world(), changes))

    assert (code, True) == (found.code, member in found.message), found.message


def test_verdict_that_lies() -> None:
    """A verdict made better is found again as it is, and the difference is told."""
    made = world()
    told = OpenBundle(made.bundle()).read(VERDICTS)
    better = told.replace(b'"answer":"fail"', b'"answer":"pass"')

    found = refusal(signed_anew(made, {VERDICTS: better}))

    assert "bundle_verdict_differs" == found.code
    assert f"{VERDICTS}: ssh.root-login.v1: told pass" in found.message
    assert 11 == len(found.checked.proven) + 1


def test_moment_that_lies() -> None:
    """Verdicts of another moment than the one told are found out where time makes a difference."""
    found = refusal(signed_anew(world(), {}, moment=LATER, created_at=LATER))

    assert "bundle_verdict_differs" == found.code
    assert "stale" in found.message


def test_moment_to_come() -> None:
    """Nobody could judge as of a moment after the bundle was made."""
    found = refusal(signed_anew(world(), {}, moment=LATER))

    assert ("bundle_wrong_moment", 2) == (found.code, len(found.checked.proven))


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_moment_at_the_ends(moment: str) -> None:
    """A moment that leaves no room for reckoning is refused with the manifest."""
    made = world()
    opened = OpenBundle(made.bundle())
    signed = envelope.decode(opened.read(MANIFEST))
    altered = signed.payload.replace(b'"moment":"2026-11-24T12:00:00Z"', f'"moment":"{moment}"'.encode())
    assert altered != signed.payload
    data = envelope.encode(envelope.sign(altered, made.bundle_key))

    assert "statement_malformed" == refusal(rewritten(made.bundle(), {MANIFEST: data})).code


def test_tree_that_lies() -> None:
    """The manifest's number of entries is the checkpoint's."""
    assert "bundle_proof_wrong" == refusal(signed_anew(world(), {}, tree_size=7)).code


def test_renderings_spelt_anew() -> None:
    """The same content compressed otherwise is not the file that was written."""
    made = world()
    data = made.bundle(renderings={"page.html": b"<p>" * 1000})
    member = OpenBundle(data).members["page.html"]
    spelled = [
        data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        for at in range(member.start, member.start + member.stored)
        for bit in range(8)
    ]
    same = [each for each in spelled if _reads(each, "page.html")]

    assert same
    assert {"bundle_structure"} == {refusal(each).code for each in same}


def _reads(data: bytes, name: str) -> bool:
    try:
        return OpenBundle(data).read(name) == b"<p>" * 1000
    except InputError:
        return False


OFFLINE = """
import sys

def no_network(event, _):
    if event.startswith("socket."):
        raise PermissionError(event)

sys.addaudithook(no_network)
from config.bundle_check import check

with open(sys.argv[1], "rb") as file:
    checked = check(file.read(), sys.argv[2])
# cryptography itself looks whether bcrypt is there.
rooms = {name.partition(".")[0] for name in sys.modules} - {*sys.stdlib_module_names, "bcrypt"}
print(checked.ok, *sorted(room for room in rooms if not room.startswith("_")))
"""


def test_offline(tmp_path: Path) -> None:
    """The check needs no network, where there is none and opening a socket is an error, and no other packages."""
    made = world()
    (tmp_path / "bundle.zip").write_bytes(made.bundle())
    alone = ["unshare", "--net", "--map-root-user"] if _can_unshare() else []
    command = [*alone, sys.executable, "-c", OFFLINE, str(tmp_path / "bundle.zip"), made.server_key_id]

    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "True config cryptography\n" == run.stdout, run.stderr


def _can_unshare() -> bool:
    tool = shutil.which("unshare")
    return (
        tool is not None
        and subprocess.run([tool, "--net", "--map-root-user", "true"], check=False).returncode == 0
    )
