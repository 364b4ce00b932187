"""DSSE envelopes, held to the specification's published vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from config import canonical, envelope, keys
from config.canonical import encode_base64
from config.envelope import PAYLOAD_TYPE, Envelope
from config.errors import InputError
from config.settings import SIGNATURES_MAX
from config.statement import digest

PUBLISHED = json.loads((Path(__file__).parent / "vectors" / "dsse.json").read_text(encoding="utf-8"))
PAYLOAD = b'{"a":1}'
KEY = keys.PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
OTHER = keys.generate(keys.ECDSA_P256)


def published_key(name: str) -> keys.PrivateKey:
    """One of the published vectors' keys."""
    seed = bytes.fromhex(PUBLISHED["keys"][name]["seed"])
    return keys.PrivateKey(Ed25519PrivateKey.from_private_bytes(seed))


def changed(**fields: Any) -> bytes:
    """A good envelope's bytes with one field set, or removed where it is None."""
    document = json.loads(envelope.encode(envelope.sign(PAYLOAD, KEY)))
    document.update(fields)
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: vector["id"])
def test_published(vector: dict[str, Any]) -> None:
    """Each published vector is accepted or rejected as published."""
    decoded = envelope.decode(json.dumps(vector["envelope"]).encode())
    trusted = [published_key(name).public for name in vector["trustedKeys"]]

    pae = envelope.pae(decoded.payload_type, decoded.payload).hex()
    signers = set(envelope.signers(decoded, trusted))
    supported = decoded.payload_type in vector["supportedPayloadTypes"]

    # The swapped type's published PAE is what was signed, not what the envelope claims.
    assert (vector["pae"] == pae) is (vector["id"] != "payload-type-swapped")
    assert (vector["expect"] == "accept") is (len(signers) >= vector["threshold"] and supported)


def test_published_signature() -> None:
    """We sign as the published vectors are signed."""
    vector = PUBLISHED["vectors"][0]["envelope"]

    got = envelope.sign(canonical.decode_base64(vector["payload"]), published_key("A"))

    assert vector["signatures"][0]["sig"] == encode_base64(got.signatures[0].sig)


def test_published_example() -> None:
    """protocol.md's own example: its PAE, and its ECDSA P-256 signature."""
    pae = envelope.pae("http://example.com/HelloWorld", b"hello world")
    public = ec.EllipticCurvePublicNumbers(
        46950820868899156662930047687818585632848591499744589407958293238635476079160,
        5640078356564379163099075877009565129882514886557779369047442380624545832820,
        ec.SECP256R1(),
    ).public_key()
    raw = canonical.decode_base64(
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    )
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))

    assert b"DSSEv1 29 http://example.com/HelloWorld 11 hello world" == pae
    assert keys._public(public).verify(signature, pae)


def test_pae_counts_bytes() -> None:
    """The type's length is counted in bytes."""
    assert "DSSEv1 3 é! 2 {}".encode() == envelope.pae("é!", b"{}")


@given(st.binary(max_size=100))
def test_round_trip(payload: bytes) -> None:
    """What was signed is what is verified, byte for byte."""
    signed = envelope.sign(payload, KEY)

    decoded = envelope.decode(envelope.encode(signed))

    assert signed == decoded
    assert payload == envelope.verify(decoded, [KEY.public]).payload


def test_verify_tells_what_was_proven() -> None:
    """The result names the digest and the key, whichever of several it was."""
    signed = envelope.sign(PAYLOAD, OTHER)

    got = envelope.verify(signed, [KEY.public, OTHER.public])

    assert (digest(PAYLOAD), OTHER.public) == (got.digest, got.key)


@pytest.mark.parametrize("keyid", ["", "nonsense", KEY.public.key_id])
def test_key_id_is_only_a_hint(keyid: str) -> None:
    """A missing, odd or false key id changes nothing."""
    signed = envelope.sign(PAYLOAD, OTHER)
    hinted = Envelope(PAYLOAD, PAYLOAD_TYPE, (envelope.Signature(keyid, signed.signatures[0].sig),))

    assert OTHER.public == envelope.verify(hinted, [KEY.public, OTHER.public]).key


