"""Who may act as root, how, and who may without being asked for a password.

sudoers is read as sudo reads it: includes in order, aliases, tags that go on to the next command, scoped
defaults. A line that is not understood makes the answer unknown: sudo would skip it, but what it grants is
not seen here.
"""

from __future__ import annotations

from collectors.door import Host
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import administrators, doas, nsswitch, sudoers
from collectors.readers.sudo_grants import Grant
from collectors.readers.sudoers import Default, Sudoers

FACTS = {
    "privileges.administrators": Fact(
        "list[str]", "who may become root; %group where a directory knows the members"
    ),
    "privileges.ways_to_root": Fact(
        "records{name: str, by: str, source: str}",
        "each way in which somebody may become root: uid, sudo, doas, polkit; polkit rule (asks for nothing);"
        " docker, podman, containerd, cri-o, lxd, incus, libvirt by the engine's socket; disk by a device; file"
        " of root's that they may write to; and what grants it",
    ),
    "privileges.hidden_administrators": Fact(
        "list[str]",
        "who can log in and become root, but is no administrator by user number, sudo, doas or polkit",
    ),
    "privileges.nopasswd_rules": Fact(
        "records{who: str, commands: str, source: str}",
        "what sudo or doas runs without asking for a password",
    ),
    "privileges.no_authenticate": Fact("list[str]", "defaults of sudo that ask nobody for a password"),
    "privileges.other_sources": Fact("list[str]", "where sudo also takes rules from: sss, ldap"),
}


def collect(host: Host) -> Findings:
    """Administrators by UID 0, groups and rules; rules without a password; defaults that switch it off."""
    findings = Findings()
    findings.look("privileges.administrators", _administrators, host)
    findings.look("privileges.ways_to_root", _ways_to_root, host)
    findings.look("privileges.hidden_administrators", _hidden, host)
    findings.look("privileges.nopasswd_rules", _nopasswd_rules, host)
    findings.look("privileges.no_authenticate", no_authenticate, host)
    findings.look("privileges.other_sources", _other_sources, host)
    return findings


def _administrators(host: Host) -> Seen:
    names, sources = administrators.names(host)
    return Seen([*names], *sources)


def _ways_to_root(host: Host) -> Seen:
    held, sources = administrators.ways(host)
    return Seen([{"name": one.name, "by": one.by, "source": one.source} for one in held], *sources)


def _hidden(host: Host) -> Seen:
    return Seen([*administrators.hidden(host)], *administrators.ways(host)[1])


def _nopasswd_rules(host: Host) -> Seen:
    found: list[Json] = []
    for grants in _by_line(administrators.free(host)).values():
        who = grants[0].users
        if set(who) != {"root"}:
            commands = ", ".join(dict.fromkeys(one.command for one in grants))
            found.append({"who": ", ".join(who), "commands": commands, "source": grants[0].rule.source})
    found.extend(
        {"who": one.who.replace(":", "%", 1), "commands": one.command, "source": one.source}
        for one in doas.rules(host)
        if one.nopass and one.who != "root"
    )
    return Seen(found, sudoers.PATHS[0], doas.PATH)


def _by_line(grants: list[Grant]) -> dict[str, list[Grant]]:
    lines: dict[str, list[Grant]] = {}
    for one in grants:
        lines.setdefault(one.rule.source, []).append(one)
    return lines


def no_authenticate(host: Host) -> Seen:
    """The defaults of sudo that ask nobody for a password, as `privileges.no_authenticate` tells them."""
    read = administrators.sudo(host)
    if read is None:
        return Seen([], f"{sudoers.PATHS[0]}: not there")
    last: dict[tuple[str, str], Default] = {}
    for default in read.defaults:
        if not default.scope:  # for all: ends what was said before it, but for commands, which come last
            last = {key: one for key, one in last.items() if key[1] != default.name or key[0].startswith("!")}
        last[default.scope, default.name] = default
    open_to = [one for (scope, name), one in last.items() if _opens(one, scope, name, read)]
    told: list[Json] = [f"Defaults{one.scope} {_setting(one)}" for one in open_to]
    return Seen(told, *([one.source for one in open_to] or [sudoers.PATHS[0]]))


def _opens(one: Default, scope: str, name: str, read: Sudoers) -> bool:
    who = set(read.expand("User", scope[1:].split(","))) if scope.startswith(":") else set()
    if name == "authenticate":
        return one.value == "false" and who != {"root"}
    return name == "exempt_group" and one.value not in ("", "false")


def _setting(one: Default) -> str:
    return "!authenticate" if one.name == "authenticate" else f"{one.name}={one.value}"


def _other_sources(host: Host) -> Seen:
    named = nsswitch.sources(host, "sudoers")
    return Seen([one for one in named if one != "files"], nsswitch.PATH)
