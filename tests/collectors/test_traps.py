"""Rules of the readers that no fixture shows by itself: each of these, got wrong, would hide a hole.

They were found by breaking the readers on purpose; the tests against the real tools take minutes, these none.
"""

from datetime import datetime

import pytest

from collectors.door import Unseen
from collectors.readers import (
    apt_lists,
    audit_rules,
    backup_jobs,
    dnf,
    iptables,
    kernels,
    nft,
    pam,
    pam_modules,
    pam_text,
    quality,
    rsyslog,
    sshd_match,
    sshd_text,
    sudo_grants,
    sudoers,
    support_ends,
    unit_settings,
    units,
)
from collectors.readers.applicant import Applicant, Asked
from collectors.readers.pam import Outcome, Step
from collectors.readers.passwd import Account
from collectors.readers.ruleset import default_inbound
from collectors.readers.sudoers_text import Text
from tests.collectors.twin import MOMENT, Node, Twin

LATER = datetime.fromisoformat("2026-11-24T13:00:00Z")


def host(**files: str) -> Twin:
    """A host of files, by their paths."""
    return Twin({path: Node(content=text.encode()) for path, text in files.items()})


@pytest.mark.parametrize(
    ("criteria", "connection", "met"),
    [
        ((("group", "wheel,!guests"),), {"user": "a", "groups": ("wheel", "guests")}, False),
        ((("group", "wheel,!guests"),), {"user": "a", "groups": ("guests", "wheel")}, False),
        ((("user", "a"), ("address", "10.0.0.0/8")), {"user": "a", "address": "192.0.2.1"}, False),
        ((("user", "a"), ("address", "10.0.0.0/8")), {"user": "a", "address": "10.1.2.3"}, True),
    ],
)
def test_every_criterion_of_a_match_line_counts(
    criteria: tuple[tuple[str, str], ...], connection: dict[str, object], met: bool
) -> None:
    """A group that is excluded takes a user out whatever else they are in; one criterion is not enough."""
    asked = sshd_match.Connection(**connection)  # type: ignore[arg-type]
    assert sshd_match.meets(sshd_text.Block(criteria, "x:1"), asked) is met


def test_what_a_match_block_includes_stands_in_it() -> None:
    """A setting of an included file is no setting for everybody."""
    files = {
        "/etc/ssh/sshd_config": "Match User a\nInclude /etc/ssh/x.conf\n",
        "/etc/ssh/x.conf": "UsePAM yes\n",
    }
    assert [len(line.guard) for line in sshd_text.read(host(**files)) if line.keyword == "usepam"] == [1]


def test_minlen_below_six_is_six() -> None:
    """Libpwquality takes no smaller one, and a larger one is not made of it."""
    step = Step(0, "pam_pwquality", "requisite", {}, ("minlen=4",), "x:1")
    assert quality.pwquality_length(quality.pwquality(host(), step)) == (6, "x:1")


def read(*lines: str) -> sudoers.Sudoers:
    """Lines of a sudoers file."""
    found = sudoers.Sudoers()
    for number, line in enumerate(lines, start=1):
        sudoers.add(found, Text(line, f"sudoers:{number}"))
    return found


def outcomes(*lines: str, command: str = "/bin/a", target: str = "root", name: str | None = "h") -> set[str]:
    """What user a may get for a command, as a target, on a host of a name."""
    asker = sudo_grants.Asker(frozenset({"a"}))
    return sudo_grants.decided(sudo_grants.grants(read(*lines), name), asker, [target], command)


@pytest.mark.parametrize(
    ("lines", "asked", "come_to"),
    [
        (("a ALL=(ALL) NOPASSWD: ALL", "a ALL=(ALL) PASSWD: ALL"), {}, {"asked"}),
        (("a ALL=(ALL) PASSWD: ALL", "a ALL=(ALL) NOPASSWD: ALL"), {}, {"free"}),
        (("a ALL=(ALL) NOPASSWD: ALL", "a ALL=(ALL) PASSWD: sha224:aaaa /bin/a"), {}, {"asked", "free"}),
        (("a ALL=(ALL) NOPASSWD: ALL", "a ALL=(b) PASSWD: ALL"), {"target": "ALL"}, {"asked", "free"}),
        (("a 10.0.0.1=(ALL) NOPASSWD: ALL",), {}, {"free", ""}),
        (("a h.example=(ALL) NOPASSWD: ALL",), {"name": None}, {"free", ""}),
        (("User_Alias X = !a", "User_Alias Y = ALL, !X", "Y ALL=(ALL) NOPASSWD: ALL"), {}, {"free"}),
    ],
)
def test_the_rule_of_sudo_that_counts(
    lines: tuple[str, ...], asked: dict[str, str | None], come_to: set[str]
) -> None:
    """The last that fits; one that fits perhaps leaves the one before it open; two exclusions include."""
    assert outcomes(*lines, **asked) == come_to  # type: ignore[arg-type]


