"""Readers of a mail domain's records: whatever a record holds, they answer; key lengths are those of cryptography."""

import base64
import contextlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from collectors.readers import dkim_key, dmarc, mta_sts, spf
from collectors.readers.dmarc import POLICIES
from collectors.readers.spf import PermError

TEXT = st.text(st.sampled_from("v=spfDKIM1;: \t%{}/.-~?+alinc,@*0y\u00e9\n"), max_size=60)


@pytest.mark.parametrize("bits", [1024, 2047, 2048, 3072, 4096])
def test_key_lengths(bits: int, record_property: Any) -> None:
    """A key's length is what cryptography made, wrapped as receivers expect it and bare."""
    key = rsa.generate_private_key(65537, bits).public_key()
    der, form = serialization.Encoding.DER, serialization.PublicFormat
    for wrapping in (form.SubjectPublicKeyInfo, form.PKCS1):
        raw = key.public_bytes(der, wrapping)
        text = f"v=DKIM1; p={base64.b64encode(raw).decode()}"
        assert dkim_key.Key("valid", "rsa", bits, False) == dkim_key.read((text,))
        for cut in range(0, len(raw), 7):
            torn = base64.b64encode(raw[:cut]).decode()
            assert dkim_key.read((f"p={torn}",)).bits is None
    record_property("compared", 2)


@given(TEXT)
def test_any_text(text: str) -> None:
    """No text raises anything but what the reader declares, and none is taken for protection by chance."""
    for whole in (text, "v=spf1 " + text):
        with contextlib.suppress(PermError):
            spf.parse(whole)
    assert dmarc.read(("v=DMARC1;" + text,), "_dmarc.example.com").policy in (*POLICIES, "absent")
    assert dkim_key.read((text, "p=" + text)).state != "valid"
    assert mta_sts.parse(text).mode in ("enforce", "testing", "none", "malformed")
    mta_sts.announced((text,))
