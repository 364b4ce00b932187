"""The bundle's pages for reading. Nothing in them is proven; `boltseal verify` proves the members beside them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from config import canonical, standing
from config.rejudge import Rules
from config.replay import Host
from config.standing import CriterionStanding
from config.verdict import Verdict
from server import exploited

_WORDS = {
    "not_met": "not met",
    "partly": "partly met",
    "no_evidence": "no evidence",
    "stale": "stale",
    "met": "met",
    "not_applicable": "does not apply",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886;"
    "vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}:root{color-scheme:light dark}"
)
_README = """Boltseal bundle, as of {moment}

Everything here but README.txt and report.html is proven by signatures and hashes. To check it, offline:

    pip install boltseal
    boltseal verify THIS-FILE --server-key FINGERPRINT

The fingerprint is that of the server's key. Have it from the company by another way than this file; the
file itself claims
    {key_id}

report.html shows the same verdicts for reading. MFA is judged as {reading} has it. Feeds: {feeds}.
"""


def files(
    hosts: Mapping[str, Host],
    judged: Mapping[str, Sequence[Verdict]],
    rules: Rules,
    moment: datetime,
    server_key_id: str,
) -> dict[str, bytes]:
    """Return README.txt and report.html."""
    reading = "the criteria's text" if rules.mfa_reading == "text" else "CBP's conference"
    told = {"key_id": server_key_id, "reading": reading, "feeds": str(rules.feeds)}
    text = _README.format(moment=canonical.encode_time(moment), **told)
    counted = standing.counts(verdict for verdicts in judged.values() for verdict in verdicts)
    stands = standing.roll_up(counted, rules.catalogue, rules.documents, moment, rules.mfa_reading)
    basis = f"MFA is judged as {reading} has it, holes and support ends by the feeds {rules.feeds}."
    first = list(_exploited(hosts, judged, exploited.asking(rules)))
    page = "".join(_page(stands.criteria, hosts, judged, canonical.encode_time(moment), [*first, basis]))
    return {"README.txt": text.encode(), "report.html": page.encode()}


def _page(
    criteria: Sequence[CriterionStanding],
    hosts: Mapping[str, Host],
    judged: Mapping[str, Sequence[Verdict]],
    moment: str,
    words: Sequence[str],
) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Boltseal {moment}</title>'
    yield f"<style>{_STYLE}</style><h1>CTPAT cybersecurity, as of {moment}</h1>"
    yield "<p>For reading; <code>boltseal verify</code> proves it.</p>"
    yield from (f"<p>{escape(each)}</p>" for each in words)
    yield "<table><tr><th>Criterion<th><th>Status<th>Pass<th>Fail<th>Unknown<th>Stale<th>Waived"
    for one in criteria:
        checks = [check for part in one.parts for check in part.checks if check.level != "guidance"]
        sums = [
            sum(getattr(check, name) for check in checks)
            for name in ("passed", "failed", "unknown", "stale", "waived")
        ]
        numbers = "".join(f'<td class="n">{number}' for number in sums)
        yield f"<tr><td>{escape(one.id)} {escape(one.title)}<td>{one.level}<td>{_WORDS[one.status]}{numbers}"
    yield "</table>"
    for host_id in sorted(hosts):
        yield from _host(host_id, hosts[host_id], judged[host_id])
    yield "</html>\n"


def _exploited(
    hosts: Mapping[str, Host], judged: Mapping[str, Sequence[Verdict]], check: str
) -> Iterator[str]:
    """What comes before all criteria: hosts with a hole that attackers are known to use."""
    for host_id in sorted(hosts):
        for each in judged[host_id]:
            if each.check == check and each.answer == "fail":
                yield f"A hole that attackers are known to use: {hosts[host_id].hostname}, {each.detail}."


def _host(host_id: str, host: Host, verdicts: Sequence[Verdict]) -> Iterator[str]:
    seen = str(host.report.predicate["finished_at"]) if host.report else "never"
    yield f"<h2>{escape(host.hostname)}</h2><p>{escape(host_id)}, {host.state}, last seen {seen}</p>"
    if verdicts:
        yield "<table><tr><th>Check<th>Answer<th>Why"
    for verdict in sorted(
        verdicts, key=lambda each: ("fail", "unknown", "pass", "not_applicable").index(each.answer)
    ):
        answer = verdict.answer.replace("_", " ") + (" (waived)" if verdict.waived_by else "")
        yield f"<tr><td>{escape(verdict.check)}<td>{answer}<td>{escape(verdict.detail)}"
    if verdicts:
        yield "</table>"