def test_the_last_rule_overrules() -> None:
    """Of two that take in another one, the later counts."""
    later = sudo_grants.grants(read("a ALL=(ALL) PASSWD: ALL", "a ALL=(ALL) NOPASSWD: ALL"), "h")
    asker = sudo_grants.Asker(frozenset({"a"}))
    assert sudo_grants.overruled_by(later, asker, ["root"], "/bin/a") == "free"


IPTABLES = "*filter\n:INPUT DROP [0:0]\n:IN - [0:0]\n"


def fares(rules: str) -> str:
    """What comes of a connection under rules of iptables."""
    return default_inbound(iptables.parse(f"{IPTABLES}{rules}COMMIT\n", "ipv4"), ["eth0"], ["ipv4"])


def test_a_torn_answer_of_iptables_is_none() -> None:
    """Without COMMIT a rule that accepts all may be what is not there."""
    with pytest.raises(Unseen, match="COMMIT"):
        iptables.parse(IPTABLES, "ipv4")


@pytest.mark.parametrize(
    ("rules", "comes_to"),
    [
        ("-A IN -p tcp -j RETURN\n-A INPUT -g IN\n-A INPUT -j ACCEPT\n", "drop"),
        ("-A IN -p tcp -j RETURN\n-A INPUT -j IN\n-A INPUT -j ACCEPT\n", "accept"),
        ("-A INPUT -j REJECT --reject-with tcp-reset\n-A INPUT -j ACCEPT\n", "accept"),
    ],
)
def test_goto_and_a_reset(rules: str, comes_to: str) -> None:
    """What goes to a chain does not come back to its caller, and a reset stops TCP alone."""
    assert fares(rules) == comes_to


def nftables(chain: str, *rules: str) -> str:
    """What comes of a connection over any of two interfaces under rules of nft, each its statements."""
    place = '"family": "inet", "table": "t"'
    items = [f'{{"chain": {{{place}, "name": "c", "type": "filter", "hook": "input", "prio": 0{chain}}}}}']
    items += [f'{{"rule": {{{place}, "chain": "c", "expr": [{rule}]}}}}' for rule in rules]
    text = f'{{"nftables": [{{"metainfo": {{}}}}, {", ".join(items)}]}}'
    return default_inbound(nft.parse(text), ["eth0", "eth1"], ["ipv4"])


IN_BY = '{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}}'


def test_nft_accepts_where_nothing_is_said() -> None:
    """A chain without a policy accepts; each interface is asked, and a limited drop lets the rest in."""
    assert nftables("") == "accept"
    assert nftables(', "policy": "drop"', f'{IN_BY}, {{"accept": null}}') == "accept"
    assert nftables("", '{"limit": {"rate": 1, "per": "second"}}, {"drop": null}') == "accept"


@pytest.mark.parametrize(
    ("selector", "carried"),
    [
        ("*.*;authpriv.!info", False),
        ("*.*;authpriv.!=info", False),
        ("*.*;authpriv.!notice", True),
        ("*.*;authpriv.none", False),
    ],
)
def test_an_exclusion_in_a_selector(selector: str, carried: bool) -> None:
    """What a later part takes out is out."""
    assert rsyslog.destinations(f"{selector} /var/log/a\n").file is carried


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("if $syslogseverity < 6 then /var/log/a\n", False),
        ("if $syslogseverity <= 6 then /var/log/a\n", True),
        ("*.* /dev/console\n", False),
        ("*.* /var/log/a\n", True),
    ],
)
def test_where_rsyslog_writes(rule: str, kept: bool) -> None:
    """A login's message is of severity 6, and a device keeps nothing."""
    assert rsyslog.destinations(rule).file is kept


def test_audit_rules_that_leave_people_out() -> None:
    """The first person's number is 1000; of two switches the last counts."""
    rule = "-a always,exit -F arch=b64 -S unlinkat,renameat -F auid>={}"
    assert audit_rules.covers(audit_rules.parse(rule.format(1000))) == ["deletion"]
    assert audit_rules.covers(audit_rules.parse(rule.format(1001))) == []
    assert audit_rules.enabled("-e 1\n-e 0\n") == "0"


def test_rsnapshot_that_syncs_first() -> None:
    """With sync_first a rotation copies nothing from anywhere: only the sync is a backup."""
    files = {
        "/etc/rsnapshot.conf": "snapshot_root\t/b\nretain\talpha\t7\nsync_first\t1\nlogfile\t/var/log/r\n",
        "/var/log/r": "[2026-11-24T04:00:09] /usr/bin/rsnapshot alpha: completed successfully\n",
    }
    assert [job.last_success_at for job in backup_jobs.rsnapshot(host(**files))] == [None]


FOLDER = "/usr/lib/systemd/system"
TIMER = {
    f"{FOLDER}/a.timer": "[Timer]\nOnCalendar=daily\n",
    f"{FOLDER}/a.service": "[Service]\nExecStart=/bin/a\n",
}


def test_a_timer_of_a_masked_service() -> None:
    """It fires, and starts nothing."""
    masked = host(**TIMER, **{"/etc/systemd/system/a.service": ""})
    assert unit_settings.obstacles(masked, "a.timer", "/bin/a") == ["timer_masked:a.timer"]


