"""Checkpoints: byte-true to C2SP, held to the vectors of the specification and of Go's note package."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config import checkpoint, keys, merkle
from config.canonical import decode_base64, encode_base64
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.settings import NOTE_MAX_BYTES, SIGNATURES_MAX

# golang.org/x/mod, sumdb/note/note_test.go, commit fe2ec04f (BSD-3-Clause): keys, text and signatures.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWL"
    "ox33WWd1RvMc+QQ=\n"
)
# c2sp.org/signed-note, "Example", commit 5ba5ee83 of C2SP/C2SP (BSD-1-Clause).
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlT"
    "gK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# c2sp.org/tlog-checkpoint, the first example; its verifier key is not published.
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGz"
    "Gku9nTo+zyWE+xeMcTOAYQ8=\n"
)

KEY = keys.generate()
ORIGIN = "bolt.example/log"
VKEY = checkpoint.vkey(ORIGIN, KEY.public)
HEAD = Checkpoint(ORIGIN, 20852163, merkle.leaf_hash(b""))


def peter() -> keys.PrivateKey:
    """The published signer."""
    return keys.PrivateKey(Ed25519PrivateKey.from_private_bytes(decode_base64(PETER_SECRET)[1:]))


def noted(text: str, name: str = ORIGIN) -> bytes:
    """Any text, signed with the log's key."""
    return checkpoint.cosign(f"{text}\n".encode(), name, KEY)


def test_published_vkey_and_signature() -> None:
    """Verifier key, key hash and signature line are the published ones."""
    assert PETER == checkpoint.vkey("PeterNeumann", peter().public)
    assert (TEXT + "\n" + PETER_LINE).encode() == checkpoint.cosign(
        (TEXT + "\n").encode(), "PeterNeumann", peter()
    )


@pytest.mark.parametrize(
    ("lines", "vkeys", "names"),
    [
        (PETER_LINE, [PETER], {"PeterNeumann"}),
        (PETER_LINE + ENOCH_LINE, [PETER], {"PeterNeumann"}),
        (PETER_LINE + ENOCH_LINE, [ENOCH, PETER], {"PeterNeumann", "EnochRoot"}),
        (ENOCH_LINE + PETER_LINE + PETER_LINE, [PETER, PETER], {"PeterNeumann"}),
        (PETER_LINE * SIGNATURES_MAX, [PETER], {"PeterNeumann"}),
        (PETER_LINE.replace("x08g", "xxxx") + ENOCH_LINE, [PETER, ENOCH], {"EnochRoot"}),
    ],
)
def test_published_notes(lines: str, vkeys: list[str], names: set[str]) -> None:
    """Notes open with the known signatures; unknown keys' lines are ignored."""
    got = checkpoint.open_note(f"{TEXT}\n{lines}".encode(), vkeys)

    assert (TEXT.encode(), frozenset(names)) == got


def test_published_specification() -> None:
    """The specification's own example verifies, and its checkpoint has our form."""
    text, _ = checkpoint.open_note(C2SP_NOTE.encode(), [C2SP_KEY])
    root = decode_base64(C2SP_CHECKPOINT.split("\n")[2])
    ours = checkpoint.sign(Checkpoint("example.com/behind-the-sofa", 20852163, root), KEY)

    assert b"This is an example message.\n" == text
    assert C2SP_CHECKPOINT.partition("—")[0].encode() == ours.partition("—".encode())[0]


def test_published_key_mangled() -> None:
    """No part of the published verifier key, and no change of one character, is a key."""
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if end - start < len(PETER):
                with pytest.raises(InputError, match="vkey_malformed"):
                    checkpoint.open_note(C2SP_NOTE.encode(), [PETER[start:end]])
    for at, character in enumerate(PETER):
        with pytest.raises(InputError, match="vkey_malformed"):
            checkpoint.open_note(C2SP_NOTE.encode(), [PETER[:at] + chr(ord(character) + 1) + PETER[at + 1 :]])


