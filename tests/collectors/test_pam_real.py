"""The PAM readers held to the real libpam, pam_pwquality and pam_unix, on generated stacks."""

import string
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.readers import pam, pam_password
from tests.collectors.peer import Peer
from tests.collectors.twin import Node, Twin

pytestmark = [pytest.mark.real("unshare", "useradd", root=True), pytest.mark.xdist_group("peer")]
FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer() as running:
        yield running


# --- which way a stack goes

RETURNS = st.sampled_from(
    "success auth_err ignore user_unknown new_authtok_reqd perm_denied authinfo_unavail".split()
)
ACTIONS = st.sampled_from("ok done bad die ignore reset 1 2 3".split())
NAMES = ("service", "one", "two", "three")


@st.composite
def controls(draw: st.DrawFn) -> str:
    word = draw(st.sampled_from(["required", "requisite", "sufficient", "optional", "REQUIRED", ""]))
    if word:
        return word
    pairs = [f"{draw(RETURNS)}={draw(ACTIONS)}" for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        pairs.insert(draw(st.integers(0, len(pairs))), f"default={draw(ACTIONS)}")
    return f"[{' '.join(pairs)}]"


@st.composite
def pam_files(draw: st.DrawFn, depth: int) -> str:
    """One file; those deeper down may be included, and one that is not there."""
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.integers(0, 19))
        if kind < 5 and depth < len(NAMES) - 1:
            word = draw(st.sampled_from(["auth include", "auth substack", "@include"]))
            lines.append(f"{word} {draw(st.sampled_from([*NAMES[depth + 1 :], 'missing']))}")
        elif kind == 5:
            lines.append("bogus required pam_permit.so")
        elif kind == 6:
            lines.append(
                f"{draw(st.sampled_from(['-auth', 'auth']))} {draw(controls())} pam_boltseal_none.so"
            )
        elif kind == 7:
            lines.append("account required pam_deny.so")
        elif kind == 8:
            lines.append(f"auth required \\\n  pam_debug.so auth={draw(RETURNS)} # a comment")
        else:
            lines.append(f"auth {draw(controls())} pam_debug.so auth={draw(RETURNS)} cred=success")
    return "\n".join(lines) + "\n"


def _outcome(step: pam.Step, _: frozenset[str]) -> list[pam.Outcome]:
    return [
        pam.Outcome(
            {"pam_permit": "success", "pam_deny": "auth_err"}.get(step.module) or str(step.option("auth"))
        )
    ]


@MANY
@given(files=st.tuples(*(pam_files(depth) for depth in range(len(NAMES)))))
def test_walk_through_a_stack(peer: Peer, files: tuple[str, ...]) -> None:
    """Includes, substacks, jumps, broken and missing lines: success exactly where libpam says so."""
    texts = dict(zip((f"pam.d/{name}" for name in NAMES), files, strict=True))
    texts["pam.d/other"] = "auth required pam_deny.so\naccount required pam_deny.so\n"
    peer.write(texts)
    modules = {f"/lib/security/pam_{name}.so": Node() for name in ("permit", "deny", "debug")}
    host = Twin({**{f"/etc/{name}": Node(content=text.encode()) for name, text in texts.items()}, **modules})
    passed, failed = pam.ways(pam.stack(host, "service", "auth"), _outcome)
    assert 1 == len(passed) + len(failed)
    assert (peer.pam("service", "root") == 0) == bool(passed)


# --- which new password is stored

FLAGS = st.sampled_from(["use_authtok", "use_authtok try_first_pass", "try_first_pass", "", "use_first_pass"])
LENGTHS = st.one_of(st.none(), st.integers(3, 16))


