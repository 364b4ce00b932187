"""How templates say a status, a time, a number and a value. Built into every template."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config import canonical, wording
from config.canonical import Json
from server.hosts import Host

register = template.Library()

_RING = '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.5"{}/>'
_SHAPES: Mapping[str, str] = {
    "met": '<circle cx="8" cy="8" r="7.25" fill="currentColor"/><path class="cut" d="M4.6 8.3l2.3 2.3 4.4-5"/>',
    "partly": _RING.format("") + '<path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>',
    "not_met": '<path d="M8 .6 15.4 8 8 15.4.6 8z" fill="currentColor"/>'
    '<path class="cut" d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4"/>',
    "no_evidence": _RING.format(' stroke-dasharray="2.6 2.5"'),
    "stale": _RING.format("") + '<path class="line" d="M8 4.4V8l2.5 1.8"/>',
    "not_applicable": '<path class="line" d="M3 8h10"/>',
    "waived": _RING.format("") + '<path class="line" d="m3.6 12.4 8.8-8.8"/>',
}
_SAME = {"pass": "met", "fail": "not_met", "unknown": "no_evidence"}
_WORDS = {"not_met": "not met", "no_evidence": "no evidence", "not_applicable": "not applicable"}
_SAID: Mapping[str, str] = {
    "never": "no report came yet",
    "stale": "its last report is too old",
    "quarantined": "two machines may share its observer's key",
    "not_collected": "it could not be looked at",
    "not_found": "nothing was there",
    "directory_users": "users of a directory may log in as well",
    "without_agent": "without an agent",
    "observed": "observed, no agent",
    "one_factor": "one factor is enough",
    "unregistered": "not registered",
    "two_factors": "two factors everywhere",
    "nobody": "known by nobody",
    "open": "nobody can tell",
    "agent": "has an agent",
    "listed": "on the list",
}
"""Codes of the joined pages as a person says them."""
_SYSTEMS = {
    "linux": "Linux",
    "windows": "Windows",
    "macos": "macOS",
    "ad": "Active Directory",
    "openldap": "OpenLDAP",
    "entra": "Entra ID",
    "google": "Google Workspace",
    "okta": "Okta",
    "device": "network device",
    "mail": "mail domain",
}
_LINES_MAX = 100
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


@register.filter
def word(status: str) -> str:
    """A status or reason as a person says it."""
    return _WORDS.get(status, status.replace("_", " "))


@register.filter
def system(host: Host) -> str:
    """What a host or a subject is, with its role where that says more."""
    role = "" if host.role in ("unknown", host.platform) else f" {host.role}"
    return _SYSTEMS.get(host.platform, host.platform) + role


@register.filter
def shape(status: str) -> SafeString:
    """The shape of a status, for the eye only: the word stands beside it."""
    name = _SAME.get(status, status)
    drawn = _SHAPES.get(name, "")
    svg = '<svg class="shape is-{}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>'
    return format_html(svg, name, mark_safe(drawn))  # noqa: S308 - one of our own


@register.filter
def status(name: str) -> SafeString:
    """A status as word and shape."""
    own = _SAME.get(name, name)
    return format_html('<span class="status is-{}">{}<span>{}</span></span>', own, shape(name), word(name))


@register.filter
def said(code: str) -> str:
    """A code as a person says it."""
    return _SAID.get(code, word(code))


@register.filter
def of(statuses: Mapping[str, str], answer: str) -> str:
    """The status whose shape an answer has."""
    return statuses[answer]


@register.filter
def answered(answer: str, statuses: Mapping[str, str]) -> SafeString:
    """An answer as words and shape."""
    own = _SAME.get(statuses[answer], statuses[answer])
    return format_html('<span class="status is-{}">{}<span>{}</span></span>', own, shape(own), said(answer))


@register.filter
def yes(value: bool | None) -> SafeString:
    """Yes, no, or that it is not known."""
    told = {True: ("met", "yes"), False: ("not_met", "no"), None: ("no_evidence", "not known")}[value]
    return format_html(
        '<span class="status is-{}">{}<span>{}</span></span>', told[0], shape(told[0]), told[1]
    )


@register.filter
def number(value: int) -> str:
    """A whole number with thousands apart."""
    return f"{value:,}"


@register.filter
def hosts(count: int) -> str:
    """So many hosts."""
    return "1 host" if count == 1 else f"{count:,} hosts"


@register.simple_tag(takes_context=True)
def ago(context: Mapping[str, Any], text: str) -> SafeString | str:
    """A time as a distance from now, with the exact time behind it."""
    if not text:
        return "never"
    then = canonical.decode_time(text)
    seconds = (context["moment"] - then).total_seconds()
    return _time(text, then, f"in {_span(-seconds)}" if seconds < 0 else f"{_span(seconds)} ago")


@register.filter
def at(text: str) -> SafeString | str:
    """A time exactly, in UTC."""
    if not text:
        return "never"
    then = canonical.decode_time(text)
    return _time(text, then, f"{then:%d %b %Y, %H:%M} UTC".lstrip("0"))


@register.filter
def lines(value: Json) -> list[str]:
    """A value as lines of text, an element each; of a long list the first ones and how many more."""
    rows = value if isinstance(value, list) else [value]
    left = len(rows) - _LINES_MAX
    more = [f"and {left} more, in the section"] if left > 0 else []
    return [_line(each) for each in rows[:_LINES_MAX]] + more or ["none"]


def _line(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_line(each)}" for name, each in value.items())
    return wording.say(value)


def _time(text: str, then: datetime, words: str) -> SafeString:
    exact = f"{then:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', text, exact, words)


def _span(seconds: float) -> str:
    for size, unit in _UNITS:
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "a moment"
