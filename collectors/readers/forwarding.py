"""Where log lines are sent: rsyslog, syslog-ng, the journal's uploader, and agents of log services.

A rule that forwards mail or news alone carries nothing of security, and a target on this host is no other
host: neither counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from collectors.readers import addresses
from collectors.readers.products import Product

_LEGACY: Final = re.compile(r"[ \t](@@?(?:\([^)\n]*\))?|:omrelp:)(\[[0-9a-fA-F:]+\]|[^\s;:]+)(?::(\d+))?")
_PARAMETER: Final = re.compile(r"""\b(\w[\w.]*)\s*=\s*"([^"]*)\"""")
_DRIVER: Final = re.compile(r"""\b(network|syslog|tcp6?|udp6?)\s*\(\s*"([^"\n]+)"([^;]*)""")
_USED: Final = re.compile(r"\bdestination\s*\(\s*([\w.-]+)\s*\)")
_CARRIES: Final = re.compile(r"(?:^|[,;])(?:\*|auth|authpriv|kern|security)\b|^\*|^:|^if\b|^&")

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


def rsyslog(text: str) -> set[str]:
    """The targets of rsyslog's configuration, as `host:port/protocol`."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = []
    for line in lines:
        match = _LEGACY.search(line)
        if match and _CARRIES.search(line[: match.start()].strip().lower()):
            kind, target, port = match.groups(default="")
            protocol = "relp" if "relp" in kind else "tcp" if kind.startswith("@@") else "udp"
            found.append((target, port, protocol))
    for piece in re.split(r"\baction\s*\(", "\n".join(lines), flags=re.IGNORECASE)[1:]:
        given = {name.lower(): value for name, value in _PARAMETER.findall(piece.partition(")")[0])}
        if given.get("type", "").lower() in ("omfwd", "omrelp") and given.get("target"):
            protocol = "relp" if given["type"].lower() == "omrelp" else given.get("protocol", "udp").lower()
            found.append((given["target"], given.get("port", ""), protocol))
    return _named(found)


def syslog_ng(text: str) -> set[str]:
    """The targets of syslog-ng's configuration that a log path uses."""
    plain = re.sub(r"#[^\n]*", "", text)
    used = {name for _, body in _blocks(plain, r"\blog\s*\{()") for name in _USED.findall(body)}
    found = []
    for name, body in _blocks(plain, r"\bdestination\s+([\w.-]+)\s*\{"):
        for driver, target, rest in _DRIVER.findall(body) if name in used else ():
            port = re.search(r"\bport\s*\(\s*\"?(\d+)", rest)
            transport = re.search(r"\btransport\s*\(\s*\"?(\w+)", rest)
            protocol = transport[1] if transport else driver.rstrip("6")
            found.append((target, port[1] if port else "", protocol if protocol in ("udp", "tls") else "tcp"))
    return _named(found)


def _blocks(text: str, start: str) -> Iterator[tuple[str, str]]:
    """Name and body of each block that opens with `start` and ends with `};`."""
    pieces = re.split(start, text)
    for name, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        yield name, re.split(r"\}\s*;", rest, maxsplit=1)[0]


def _named(found: Iterable[tuple[str, str, str]]) -> set[str]:
    return {
        f"{target.strip('[]')}{':' if port else ''}{port}/{protocol}"
        for target, port, protocol in found
        if not addresses.is_here(target.strip("[]"))
    }