def test_drop_ins_are_read_by_name() -> None:
    """Whatever folder they lie in, the later name has the last word."""
    more = {"/etc/systemd/system/a.timer.d/1.conf": "x", f"{FOLDER}/a.timer.d/0.conf": "x"}
    names = [path.rpartition("/")[2] for path in units.drop_ins(host(**TIMER, **more), "a.timer")]
    assert names == ["0.conf", "1.conf"]


def test_the_oldest_repository_of_dnf_counts() -> None:
    """One that is fetched each day says nothing of its neighbour, one never fetched makes it unknown."""
    nodes = {"/etc/yum.repos.d/x.repo": Node(content=b"[a]\nbaseurl=file:///a\n[b]\nbaseurl=file:///b\n")}
    nodes["/var/cache/dnf/a-0123456789abcdef/repodata/repomd.xml"] = Node(modified_at=LATER)
    with pytest.raises(Unseen, match="b was never fetched"):
        dnf.lists_refreshed_at(Twin(nodes))
    nodes["/var/cache/dnf/b-0123456789abcdef/repodata/repomd.xml"] = Node(modified_at=MOMENT)
    assert dnf.lists_refreshed_at(Twin(nodes)).value == "2026-11-24T12:00:00Z"


def test_a_jump_past_the_end_of_a_stack_refuses() -> None:
    """As libpam has it: what is told to leave out more than there is, fails."""
    text = "auth required pam_permit.so\nauth [success=5 default=ignore] pam_permit.so\n"
    steps = pam.stack(host(**{"/etc/pam.d/x": text}), "x", "auth")
    passed, failed = pam.ways(steps, lambda _step, _proven: [Outcome("success")])
    assert not passed
    assert failed


@pytest.mark.parametrize("arguments", [(), ("nullok",)])
def test_an_empty_password(arguments: tuple[str, ...]) -> None:
    """It opens the door with nullok alone, and then the way is named."""
    account = Account("a", 1000, 1000, "/home/a", "/bin/sh", "empty", None)
    asked = Asked("login", who=Applicant(account, frozenset(), "empty"), empty=True)
    step = Step(0, "pam_unix", "required", pam_text.actions("required"), arguments, "x:1")
    told = pam_modules.outcomes(host(), step, frozenset(), asked)
    assert [one.returns == "success" and bool(one.notes) for one in told] == [bool(arguments)]


def test_which_release_this_is_cannot_be_read() -> None:
    """Then a list of some security archive may be another release's."""
    nodes = {"/etc/os-release": Node(unseen="permission_denied")}
    nodes["/var/lib/apt/lists/d_dists_s_InRelease"] = Node(content=b"Label: Debian-Security\n")
    with pytest.raises(Unseen, match="permission_denied"):
        apt_lists.security_archives(Twin(nodes))


def test_a_link_in_run_starts_nothing_at_the_next_boot() -> None:
    """The next boot begins without /run."""
    link = {"/run/systemd/system/multi-user.target.wants/a.service": "x"}
    assert not units.unit(host(**TIMER, **link), "a.service").enabled
    link = {"/etc/systemd/system/multi-user.target.wants/a.service": "x"}
    assert units.unit(host(**TIMER, **link), "a.service").enabled


def test_centos_linux_ended_before_its_stream() -> None:
    """They share id and version."""
    assert support_ends.in_table("centos", "8", "CentOS Linux") == "2021-12-31"
    assert support_ends.in_table("centos", "8", "CentOS Stream") == "2024-05-31"


def test_nft_of_another_interface_and_a_proxy() -> None:
    """A chain on one device stops nothing on others; a proxy may take what the policy would drop."""
    chain = '"family": "netdev", "table": "t", "name": "c", "type": "filter", "hook": "ingress", "prio": 0'
    text = (
        f'{{"nftables": [{{"metainfo": {{}}}}, {{"chain": {{{chain}, "dev": "eth9", "policy": "drop"}}}}]}}'
    )
    assert default_inbound(nft.parse(text), ["eth0"], ["ipv4"]) == "accept"
    with pytest.raises(Unseen, match="unsupported"):
        nftables(', "policy": "drop"', '{"tproxy": {"port": 1}}')


def test_ubuntu_has_its_standard_years() -> None:
    """The years that want a subscription are none of them; Debian's LTS wants none."""
    text = "version,eol,eol-lts\n1,2026-01-01,2030-01-01\n"
    assert support_ends.in_distro_info("ubuntu", "1", text) == ("2026-01-01", 2)
    assert support_ends.in_distro_info("debian", "1", text) == ("2030-01-01", 2)


def test_kernel_ten_is_newer_than_kernel_nine() -> None:
    """Numbers in a release are compared as numbers."""
    files = {"/proc/sys/kernel/osrelease": "5.10.0-9-amd64\n"}
    images = {f"/boot/vmlinuz-5.10.0-{number}-amd64": "x" for number in (9, 10)}
    assert kernels.reboot_required(host(**files, **images)).value is True
