"""Weaknesses out of the output of nmap's scripts, as nmap 7.93 prints it, and out of text that nobody printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.readers import network_ports, network_weaknesses
from collectors.readers.network_services import text

CERTIFICATE = (
    "Subject: commonName=a\nIssuer: commonName=b\nPublic Key type: {}\nPublic Key bits: {}\n"
    "Signature Algorithm: {}\nNot valid before: 2026-01-01T00:00:00\nNot valid after:  {}"
)
GOOD = CERTIFICATE.format("rsa", 2048, "sha256WithRSAEncryption", "2027-01-01T00:00:00")
STRONG = "\n  TLSv1.2: \n    ciphers: \n      TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (secp256r1) - A"


def ciphers(*names: str, version: str = "TLSv1.2") -> str:
    return f"\n  {version}: \n    ciphers: \n" + "\n".join(f"      {name} - C" for name in names)


def tls(enumerated: str = STRONG, certificate: str = GOOD, **more: str) -> list[str] | None:
    return network_weaknesses.tls({"ssl-enum-ciphers": enumerated, "ssl-cert": certificate, **more})


@pytest.mark.parametrize(
    ("enumerated", "words"),
    [
        (STRONG, []),
        (ciphers("TLS_AKE_WITH_AES_128_GCM_SHA256 (ecdh_x25519)", version="TLSv1.3"), []),
        (ciphers("TLS_RSA_WITH_AES_128_CBC_SHA (rsa 2048)", version="TLSv1.1"), ["tls_1_1"]),
        (ciphers("TLS_RSA_WITH_RC4_128_SHA (rsa 2048)"), ["rc4"]),
        (ciphers("TLS_RSA_WITH_3DES_EDE_CBC_SHA (rsa 2048)"), ["3des"]),
        (ciphers("TLS_RSA_WITH_DES_CBC_SHA (rsa 2048)"), ["single_des"]),
        (
            ciphers("TLS_RSA_EXPORT_WITH_RC4_40_MD5 (rsa 512)"),
            ["rc4", "export_cipher", "weak_key"],
        ),
        (ciphers("TLS_RSA_WITH_NULL_SHA (rsa 2048)"), ["null_cipher"]),
        (ciphers("TLS_DH_anon_WITH_AES_128_CBC_SHA (dh 2048)"), ["anonymous_key_exchange"]),
        (ciphers("TLS_DHE_RSA_WITH_AES_128_CBC_SHA (dh 1024)"), ["weak_key_exchange"]),
        ("", None),
        ("\n  least strength: A", None),
        ("ERROR: Script execution failed (use -d to debug)", None),
    ],
)
def test_ciphers(enumerated: str, words: list[str] | None) -> None:
    """Each word by the name of a cipher or a version; nothing where no version was listed."""
    assert words == tls(enumerated)


@pytest.mark.parametrize(
    ("kind", "bits", "algorithm", "words"),
    [
        ("rsa", 1024, "sha256WithRSAEncryption", ["weak_key"]),
        ("ec", 256, "ecdsa-with-SHA256", []),
        ("ec", 192, "ecdsa-with-SHA256", ["weak_key"]),
        ("ed25519", 253, "ED25519", []),
        ("rsa", 4096, "sha1WithRSAEncryption", ["sha1_signature"]),
        ("rsa", 4096, "ecdsa-with-SHA1", ["sha1_signature"]),
        ("rsa", 4096, "md5WithRSAEncryption", ["md5_signature"]),
    ],
)
def test_certificates(kind: str, bits: int, algorithm: str, words: list[str]) -> None:
    """Keys by their kind, signatures by their digest."""
    assert words == tls(certificate=CERTIFICATE.format(kind, bits, algorithm, "2027-01-01T00:00:00"))


def test_no_certificate() -> None:
    """It is not known to be good, but where the exchange is anonymous there need be none."""
    assert tls(certificate="") is None
    anonymous = ciphers("TLS_ECDH_anon_WITH_AES_128_CBC_SHA (secp256r1)")
    assert tls(anonymous, certificate="") == ["anonymous_key_exchange"]
    assert tls(sslv2="SSLv2 supported") == ["sslv2"]


def test_the_worst_counts() -> None:
    """A subject may hold line feeds and look like the rest; it cannot make a certificate better."""
    ended = CERTIFICATE.format("rsa", 1024, "sha1WithRSAEncryption", "2020-01-01T00:00:00")
    for said in (f"{GOOD}\n{ended}", f"{ended}\n{GOOD}"):
        assert tls(certificate=said) == ["weak_key", "sha1_signature"]
        assert network_weaknesses.certificate_ends_at({"ssl-cert": said}) == "2020-01-01T00:00:00Z"
    wrong = GOOD.replace("2027-01-01", "2027-13-01")
    assert network_weaknesses.certificate_ends_at({"ssl-cert": wrong}) is None


ALGORITHMS = (
    "\n  kex_algorithms: (1)\n      curve25519-sha256\n  server_host_key_algorithms: (1)\n      ssh-ed25519\n"
    "  encryption_algorithms: (1)\n      aes256-ctr\n  mac_algorithms: (1)\n      hmac-sha2-256\n"
    "  compression_algorithms: (1)\n      none"
)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", []),
        ("curve25519-sha256", "diffie-hellman-group14-sha1", ["ssh_weak_kex"]),
        ("ssh-ed25519", "ssh-dss", ["ssh_weak_host_key"]),
        ("aes256-ctr", "aes256-cbc", ["ssh_weak_cipher"]),
        ("hmac-sha2-256", "hmac-md5", ["ssh_weak_mac"]),
        ("mac_algorithms: (1)", "mac_algorithms: (2)", None),
        ("mac_algorithms", "max_algorithms", None),
        ("      hmac-sha2-256\n", "", None),
        (ALGORITHMS, "", None),
    ],
)
def test_ssh(old: str, new: str, words: list[str] | None) -> None:
    """Each list by its weak members; a list that is missing or torn proves nothing."""
    shown = ALGORITHMS.replace(old, new) if old else ALGORITHMS
    assert words == network_weaknesses.ssh({"ssh2-enum-algos": shown}, "protocol 2.0")


def test_ssh_1() -> None:
    """By the banner or by nmap's script; a server that knows nothing else lists no algorithms."""
    shown = {"ssh2-enum-algos": ALGORITHMS}
    assert network_weaknesses.ssh(shown, "protocol 1.99") == ["ssh_1"]
    assert network_weaknesses.ssh({**shown, "sshv1": "Server supports SSHv1"}, "protocol 2.0") == ["ssh_1"]
    assert network_weaknesses.ssh({}, "protocol 1.5") == ["ssh_1"]
    assert network_weaknesses.ssh({}, "protocol 2.0") is None


