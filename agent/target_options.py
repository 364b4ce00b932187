"""The options that name what `boltseal scan` looks at; `targets` opens what they name."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """One option names the subject; the others of its kind begin with that option's name."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--root", metavar="DIR", help="look at a root filesystem in a folder; runs nothing in it"
    )
    one.add_argument("--ssh", metavar="USER@HOST[:PORT]", help="look at another host over SSH, without agent")
    one.add_argument(
        "--device",
        metavar="USER@HOST[:PORT]",
        help="look at a network device with a command line like Cisco's, over SSH",
    )
    one.add_argument(
        "--tenant",
        choices=("entra", "google", "okta"),
        help="look at the company's tenant of an identity provider, read-only",
    )
    one.add_argument(
        "--directory",
        metavar="ldaps://HOST[:PORT]",
        help="look at an Active Directory domain; ldap:// demands StartTLS",
    )
    one.add_argument(
        "--network",
        metavar="RANGE|FILE.toml",
        help="look from here at what own networks expose, such as 10.0.0.0/24; takes minutes",
    )
    one.add_argument(
        "--mail-domain",
        dest="mail",
        metavar="DOMAIN",
        help="look at what the DNS says of mail in this domain's name, such as example.com",
    )
    _ssh_options(parser)
    _device_options(parser)
    _directory_options(parser)
    _network_options(parser)
    _mail_options(parser)
    _tenant_options(parser)


def _tenant_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument_group("with --tenant").add_argument(
        "--tenant-credentials",
        metavar="FILE",
        help="TOML (mode 0600): which tenant, and the files or variables that hold its secrets",
    )


def _ssh_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --ssh")
    _login_options(group, "ssh", "host")
    group.add_argument(
        "--ssh-sudo",
        action="store_true",
        help="look as root through sudo, by the rule set of docs/sources.md",
    )


def _device_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --device")
    _login_options(group, "device", "device")
    group.add_argument(
        "--device-enable-file",
        metavar="FILE",
        help="holds what enable asks for (mode 0600); without it enable is never sent",
    )


def _login_options(group: argparse._ArgumentGroup, kind: str, noun: str) -> None:
    """What every login over SSH takes; `targets` reads them together."""
    for name, value, text in (
        ("key", "FILE", "private key; without one, the keys of a running ssh-agent"),
        ("passphrase-file", "FILE", "holds the key's passphrase (mode 0600)"),
        ("password-file", "FILE", "holds the password (mode 0600), alone or as a second factor"),
        ("known-hosts", "FILE", "known host keys (default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)"),
        ("host-key", "SHA256:…", f"the fingerprint of the {noun}'s key, in place of known_hosts"),
        (
            "jump",
            "USER@HOST[:PORT]",
            "go through this host, verified by known_hosts, with the same key or password",
        ),
    ):
        group.add_argument(f"--{kind}-{name}", metavar=value, help=text)


def _directory_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --directory")
    for name, value, text in (
        ("user", "NAME", "who logs in: DOMAIN\\NAME, NAME@DOMAIN or the name of an entry; a guest without"),
        ("password-file", "FILE", "holds the password (mode 0600)"),
        ("ca", "FILE", "certificates that are trusted, in place of the system's"),
        ("base", "DN", "the tree to look at (default: the one that the server names)"),
    ):
        group.add_argument(f"--directory-{name}", metavar=value, help=text)


def _network_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --network")
    group.add_argument(
        "--network-owner", metavar="NAME", help="who owns the range; without one it is refused"
    )
    group.add_argument(
        "--network-known",
        metavar="FILE",
        help="known devices: an address, a hardware address, both, or a DNS name on each line;"
        " boltseal-server known-devices writes one",
    )
    group.add_argument(
        "--network-allow-public",
        metavar="NETWORK",
        action="append",
        help="public addresses that are the owner's; may be repeated",
    )
    group.add_argument(
        "--network-since",
        metavar="FILE",
        help="an earlier scan's --json; also show what changed since",
    )


def _mail_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --mail-domain")
    group.add_argument(
        "--dkim-selector",
        dest="mail_selector",
        metavar="NAME",
        action="append",
        help="a selector that the company signs with; may be repeated",
    )
    group.add_argument(
        "--resolver", dest="mail_resolver", metavar="IP", help="ask this name server, not this machine's own"
    )
