"""Where log lines are sent: syslog-ng, and agents of log services; `readers.rsyslog` follows rsyslog's rules.

A path that a login's message does not take carries nothing of security, and a target on this host is no other
host: neither counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from collectors.door import Host
from collectors.readers import addresses, products
from collectors.readers.products import Product

_DRIVER: Final = re.compile(r"""\b(network|syslog|tcp6?|udp6?)\s*\(\s*"([^"\n]+)"([^;]*)""")
_USED: Final = re.compile(r"\bdestination\s*\(\s*([\w.-]+)\s*\)")
_FILTER: Final = re.compile(r"\bfilter\s*\(\s*([\w.-]+)\s*\)")
_FILE: Final = re.compile(r"""\bfile\s*\(\s*"/(?!dev/)""")
_TARGET: Final = re.compile(
    r"^\W*(?:hosts?|servers?|url|uri|endpoints?|address|brokers?|bootstrap[_.]servers)\b[\"']?\s*[:=\s]\s*(.*)$",
    re.IGNORECASE,
)
_NOWHERE: Final = frozenset({"", "true", "false", "none", "null", "0.0.0.0", "::"})  # noqa: S104 - what a listener says

AGENTS: Final = (
    Product("Filebeat", ("filebeat",), ("/usr/share/filebeat",), ("filebeat",), ("filebeat.service",)),
    Product("Journalbeat", ("journalbeat",), (), ("journalbeat",), ("journalbeat.service",)),
    Product("Elastic Agent", ("elastic-agent",), ("/opt/Elastic/Agent",), ("elastic-agent",),
        ("elastic-agent.service",)),
    Product("Fluent Bit", ("fluent-bit",), ("/opt/fluent-bit",), ("fluent-bit",), ("fluent-bit.service",)),
    Product("Fluentd", ("td-agent", "fluent-package"), ("/opt/td-agent", "/opt/fluent"),
        ("fluentd", "td-agent"), ("fluentd.service", "td-agent.service")),
    Product("Vector", ("vector",), ("/usr/bin/vector",), ("vector",), ("vector.service",)),
    Product("Promtail", ("promtail",), ("/usr/bin/promtail", "/usr/local/bin/promtail"), ("promtail",),
        ("promtail.service",)),
    Product("Grafana Alloy", ("alloy",), ("/usr/bin/alloy",), ("alloy",), ("alloy.service",)),
    Product("Splunk forwarder", ("splunkforwarder",), ("/opt/splunkforwarder",), ("splunkd",),
        ("SplunkForwarder.service", "splunk.service")),
    Product("NXLog", ("nxlog", "nxlog-ce"), ("/opt/nxlog",), ("nxlog",), ("nxlog.service",)),
    Product("Wazuh agent", ("wazuh-agent",), (), ("wazuh-agentd",), ("wazuh-agent.service",)),
    Product("OSSEC agent", ("ossec-hids-agent",), (), ("ossec-agentd",), ("ossec.service",)),
    Product("Azure Monitor agent", ("azuremonitoragent",), ("/opt/microsoft/azuremonitoragent",),
        ("mdsd", "amacoreagent"), ("azuremonitoragent.service",)),
    Product("Google Ops agent", ("google-cloud-ops-agent",), ("/opt/google-cloud-ops-agent",), (),
        ("google-cloud-ops-agent.service",)),
    Product("CloudWatch agent", ("amazon-cloudwatch-agent",), ("/opt/aws/amazon-cloudwatch-agent",),
        ("amazon-cloudwatch-agent",), ("amazon-cloudwatch-agent.service",)),
    Product("Datadog agent", ("datadog-agent",), ("/opt/datadog-agent",), (), ("datadog-agent.service",)),
    Product("Rapid7 agent", (), ("/opt/rapid7/ir_agent",), ("ir_agent",), ("ir_agent.service",)),
    Product("Graylog sidecar", ("graylog-sidecar",), (), ("graylog-sidecar",),
        ("graylog-sidecar.service",)),
    Product("OpenTelemetry collector", ("otelcol", "otelcol-contrib"), (), ("otelcol", "otelcol-contrib"),
        ("otelcol.service", "otelcol-contrib.service")),
)  # fmt: skip