@st.composite
def password_stacks(draw: st.DrawFn) -> dict[str, str | None]:
    """A password stack, pwquality.conf and a drop-in."""
    lines = []
    if draw(st.integers(0, 5)):
        control = draw(st.sampled_from(["requisite", "required", "optional", "sufficient"]))
        length, credit = draw(LENGTHS), draw(st.sampled_from(["", "", "dcredit=1 ucredit=1", "ocredit=-1"]))
        told = f"minlen={length}" if length else ""
        off = draw(st.sampled_from(["", "", "", "enforcing=0"]))
        lines.append(f"password {control} pam_pwquality.so retry=1 dictcheck=0 {told} {credit} {off}")
    if draw(st.integers(0, 3)) == 0:
        lines.append(f"password required pam_pwhistory.so remember=3 {draw(FLAGS)}")
    if draw(st.integers(0, 5)) == 0:
        jump = draw(st.sampled_from(["uid > 0", "uid = 0"]))
        lines.insert(0, f"password [success=1 default=ignore] pam_succeed_if.so quiet {jump}")
    unix = draw(st.sampled_from(["", "minlen=9", "obscure"]))
    lines += [
        f"password [success=1 default=ignore] pam_unix.so sha512 {draw(FLAGS)} {unix}",
        "password requisite pam_deny.so",
        "password required pam_permit.so",
    ]
    main, drop_in = draw(LENGTHS), draw(LENGTHS)
    broken = draw(st.sampled_from(["", "", "", "minlength = 3\n"]))
    return {
        "pam.d/changing": "\n".join(lines) + "\n",
        "security/pwquality.conf": broken + (f"minlen = {main}\n" if main else ""),
        "security/pwquality.conf.d/50.conf": f"minlen {drop_in}\n" if drop_in else "# nothing\n",
    }


def password(length: int) -> str:
    """A password that nothing but its length speaks against; digits and capitals first, for the credits."""
    random = Random(length)
    return ("7Q-z" + "".join(random.choice(string.ascii_letters) for _ in range(length)))[:length]


@FEW
@given(files=password_stacks())
def test_shortest_password_that_is_stored(peer: Peer, files: dict[str, str | None]) -> None:
    """What we call the least length is stored when a user asks, and one letter less is not."""
    always = "pam_succeed_if.so quiet uid" in str(files["pam.d/changing"])
    peer.write({**files, "pam.d/other": "password required pam_deny.so\n"})
    nodes = {f"/etc/{name}": Node(content=str(text).encode()) for name, text in files.items()}
    nodes["/etc/os-release"] = Node(content=b"ID=debian\n")
    rules = pam_password.rules(Twin(nodes), "changing")
    length = rules.length[0]
    if rules.length[1] == "" or (always and "uid = 0" in str(files["pam.d/changing"])):
        return  # the jump that we must count with does not happen for this user
    stored = peer.change_password("changing", password(length))
    if not stored:  # nothing can be stored at all: a stack that always refuses has no least length
        assert not peer.change_password("changing", password(40))
        return
    assert not peer.change_password("changing", password(length - 1))


def test_weak_password_is_stored_past_a_required_module(peer: Peer) -> None:
    """Why use_authtok decides: the change is reported as failed, and the weak password is stored."""
    quality = "password required pam_pwquality.so retry=1 dictcheck=0 minlen=16\n"
    for flag, stored in (("", True), ("use_authtok", False)):
        peer.write({"pam.d/changing": f"{quality}password required pam_unix.so sha512 {flag}\n"})
        assert stored == peer.change_password("changing", "7Q-zebra")


def test_pam_conf_is_not_read(peer: Peer) -> None:
    """Where a folder of services is there, libpam asks "other" for what has no file, and pam.conf nothing."""
    files: dict[str, str | None] = {
        "pam.conf": "lonely auth required pam_permit.so\nboth auth required pam_deny.so\n",
        "pam.d/both": "auth required pam_permit.so\n",
        "pam.d/other": "auth required pam_deny.so\n",
    }
    peer.write(files)
    host = Twin({f"/etc/{name}": Node(content=str(text).encode()) for name, text in files.items()})
    for service, lets_in in (("lonely", False), ("both", True)):
        passed, _ = pam.ways(pam.stack(host, service, "auth"), _outcome)
        assert (peer.pam(service, "root") == 0) == bool(passed) == lets_in


def test_libpam_is_debians(peer: Peer) -> None:
    """The tests above mean something only where modules really load."""
    assert Path("/lib/x86_64-linux-gnu/security/pam_debug.so").exists() or list(
        Path("/lib").glob("*/security")
    )
    peer.write({"pam.d/plain": "auth required pam_permit.so\n"})
    assert 0 == peer.pam("plain", "root")
