"""Keys and their files."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from config import keys
from config.errors import InputError

# RFC 8032, section 7.1, TEST 2.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
# A low private value keeps the P-256 key the same in each run.
P256 = ec.derive_private_key(7, ec.SECP256R1())


@pytest.fixture(params=keys.ALGORITHMS)
def key(request: pytest.FixtureRequest) -> keys.PrivateKey:
    """A key of each algorithm."""
    return keys.generate(request.param)


def test_sign_and_verify(key: keys.PrivateKey) -> None:
    """A signature is good for its bytes and its key, and for nothing else."""
    signature = key.sign(b"data")

    assert key.public.verify(signature, b"data")
    assert not key.public.verify(signature, b"date")
    assert not key.public.verify(signature[:-1], b"data")
    assert not key.public.verify(b"", b"data")
    assert not keys.generate(key.public.algorithm).public.verify(signature, b"data")


def test_round_trip(key: keys.PrivateKey) -> None:
    """A key comes back from its file and from its SubjectPublicKeyInfo with the same fingerprint."""
    again = keys.load_private(key.to_pem(), 0o100600)
    public = keys.load_public(key.public.spki)

    assert key.public == again.public == public
    assert key.public.key_id == public.key_id
    assert key.public.algorithm == public.algorithm
    assert public.verify(again.sign(b"data"), b"data")


def test_published_vector() -> None:
    """Ed25519 signs as RFC 8032 says."""
    key = keys.PrivateKey(Ed25519PrivateKey.from_private_bytes(SEED))

    assert SIGNATURE == key.sign(b"\x72")
    assert PUBLIC == key.public.spki[-32:]
    assert "ed25519" == key.public.algorithm


def test_generate_refuses() -> None:
    """There is no third algorithm."""
    with pytest.raises(ValueError, match="rsa"):
        keys.generate("rsa")


def test_key_hides_its_secret() -> None:
    """No representation shows a private key."""
    assert "PRIVATE" not in repr(keys.generate())
    assert "_key" not in repr(keys.generate().public)


@pytest.mark.parametrize("mode", [0o100640, 0o100604, 0o100620, 0o100601, 0o100777])
def test_load_private_mode(mode: int) -> None:
    """A file that anyone but its owner may touch is refused, with what to do."""
    with pytest.raises(InputError, match="key_readable_by_others") as caught:
        keys.load_private(keys.generate().to_pem(), mode)

    assert "0600" in caught.value.hint


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
    ],
    ids=["empty", "garbage", "encrypted"],
)
def test_load_private_malformed(pem: bytes) -> None:
    """A file that holds no plain key is refused."""
    with pytest.raises(InputError, match="key_malformed"):
        keys.load_private(pem, 0o600)


@pytest.mark.parametrize(
    "private",
    [
        ec.derive_private_key(7, ec.SECP384R1()),
        ed448.Ed448PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["p384", "ed448", "rsa"],
)
def test_unsupported(private: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey) -> None:
    """Any other algorithm is refused on both sides."""
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(InputError, match="key_unsupported"):
        keys.load_private(pem, 0o600)
    with pytest.raises(InputError, match="key_unsupported"):
        keys.load_public(spki)


def test_unknown_algorithm() -> None:
    """An algorithm that the library has never heard of is refused in the same words."""
    spki = P256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pkcs8 = P256.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    curve, other = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030177")
    body = base64.encodebytes(pkcs8.replace(curve, other))

    with pytest.raises(InputError, match="key_unsupported"):
        keys.load_public(spki.replace(curve, other))
    with pytest.raises(InputError, match="key_unsupported"):
        keys.load_private(b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\n", 0o600)


def test_load_public_malformed() -> None:
    """Bytes that are no key, and a second spelling of a good one, are refused."""
    spki = P256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    compressed = P256.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    short = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + compressed

    for bad in (b"", spki[:-1], spki + b"\0", spki[:-1] + bytes([spki[-1] ^ 1]), short):
        with pytest.raises(InputError, match="key_malformed"):
            keys.load_public(bad)
