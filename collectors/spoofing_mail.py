"""Spoofing: whether others can send mail in this domain's name, by what its DNS tells every receiver.

SPF is walked for a server that it does not name, DMARC is looked for where receivers look, DKIM keys are those of
the selectors that the company names, MTA-STS is the policy that senders would fetch. What a server fails to
answer is unknown; that a name is not there is an answer.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_mail import Mail
from collectors.findings import Fact, Findings, Seen
from collectors.readers import dkim_key, dmarc, mta_sts, spf, spf_walk

FACTS = {
    "spoofing.spf_records": Fact("list[str]", "the domain's SPF records, of which there may be one"),
    "spoofing.spf_state": Fact("str", "valid, none, or permerror where receivers can make nothing of it"),
    "spoofing.spf_unlisted": Fact(
        "str", "what SPF says of a server that it does not name: fail, softfail, neutral, pass, or none"
    ),
    "spoofing.spf_lookups": Fact("int", "lookups that SPF costs, up to the first too many"),
    "spoofing.spf_ipv4_addresses": Fact("int", "IPv4 addresses that SPF lets send"),
    "spoofing.sends_mail": Fact("bool", "no SPF says that nobody sends for this domain"),
    "spoofing.receives_mail": Fact("bool", "it has a mail exchanger, or an address for want of one"),
    "spoofing.mail_exchangers": Fact("list[str]", "the hosts that take the domain's mail"),
    "spoofing.dmarc_found_at": Fact("str", "the name whose DMARC record governs it; empty if none"),
    "spoofing.dmarc_policy": Fact("str", "none, quarantine, reject; else absent"),
    "spoofing.dmarc_subdomain_policy": Fact("str", "what governs subdomains without a record of their own"),
    "spoofing.dmarc_percent": Fact("int", "the share of failing mail that the policy is applied to"),
    "spoofing.dmarc_reports_to": Fact("list[str]", "where receivers send aggregate reports"),
    "spoofing.dkim_keys": Fact(
        "records{selector: str, state: str, algorithm: str?, bits: int?, testing: bool?}",
        "the DKIM keys of the selectors that the company names",
    ),
    "spoofing.mta_sts_mode": Fact("str", "MTA-STS policy: enforce, testing, none; else absent or malformed"),
    "spoofing.mta_sts_covers_mx": Fact("bool", "the MTA-STS policy names every mail exchanger"),
    "spoofing.dnssec": Fact("bool", "the resolver says that it proved the domain's answers with DNSSEC"),
}


def collect(door: Mail) -> Findings:
    """Each record by itself, so that one that fails hides no other."""
    findings = Findings()
    findings.look("spoofing.spf_records", _spf_records, door)
    for part in ("spf_state", "spf_unlisted", "spf_lookups", "spf_ipv4_addresses", "sends_mail"):
        findings.look(f"spoofing.{part}", _spf, door, part)
    for part in ("receives_mail", "mail_exchangers", "dnssec"):
        findings.look(f"spoofing.{part}", _mx, door, part)
    for part in ("found_at", "policy", "subdomain_policy", "percent", "reports_to"):
        findings.look(f"spoofing.dmarc_{part}", _dmarc, door, part)
    findings.look("spoofing.dkim_keys", _keys, door)
    for part in ("mode", "covers_mx"):
        findings.look(f"spoofing.mta_sts_{part}", _mta_sts, door, part)
    return findings


def _spf_records(door: Mail) -> Seen:
    return Seen([*spf.records(door.txt(door.domain).records)], f"{door.domain} TXT")


def _spf(door: Mail, part: str) -> Seen:
    walk = spf_walk.walk(door, door.domain)
    source = f"{door.domain} TXT" + (f": {walk.why}" if walk.why else "")
    valid = walk.result not in ("none", "permerror")
    if part == "spf_unlisted" and walk.undecided and walk.result in ("fail", "softfail"):
        raise Unseen("unsupported", walk.undecided, "depends on the message or its sender")
    values = {
        "spf_state": "valid" if valid else walk.result,
        "spf_unlisted": walk.result if valid else "none",
        "spf_lookups": walk.lookups,
        "spf_ipv4_addresses": walk.ipv4_addresses,
        "sends_mail": walk.names_servers or walk.result != "fail",
    }
    return Seen(values[part], source)  # type: ignore[arg-type]


def _mx(door: Mail, part: str) -> Seen:
    answer, sources = door.mx(door.domain), [f"{door.domain} MX"]
    hosts = [host for host in answer.records if host != "."]
    receives = bool(hosts)
    if part == "receives_mail" and not answer.records:  # without an exchanger its own address is one
        sources.append(f"{door.domain} A")
        receives = bool(door.addresses(door.domain).records or door.addresses(door.domain, "AAAA").records)
    values = {"receives_mail": receives, "mail_exchangers": hosts, "dnssec": answer.authentic}
    return Seen(values[part], *sources)  # type: ignore[arg-type]


def _dmarc(door: Mail, part: str) -> Seen:
    found = dmarc.find(door)
    value = getattr(found, part)
    value = [*value] if isinstance(value, tuple) else value
    return Seen(value, f"{found.found_at or f'_dmarc.{door.domain}'} TXT", found.why)


def _keys(door: Mail) -> Seen:
    if not door.selectors:
        raise Unseen("not_collected", "DKIM", "no selector was named, and the DNS cannot list them")
    names = {one: f"{one}._domainkey.{door.domain}" for one in door.selectors}
    keys = {one: dkim_key.read(door.txt(name).records) for one, name in names.items()}
    return Seen([{"selector": one, **vars(key)} for one, key in keys.items()], *names.values())


def _mta_sts(door: Mail, part: str) -> Seen:
    record, policy = f"_mta-sts.{door.domain}", mta_sts.Policy("absent")
    sources = [f"{record} TXT"]
    if mta_sts.announced(door.txt(record).records):
        policy = mta_sts.served(door)
        sources.append(f"https://mta-sts.{door.domain}/.well-known/mta-sts.txt")
    if part == "mode":
        return Seen(policy.mode, *sources)
    hosts = door.mx(door.domain).records or (door.domain,)
    return Seen(mta_sts.covers(policy, hosts), *sources, f"{door.domain} MX")