@given(st.text(), st.text(), st.text())
def test_any_text(one: str, two: str, three: str) -> None:
    """Whatever is printed, the words are of the closed lists, and nothing is raised."""
    scripts = {"ssl-enum-ciphers": one, "ssl-cert": two, "ssh2-enum-algos": three, "sslv2": two}
    assert set(network_weaknesses.tls(scripts) or ()) <= set(network_weaknesses.TLS_WORDS)
    assert set(network_weaknesses.ssh(scripts, one) or ()) <= set(network_weaknesses.SSH_WORDS)
    network_weaknesses.certificate_ends_at(scripts)
    network_weaknesses.self_signed(scripts)
    assert (text(one) or "").isprintable()


@pytest.mark.parametrize(
    ("port", "name", "product", "probed", "kind"),
    [
        (23, "telnet", "", False, "telnet"),
        (2000, "telnet", "", True, "telnet"),
        (23, "ssh", "OpenSSH", True, "ssh"),
        (443, "https", "", False, None),
        (22, "ssh", "", False, None),
        (3389, "ms-wbt-server", "", False, "rdp"),
        (9999, "abyss", "", False, None),
        (9200, "http", "", True, "database"),
        (80, "http", "CouchDB httpd", True, "database"),
        (5985, "http", "Microsoft HTTPAPI httpd", True, "management"),
        (10000, "http", "MiniServ (Webmin httpd)", True, "management"),
        (80, "http", "nginx", True, "web"),
        (21, "http", "nginx", True, "web"),
        (902, "ssl/vmware-auth", "", True, "management"),
        (5060, "sip", "", True, "other"),
    ],
)
def test_kinds(port: int, name: str, product: str, probed: bool, kind: str | None) -> None:
    """What a service says counts before its number; a number alone can only make it worse."""
    assert network_ports.kind(port, name, product, probed) == kind
