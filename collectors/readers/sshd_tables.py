"""What OpenSSH's sshd knows: keywords, which of them may stand in a Match block, defaults, kinds of values.

From servconf.c of OpenSSH 9.2 and 9.9, with what Debian and Red Hat add. The default lists of algorithms
are those of 9.2; no weak algorithm has been in any since 8.8.
"""

from __future__ import annotations

from typing import Final

GLOBAL_ONLY: Final = frozenset(
    "addressfamily afstokenpassing checkmail ciphers compression debianbanner dsaauthentication fingerprinthash"
    " gssapicleanupcredentials gssapicleanupcreds gssapienablek5users gssapikexalgorithms gssapikeyexchange"
    " gssapistorecredentialsonrekey gssapistrictacceptorcheck gssapiusesessioncredcache hostcertificate"
    " hostdsakey hostkey hostkeyagent hostkeyalgorithms ignoreuserknownhosts keepalive kerberosgetafstoken"
    " kerberosorlocalpasswd kerberostgtpassing kerberosticketcleanup kerberosuniqueccache kexalgorithms"
    " keyregenerationinterval listenaddress logingracetime macs maxstartups modulifile"
    " pamauthenticationviakbdint permituserenvironment persourcemaxstartups persourcenetblocksize"
    " persourcepenalties persourcepenaltyexemptlist pidfile port printlastlog printmotd protocol"
    " reversemappingcheck rhostsauthentication rsaminsize securitykeyprovider serverkeybits sshdauthpath"
    " sshdsessionpath strictmodes syslogfacility tcpkeepalive usedns uselogin usepam useprivilegeseparation"
    " verifyreversemapping versionaddendum xauthlocation".split()
)
MATCHABLE: Final = frozenset(
    "acceptenv allowagentforwarding allowgroups allowstreamlocalforwarding allowtcpforwarding allowusers"
    " authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile"
    " authorizedkeysfile2 authorizedprincipalscommand authorizedprincipalscommanduser"
    " authorizedprincipalsfile banner casignaturealgorithms challengeresponseauthentication channeltimeout"
    " chrootdirectory clientalivecountmax clientaliveinterval denygroups denyusers disableforwarding"
    " exposeauthinfo forcecommand gatewayports gssapiauthentication hostbasedacceptedalgorithms"
    " hostbasedacceptedkeytypes hostbasedauthentication hostbasedusesnamefrompacketonly ignorerhosts"
    " include ipqos kbdinteractiveauthentication kerberosauthentication loglevel logverbose match"
    " maxauthtries maxsessions pamservicename passwordauthentication permitemptypasswords permitlisten"
    " permitopen permitrootlogin permittty permittunnel permituserrc pubkeyacceptedalgorithms"
    " pubkeyacceptedkeytypes pubkeyauthentication pubkeyauthoptions rdomain refuseconnection rekeylimit"
    " requiredrsasize revokedkeys rhostsrsaauthentication rsaauthentication setenv skeyauthentication"
    " streamlocalbindmask streamlocalbindunlink subsystem trustedusercakeys unusedconnectiontimeout"
    " x11displayoffset x11forwarding x11uselocalhost".split()
)
ALIASES: Final = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
}
_KEYS: Final = (
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,"
    "sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256"
)
_CERTIFICATES: Final = ",".join(
    f"{name.removesuffix('@openssh.com')}-cert-v01@openssh.com" for name in _KEYS.split(",")
)
DEFAULTS: Final = {
    "port": "22",
    "usepam": "no",
    "logingracetime": "120",
    "maxauthtries": "6",
    "clientaliveinterval": "0",
    "clientalivecountmax": "3",
    "permitrootlogin": "without-password",
    "ignorerhosts": "yes",
    "hostbasedauthentication": "no",
    "pubkeyauthentication": "yes",
    "gssapiauthentication": "no",
    "passwordauthentication": "yes",
    "kbdinteractiveauthentication": "yes",
    "x11forwarding": "no",
    "permitemptypasswords": "no",
    "permituserenvironment": "no",
    "loglevel": "INFO",
    "authenticationmethods": "any",
    "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2",
    "authorizedkeyscommand": "none",
    "trustedusercakeys": "none",
    "forcecommand": "none",
    "chrootdirectory": "none",
    "allowusers": "none",
    "allowgroups": "none",
    "denyusers": "none",
    "denygroups": "none",
    "pamservicename": "sshd",
    "pubkeyauthoptions": "none",
    "ciphers": "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com",
    "macs": "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,"
    "hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    "kexalgorithms": "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
    "curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
    "diffie-hellman-group14-sha256",
    "hostkeyalgorithms": f"{_CERTIFICATES},{_KEYS}",
    "pubkeyacceptedalgorithms": f"{_CERTIFICATES},{_KEYS}",
}
"""The keywords that are looked at, with what sshd takes where nothing is set, in the words of `sshd -T`."""

