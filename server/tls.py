"""The server's own certificate authority and the certificate that it serves with."""

import ipaddress
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
CERTIFICATE_DAYS = 397  # what browsers accept at most
RENEW_BEFORE_DAYS = 30
_BACKDATED = timedelta(hours=1)  # a host's clock may be a little behind ours
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Boltseal server CA")])


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the ECDSA key in PKCS#8 PEM; TypeError for any other kind."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("TLS keys are ECDSA P-256")
    return key


def make_ca(key_pem: bytes, now: datetime) -> bytes:
    """Return the self-signed CA certificate in PEM, valid for ten years."""
    key = load_key(key_pem)
    builder = _builder(_NAME, key.public_key(), now, CA_DAYS).issuer_name(_NAME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_certificate(
    key_pem: bytes, ca_pem: bytes, ca_key_pem: bytes, names: Iterable[str], now: datetime
) -> bytes:
    """Return the server's certificate in PEM, signed by the CA, for host names and addresses."""
    ca = x509.load_pem_x509_certificate(ca_pem)
    ca_key = load_key(ca_key_pem)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Boltseal server")])
    builder = _builder(subject, load_key(key_pem).public_key(), now, CERTIFICATE_DAYS).issuer_name(ca.subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
    )
    builder = builder.add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
    return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def own_names(more: Iterable[str]) -> tuple[str, ...]:
    """Return the names the certificate is for: those given, this machine's, and loopback; each once, in order."""
    return tuple(dict.fromkeys([*more, socket.gethostname().lower(), "localhost", "127.0.0.1", "::1"]))


def certificate_names(pem: bytes) -> tuple[str, ...]:
    """Return the host names and addresses that a certificate is for."""
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def needs_renewal(pem: bytes, names: Iterable[str], now: datetime) -> bool:
    """Return whether a certificate ends within 30 days or lacks one of the names."""
    certificate = x509.load_pem_x509_certificate(pem)
    ends_soon = certificate.not_valid_after_utc - now < timedelta(days=RENEW_BEFORE_DAYS)
    return ends_soon or not set(names) <= set(certificate_names(pem))


def fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of a certificate's DER bytes, in hex: what rides in the enrolment string."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - _BACKDATED).not_valid_after(now + timedelta(days=days))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    general: list[x509.GeneralName] = []
    for name in names:
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            general.append(x509.DNSName(name))
    return general