@pytest.mark.parametrize(
    "vkey",
    [
        # From the same file: a key of the wrong length, and one of an unknown algorithm, with fitting hashes.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcU",
        "PeterNeumann+c74f20a3",
        "",
    ],
)
def test_bad_vkey(vkey: str) -> None:
    """Keys of other lengths and algorithms are refused."""
    with pytest.raises(InputError, match="vkey_malformed"):
        checkpoint.verify(checkpoint.sign(HEAD, KEY), [vkey])


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + PETER_LINE,
        TEXT + "\n" + PETER_LINE[:-1],
        "\x01" + TEXT + "\n" + PETER_LINE,
        TEXT + "\r\n\r\n" + PETER_LINE,
        TEXT + "\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAc=\n",
        TEXT + "\n— Bad+Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAc=\n",
        TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
        TEXT + "\n— PeterNeumann BADHASH=\n",
        TEXT + "\n— PeterNeumann x08g\n",
        TEXT + "\n— PeterNeumann x08gow==\n",
        TEXT + "\n" + PETER_LINE * (NOTE_MAX_BYTES // len(PETER_LINE) + 1),
        "",
    ],
)
def test_malformed_note(note: str) -> None:
    """What is no signed note is refused before any signature is looked at."""
    with pytest.raises(InputError, match="checkpoint_malformed"):
        checkpoint.open_note(note.encode(), [PETER])
    with pytest.raises(InputError, match="checkpoint_malformed"):
        checkpoint.open_note(b"\xff" + note.encode(), [PETER])


def test_bad_signature() -> None:
    """No signature, only unknown ones, and a bad one of a known key condemn a note."""
    good = (TEXT + "\n" + PETER_LINE).encode()
    for note, vkeys in [
        ((TEXT + "\n").encode(), [PETER]),
        (good, [ENOCH]),
        (good, []),
        (good.replace(b"problem is", b"problem was"), [PETER]),
        (good.replace(b"x08go/", b"x08go+"), [PETER]),
        (good.replace(b"x08go/", b"x08go+") + ENOCH_LINE.encode(), [PETER, ENOCH]),
    ]:
        with pytest.raises(InputError, match="checkpoint_bad_signature"):
            checkpoint.open_note(note, vkeys)


def test_round_trip() -> None:
    """A checkpoint reads back as it was signed."""
    assert HEAD == checkpoint.verify(checkpoint.sign(HEAD, KEY), [VKEY])


@pytest.mark.parametrize(
    "text",
    [f"{ORIGIN}\n0\n{encode_base64(bytes(32))}\n", f"{ORIGIN}\n7\n{encode_base64(bytes(32))}\nextension\n"],
)
def test_empty_log_and_extension_lines(text: str) -> None:
    """An empty log has a checkpoint, and lines after the third are somebody else's."""
    assert bytes(32) == checkpoint.verify(noted(text), [VKEY]).root


def test_witness() -> None:
    """A witness's line is verified beside the log's, and never stands in for it."""
    witness = keys.generate()
    name = "witness.example"
    vkey = checkpoint.vkey(name, witness.public)
    note = checkpoint.cosign(checkpoint.sign(HEAD, KEY), name, witness)
    alone = checkpoint.cosign(checkpoint.sign(HEAD, KEY).split("—".encode())[0], name, witness)

    assert HEAD == checkpoint.verify(note, [VKEY])
    assert HEAD == checkpoint.verify(note, [vkey, VKEY])
    assert {ORIGIN, name} == checkpoint.open_note(note, [vkey, VKEY])[1]
    with pytest.raises(InputError, match="checkpoint_bad_signature"):
        checkpoint.verify(alone, [vkey, VKEY])


ROOT_LINE = encode_base64(bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n07\n{ROOT_LINE}\n",
        f"{ORIGIN}\n-7\n{ROOT_LINE}\n",
        f"{ORIGIN}\n\n{ROOT_LINE}\n",
        f"{ORIGIN}\n\u0667\n{ROOT_LINE}\n",
        f"{ORIGIN}\n9007199254740992\n{ROOT_LINE}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT_LINE}\n",
        f"{ORIGIN}\n7\n{encode_base64(bytes(31))}\n",
        f"{ORIGIN}\n7\n{ROOT_LINE}=\n",
    ],
)
def test_malformed_checkpoint(text: str) -> None:
    """A well-signed note that is no checkpoint is refused."""
    with pytest.raises(InputError, match="checkpoint_malformed"):
        checkpoint.verify(noted(text), [VKEY])


def test_other_origin() -> None:
    """A key signs for the log of its own name only."""
    with pytest.raises(InputError, match="checkpoint_bad_signature"):
        checkpoint.verify(noted(f"other.example/log\n7\n{ROOT_LINE}\n"), [VKEY])


def test_programmers_mistakes() -> None:
    """A name with a space and a key of another algorithm can't sign."""
    with pytest.raises(ValueError, match="no spaces"):
        checkpoint.vkey("bolt example", KEY.public)
    with pytest.raises(ValueError, match="Ed25519"):
        checkpoint.vkey(ORIGIN, keys.generate(keys.ECDSA_P256).public)