def test_signers_yields_a_key_once() -> None:
    """One key that signs twice, or is trusted twice, counts once."""
    signed = envelope.sign(PAYLOAD, KEY, KEY, OTHER)

    got = list(envelope.signers(signed, [KEY.public, OTHER.public, KEY.public]))

    assert {KEY.public, OTHER.public} == set(got)
    assert 2 == len(got)


def test_url_safe_base64_and_unknown_fields() -> None:
    """Either alphabet and fields of a later version are accepted, as DSSE demands."""
    signed = envelope.sign(b"\xfb\xff\xbf>?", KEY)
    document = json.loads(envelope.encode(signed))
    url_safe = document["payload"].replace("+", "-").replace("/", "_")
    data = json.dumps({**document, "payload": url_safe, "later": [1]}).encode()

    assert url_safe != document["payload"]
    assert signed == envelope.decode(data)


def test_bad_signature() -> None:
    """Another key, other bytes, another type and a swapped signature are all a bad signature."""
    signed = envelope.sign(PAYLOAD, KEY)
    others = envelope.sign(b"{}", KEY).signatures

    for bad, trusted in [
        (signed, [OTHER.public]),
        (signed, []),
        (Envelope(PAYLOAD + b" ", PAYLOAD_TYPE, signed.signatures), [KEY.public]),
        (Envelope(PAYLOAD, "text/plain", signed.signatures), [KEY.public]),
        (Envelope(PAYLOAD, PAYLOAD_TYPE, others), [KEY.public]),
        (Envelope(PAYLOAD, PAYLOAD_TYPE, ()), [KEY.public]),
    ]:
        with pytest.raises(InputError, match="bad_signature"):
            envelope.verify(bad, trusted)


def test_wrong_payload_type() -> None:
    """A well-signed payload of another type is told apart from a bad signature."""
    signed = envelope.sign(PAYLOAD, KEY, payload_type="application/vnd.example+json")

    with pytest.raises(InputError, match="wrong_payload_type"):
        envelope.verify(signed, [KEY.public])


SIGNATURE = {"keyid": "", "sig": "AA=="}


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b'"envelope"',
        changed(payload=None),
        changed(payload=1),
        changed(payloadType=None),
        changed(payloadType=["a"]),
        changed(signatures=None),
        changed(signatures=[]),
        changed(signatures={}),
        changed(signatures=["AA=="]),
        changed(signatures=[{}]),
        changed(signatures=[{"sig": None}]),
        changed(signatures=[{"keyid": "a"}]),
        changed(signatures=[{"keyid": None, "sig": "AA=="}]),
        changed(signatures=[SIGNATURE] * (SIGNATURES_MAX + 1)),
    ],
)
def test_malformed(data: bytes) -> None:
    """Missing fields, wrong types, no signature and too many are refused."""
    with pytest.raises(InputError, match="envelope_malformed"):
        envelope.decode(data)


@pytest.mark.parametrize("text", ["A", "AA", "AB==", "A A=", "AA==\n", "ü"])
def test_bad_base64(text: str) -> None:
    """Base64 has one spelling an alphabet, in the payload as in a signature."""
    for data in (changed(payload=text), changed(signatures=[{"sig": text}])):
        with pytest.raises(InputError, match="bad_base64"):
            envelope.decode(data)


def test_limits() -> None:
    """As many signatures as C2SP asks for are accepted, and no more bytes than the limit."""
    assert SIGNATURES_MAX == len(envelope.decode(changed(signatures=[SIGNATURE] * SIGNATURES_MAX)).signatures)
    with pytest.raises(InputError, match="too_large"):
        envelope.decode(changed(), limit=10)
