"""Who gets in with what: our walk through PAM held to pamtester with real passwords and one-time codes."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.logins import USERS, Logins

pytestmark = [
    pytest.mark.real("unshare", "pamtester", "oathtool", "setpriv", root=True),
    pytest.mark.xdist_group("logins"),
]
MANY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
SECRETS = ("password", "otp")


@pytest.fixture(scope="module")
def logins() -> Iterator[Logins]:
    with Logins() as running:
        yield running


CONTROLS = st.one_of(
    st.sampled_from(["required", "requisite", "sufficient", "optional", "required", "required"]),
    st.builds(
        "[success={} {} default={}]".format,
        st.sampled_from(["ok", "done", "1", "2", "ignore"]),
        st.sampled_from(["", "", "ignore=ignore", "user_unknown=ignore", "auth_err=1"]),
        st.sampled_from(["ignore", "die", "bad", "1", "2"]),
    ),
)
CONDITIONS = st.sampled_from(
    [
        "user ingroup nomfa",
        "user notingroup nomfa",
        "user = carol",
        "user in alice:bob",
        "uid >= 1000",
        "uid < 1000",
        "service = top",
        "service notin top:sshd",
        "shell = /bin/bash",
    ]
)


@st.composite
def modules(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 11))
    if kind < 4:
        return "pam_unix.so nodelay " + draw(
            st.sampled_from(["", "", "nullok", "use_first_pass", "try_first_pass"])
        )
    if kind < 8:
        return "pam_google_authenticator.so " + draw(st.sampled_from(["", "", "nullok", "forward_pass"]))
    if kind == 8:
        return f"pam_succeed_if.so quiet {draw(CONDITIONS)}"
    if kind == 9:
        name = draw(st.sampled_from(["permit", "deny", "env", "rootok_none", "localuser", "usertype"]))
        return f"pam_{name}.so" + {"usertype": " isregular"}.get(name, "")
    if kind == 10:
        return "pam_listfile.so onerr=fail item=user file=/etc/listed sense=" + draw(
            st.sampled_from(["allow", "deny"])
        )
    return "pam_nologin.so"


@st.composite
def files(draw: st.DrawFn, deeper: bool) -> str:
    lines = [
        f"{draw(st.sampled_from(['auth', 'auth', '-auth']))} {draw(CONTROLS)} {draw(modules())}"
        for _ in range(draw(st.integers(1, 3)))
    ]
    if deeper:
        word = draw(st.sampled_from(["@include", "auth include", "auth substack"]))
        lines.insert(draw(st.integers(0, len(lines))), f"{word} below")
    return "\n".join(lines) + "\n"


@MANY
@given(top=files(True), below=files(False))
def test_what_is_enough(logins: Logins, top: str, below: str) -> None:
    """For every user, the least sets of secrets that let in are those that our walk finds."""
    logins.write(
        {
            "pam.d/top": top,
            "pam.d/below": below,
            "pam.d/other": "auth required pam_deny.so\n",
            "listed": "nina\n",
        }
    )
    prompts = f"{top}{below}".count("google")
    for user in USERS:
        enough = logins.enough("pamtester", user, SECRETS, service="top", prompts=prompts)
        assert enough == set(logins.ask("ours", service="top", user=user)), user


@pytest.mark.parametrize("program", ["su", "login", "sudo"])
@pytest.mark.parametrize("option", ["", "nullok"])
def test_programs(logins: Logins, program: str, option: str) -> None:
    """su, login and sudo on a terminal let in with what our walk of their stacks says is enough."""
    stack = f"auth required pam_unix.so nodelay\nauth required pam_google_authenticator.so {option}\n"
    rest = "account required pam_permit.so\nsession required pam_permit.so\n"
    names = {"su": ("su", "su-l")}.get(program, (program,))
    logins.write({f"pam.d/{name}": stack + rest for name in names})
    logins.write(
        {
            "sudoers": "Defaults passwd_tries=1, timestamp_timeout=0\nALL ALL=(ALL) ALL\n",
            "login.defs": "FAIL_DELAY 0\n",
        }
    )
    for user in ("alice", "carol"):
        assert logins.enough(program, user, SECRETS) == set(
            logins.ask("ours", service=names[-1], user=user)
        ), user
