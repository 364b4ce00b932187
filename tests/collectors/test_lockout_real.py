"""The lock after wrong passwords held to real ones: pam_faillock on generated stacks and settings."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.collectors.logins import Logins

pytestmark = [
    pytest.mark.real("unshare", "pamtester", "oathtool", "faketime", root=True),
    pytest.mark.xdist_group("lockout"),
]
SOME = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
MOST = 6
"""More wrong passwords than any generated lock allows."""


@pytest.fixture(scope="module")
def logins() -> Iterator[Logins]:
    with Logins() as running:
        yield running


def _options(equals: str) -> st.SearchStrategy[list[str]]:
    """Settings as a file (" = ") or as a line's arguments ("=") has them."""
    return st.lists(
        st.one_of(
            st.integers(0, 4).map(lambda number: f"deny{equals}{number}"),
            st.sampled_from(["60", "900", "never", "0", "later"]).map(
                lambda one: f"unlock_time{equals}{one}"
            ),
            st.sampled_from(["30", "700"]).map(lambda one: f"fail_interval{equals}{one}"),
            st.sampled_from(["even_deny_root", f"root_unlock_time{equals}120", "silent", "no_log_info"]),
        ),
        max_size=3,
        unique_by=lambda one: one.split("=")[0].strip(),
    )


@st.composite
def stacks(draw: st.DrawFn) -> str:
    """Mostly good ones; a line may be missing, stand elsewhere or have another control."""
    arguments = " ".join(draw(_options("=")))
    other = draw(st.sampled_from([arguments, arguments, ""]))
    unix = draw(
        st.sampled_from(["[success=1 default=ignore]", "[success=1 default=bad]", "sufficient", "required"])
    )
    lines = [
        f"auth {draw(st.sampled_from(['required', 'requisite', 'optional']))} pam_faillock.so preauth {arguments}",
        f"auth {unix} pam_unix.so nodelay",
        f"auth {draw(st.sampled_from(['[default=die]', 'required']))} pam_faillock.so authfail {other}",
        f"auth {draw(st.sampled_from(['sufficient', 'required']))} pam_faillock.so authsucc {other}",
        f"auth {draw(st.sampled_from(['required', 'requisite']))} pam_deny.so",
        "auth required pam_permit.so",
    ]
    kept = [line for line in lines if draw(st.integers(0, 5))]
    if draw(st.integers(0, 5)) == 0:
        kept = draw(st.permutations(kept))
    account = draw(st.sampled_from(["account required pam_faillock.so\n", ""]))
    return "\n".join(kept) + f"\n{account}account required pam_permit.so\n"


GOOD = """\
auth required pam_faillock.so preauth {0}
auth [success=1 default=ignore] pam_unix.so nodelay
auth [default=die] pam_faillock.so authfail {0}
auth sufficient pam_faillock.so authsucc {0}
auth required pam_deny.so
auth required pam_permit.so
account required pam_permit.so
"""

OPEN = """\
auth required pam_faillock.so preauth
auth [success=1 default=ignore] pam_unix.so nodelay
auth required pam_faillock.so authfail
account required pam_faillock.so
account required pam_permit.so
"""
"""A wrong password gets in, as nothing fails for it."""
TWO_LINES = """\
auth required pam_faillock.so preauth {0}
auth [success=1 default=ignore] pam_unix.so nodelay
auth [default=die] pam_faillock.so authfail {1}
account required pam_permit.so
"""


@SOME
@example(stack=OPEN, conf=[])
@example(stack=TWO_LINES.format("fail_interval=700", "fail_interval=30"), conf=[])
@example(stack=TWO_LINES.format("fail_interval=30", "fail_interval=700"), conf=[])
@example(stack=TWO_LINES.format("deny=4", "deny=3"), conf=[])
@example(stack=TWO_LINES.format("deny=3", "deny=4"), conf=[])
@example(stack=TWO_LINES.format("", "deny=2 even_deny_root"), conf=["root_unlock_time = 60"])
@example(stack=TWO_LINES.format("deny=2", "deny=0"), conf=[])
@example(stack=GOOD.format("deny=many"), conf=["deny = 2", "unlock_time = 60"])
@example(stack=GOOD.format("deny=2x unlock_time=later"), conf=["deny = 4", "unlock_time = never"])
@example(stack=GOOD.format(""), conf=["deny = 2", "deny = many", "even_deny_root"])
@example(stack=GOOD.format("unlock_time=-1 fail_interval=30"), conf=["deny = 2", "unlock_time = 700"])
@example(stack=GOOD.format("fail_interval=604801"), conf=["deny = 2", "unlock_time = 604800"])
@given(stack=stacks(), conf=_options(" = "))
def test_lock(logins: Logins, stack: str, conf: list[str]) -> None:
    """As many wrong passwords as we say lock, for as long as we say, root too where we say so."""
    assume("pam_unix.so" in stack)  # where nobody asks for a password none is wrong
    # Counted before the password is asked for, the right one counts too: one less locks than we say.
    assume("authfail" not in stack or stack.index("pam_unix.so") < stack.index("authfail"))
    logins.write(
        {
            "pam.d/door": stack,
            "pam.d/other": "auth required pam_deny.so\n",
            "security/faillock.conf": "\n".join([*conf, "nodelay"]) + "\n",
        }
    )
    if logins.ask("locks", service="door", user="alice", wrong=[], right=0):
        return  # nobody gets in here, whatever the password
    ours = logins.ask("lock", service="door")
    if logins.ask("opens", service="door", user="alice"):
        assert not ours["threshold"]
        return
    wrong = next(
        (
            count
            for count in range(1, MOST + 1)
            if logins.ask("locks", service="door", user="alice", wrong=[0] * count, right=0)
        ),
        0,
    )
    assert wrong == ours["threshold"]
    if not wrong:
        return
    many = [0] * wrong
    assert ours["includes_superuser"] == logins.ask("locks", service="door", user="root", wrong=many, right=0)
    ends = ours["unlock_seconds"]
    assert logins.ask("locks", service="door", user="alice", wrong=many, right=(ends or 700_000) - 5)
    assert not ends or not logins.ask("locks", service="door", user="alice", wrong=many, right=ends + 5)
    if wrong > 1:
        window = ours["window_seconds"]
        for last, locked in ((window - 5, True), (window + 5, False)):
            assert locked == logins.ask(
                "locks", service="door", user="alice", wrong=[*many[1:], last], right=last + 1
            )