FLAGS: Final = frozenset(
    "usepam hostbasedauthentication pubkeyauthentication gssapiauthentication passwordauthentication"
    " kbdinteractiveauthentication x11forwarding permitemptypasswords".split()
)
NUMBERS: Final = frozenset({"maxauthtries", "clientalivecountmax"})
TIMES: Final = frozenset({"logingracetime", "clientaliveinterval"})
ALGORITHMS: Final = frozenset(
    {"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms"}
)
ADDING: Final = frozenset({"allowusers", "allowgroups", "denyusers", "denygroups"})
"""Lists to which each line adds; `sshd -T` prints a line for each item, and none for none."""
LISTS: Final = frozenset({"authenticationmethods", "authorizedkeysfile", "pubkeyauthoptions"}) | ADDING
RAW: Final = frozenset({"authorizedkeyscommand", "forcecommand"})
"""Keywords whose value is the rest of the line."""
KEY_LISTS: Final = frozenset({"hostkeyalgorithms", "pubkeyacceptedalgorithms"})
KEYS_KNOWN: Final = tuple(
    f"{stem}{mark}{end}"
    for stem, end in (
        ("ssh-ed25519", ""),
        ("sk-ssh-ed25519", "@openssh.com"),
        ("ecdsa-sha2-nistp256", ""),
        ("ecdsa-sha2-nistp384", ""),
        ("ecdsa-sha2-nistp521", ""),
        ("sk-ecdsa-sha2-nistp256", "@openssh.com"),
        ("webauthn-sk-ecdsa-sha2-nistp256", "@openssh.com"),
        ("ssh-dss", ""),
        ("ssh-rsa", ""),
        ("rsa-sha2-256", ""),
        ("rsa-sha2-512", ""),
    )
    for mark, end in (("", end), ("-cert-v01", "@openssh.com"))
    if not (mark and stem.startswith("webauthn"))
)
"""Every key algorithm that OpenSSH 9.2 knows, in its order; later ones know fewer weak ones."""
WORDS: Final = {
    "permitrootlogin": {
        "without-password": "without-password",
        "prohibit-password": "without-password",
        "forced-commands-only": "forced-commands-only",
        "yes": "yes",
        "no": "no",
    },
    "ignorerhosts": {"yes": "yes", "no": "no", "shosts-only": "shosts-only"},
    "loglevel": {
        **{name.lower(): name for name in ("FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG2", "DEBUG3")},
        "quiet": "SILENT",
        "silent": "SILENT",
        "debug": "DEBUG",
        "debug1": "DEBUG",
    },
}
METHODS: Final = frozenset(
    {"none", "publickey", "gssapi-with-mic", "gssapi-keyex", "password", "keyboard-interactive", "hostbased"}
)
ENABLED_BY: Final = {
    "publickey": "pubkeyauthentication",
    "password": "passwordauthentication",
    "keyboard-interactive": "kbdinteractiveauthentication",
    "hostbased": "hostbasedauthentication",
    "gssapi-with-mic": "gssapiauthentication",
}
"""Each method and the keyword that switches it on."""

WEAK: Final = (
    "3des-cbc",
    "*-cbc",
    "*-cbc@*",
    "arcfour*",
    "blowfish*",
    "cast128*",
    "hmac-md5*",
    "hmac-ripemd160*",
    "hmac-sha1-96*",
    "diffie-hellman-group1-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "rsa1024-sha1",
    "ssh-dss*",
    "ssh-rsa",
    "ssh-rsa-cert-v0?@openssh.com",
)
"""Broken or retired: CBC, RC4, MD5, RIPEMD, truncated MACs, DSA, and signatures or exchanges by SHA-1."""

_YES_NO: Final = frozenset({"yes", "no"})
_FORWARDING: Final = frozenset({"yes", "all", "no", "remote", "local"})
CHOICES: Final = {
    **dict.fromkeys(
        "strictmodes printmotd printlastlog tcpkeepalive keepalive usedns ignoreuserknownhosts x11uselocalhost"
        " permittty permituserrc allowagentforwarding disableforwarding exposeauthinfo streamlocalbindunlink"
        " hostbasedusesnamefrompacketonly kerberosauthentication kerberosorlocalpasswd kerberosticketcleanup"
        " gssapicleanupcredentials gssapistrictacceptorcheck gssapikeyexchange gssapistorecredentialsonrekey"
        " debianbanner refuseconnection".split(),
        _YES_NO,
    ),
    "addressfamily": frozenset({"inet", "inet6", "any"}),
    "compression": frozenset({"yes", "delayed", "no"}),
    "gatewayports": frozenset({"clientspecified", "yes", "no"}),
    "allowtcpforwarding": _FORWARDING,
    "allowstreamlocalforwarding": _FORWARDING,
    "permittunnel": frozenset({"ethernet", "point-to-point", "yes", "no"}),
    "syslogfacility": frozenset(
        "daemon user auth authpriv local0 local1 local2 local3 local4 local5 local6 local7".split()
    ),
}
"""The words that a keyword takes, of those whose value is not looked at."""
OTHER_NUMBERS: Final = frozenset({"x11displayoffset", "maxsessions", "requiredrsasize", "rsaminsize"})
TAKES_MANY: Final = frozenset(
    "acceptenv setenv permitopen permitlisten subsystem listenaddress ipqos rekeylimit channeltimeout"
    " logverbose persourcepenalties persourcepenaltyexemptlist".split()
)
TAKES_NOTHING_TOO: Final = frozenset({"acceptenv", "setenv", "logverbose", "channeltimeout"})
TAKES_ANYTHING: Final = frozenset(
    "afstokenpassing authorizedkeysfile2 authorizedprincipalscommand checkmail hostdsakey kerberosgetafstoken"
    " kerberostgtpassing kerberosuniqueccache keyregenerationinterval pamauthenticationviakbdint protocol"
    " reversemappingcheck rhostsauthentication rhostsrsaauthentication rsaauthentication serverkeybits"
    " sshdauthpath sshdsessionpath uselogin useprivilegeseparation verifyreversemapping versionaddendum"
    " gssapicleanupcreds gssapienablek5users gssapiusesessioncredcache rdomain".split()
)
"""Deprecated, unsupported or foreign keywords, of which sshd at most complains."""