SETTINGS: Final = {
    "Filebeat": ("/etc/filebeat/filebeat.yml",),
    "Journalbeat": ("/etc/journalbeat/journalbeat.yml",),
    "Fluent Bit": ("/etc/fluent-bit/fluent-bit.conf", "/etc/fluent-bit/fluent-bit.yaml"),
    "Fluentd": ("/etc/fluent/fluentd.conf", "/etc/td-agent/td-agent.conf"),
    "Vector": ("/etc/vector/vector.yaml", "/etc/vector/vector.toml"),
    "Promtail": ("/etc/promtail/config.yml", "/etc/promtail/promtail.yaml"),
    "Grafana Alloy": ("/etc/alloy/config.alloy",),
    "NXLog": ("/etc/nxlog.conf", "/etc/nxlog/nxlog.conf", "/opt/nxlog/etc/nxlog.conf"),
    "Splunk forwarder": ("/opt/splunkforwarder/etc/system/local/outputs.conf",),
    "OpenTelemetry collector": ("/etc/otelcol/config.yaml", "/etc/otelcol-contrib/config.yaml"),
}  # fmt: skip
"""Where agents that are set up by hand name their targets; the others are led from outside."""


def sending(host: Host) -> Iterator[products.Found]:
    """The agents that are at work and, where their settings tell, sent to another host."""
    for agent in products.found(host, AGENTS):
        if agent.running or (agent.running is None and products.starts(host, agent.product)):
            paths = [path for path in SETTINGS.get(agent.product.name, ()) if host.exists(path)]
            if not paths or any(names_away(host.text(path)) for path in paths):
                yield agent


def names_away(text: str) -> bool:
    """Whether an agent's settings name a target on another host; as shipped many name localhost, or none."""
    listed = False
    for line in re.sub(r"(?m)(?:^|\s)(?:#|//).*$", "", text).splitlines():
        match = _TARGET.match(line)
        listed = not match[1].strip("[ \"'") if match else listed and line.lstrip()[:1] in ("-", '"', "'")
        values = match[1] if match else line.lstrip(" -") if listed else ""
        if any(_is_elsewhere(one) for one in re.split(r"[\s,\"'\[\]{}]+", values)):
            return True
    return False


def _is_elsewhere(address: str) -> bool:
    bare = re.sub(r"^[\w+]+://(?:[^/@]*@)?", "", address)
    host = re.split(r"[:/]", bare)[0] if bare.count(":") < 2 else bare
    return host.lower() not in _NOWHERE and not host.isdecimal() and not addresses.is_here(host)


def syslog_ng(text: str) -> tuple[set[str], bool]:
    """The targets of syslog-ng's configuration that a login's message reaches, and whether a file keeps it."""
    plain = re.sub(r"#[^\n]*", "", text)
    filters = dict(_blocks(plain, r"\bfilter\s+([\w.-]+)\s*\{"))
    used: set[str] = set()
    for _, body in _blocks(plain, r"\blog\s*\{()"):
        if all(_lets_logins_through(filters.get(name, "")) for name in _FILTER.findall(body)):
            used |= set(_USED.findall(body))
            if re.search(r"\bflags\s*\([^)]*\bfinal\b", body):
                break
    found = []
    keeps = False
    for name, body in _blocks(plain, r"\bdestination\s+([\w.-]+)\s*\{"):
        keeps = keeps or (name in used and bool(_FILE.search(body)))
        for driver, target, rest in _DRIVER.findall(body) if name in used else ():
            port = re.search(r"\bport\s*\(\s*\"?(\d+)", rest)
            transport = re.search(r"\btransport\s*\(\s*\"?(\w+)", rest)
            protocol = transport[1] if transport else driver.rstrip("6")
            found.append((target, port[1] if port else "", protocol if protocol in ("udp", "tls") else "tcp"))
    return named(found), keeps


def _lets_logins_through(body: str) -> bool:
    """Whether a filter passes auth or authpriv at info; False where it asks for anything else."""
    for term in re.split(r"\band\b", body):
        if match := re.search(r"(\bnot\s+)?\bfacility\s*\(([^)]*)\)", term):
            if bool(match[1]) == bool(re.search(r"\bauth(?:priv)?\b", match[2])):
                return False
        elif match := re.search(r"(\bnot\s+)?\b(?:level|severity|priority)\s*\(([^)]*)\)", term):
            passes = bool(re.search(r"\b(?:info|debug)\b", match[2]))
            if passes == bool(match[1]):
                return False
        elif term.strip() and not re.match(r"\s*not\b", term):
            return False
    return True


def _blocks(text: str, start: str) -> Iterator[tuple[str, str]]:
    """Name and body of each block that opens with `start` and ends with `};`."""
    pieces = re.split(start, text)
    for name, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        yield name, re.split(r"\}\s*;", rest, maxsplit=1)[0]


def named(found: Iterable[tuple[str, str, str]]) -> set[str]:
    """Targets on other hosts, as `host:port/protocol`."""
    return {
        f"{target.strip('[]')}{':' if port else ''}{port}/{protocol}"
        for target, port, protocol in found
        if not addresses.is_here(target.strip("[]"))
    }
