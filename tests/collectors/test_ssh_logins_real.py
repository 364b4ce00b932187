"""Who gets in over SSH with what: the verdict on a root held to real logins with a real sshd on that root."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.collectors.logins import Logins

pytestmark = [
    pytest.mark.real("unshare", "sshd", "ssh", "oathtool", root=True),
    pytest.mark.xdist_group("ssh_logins"),
]
STRONG = ("required", "phishing_resistant")
UNIX = "auth required pam_unix.so nodelay\n"
OTP = "auth required pam_google_authenticator.so\n"
REST = "account required pam_permit.so\nsession required pam_permit.so\n"
KEY_AND_ASK = "UsePAM yes\nAuthenticationMethods publickey,keyboard-interactive\n"


@dataclass(frozen=True)
class Design:
    """A way to set up SSH. `strong`: what everybody can see that it is."""

    name: str
    config: str
    pam: str
    strong: bool
    users: tuple[str, ...] = ("alice", "carol")

    def __str__(self) -> str:
        return self.name


DESIGNS = (
    Design(
        "key_only", "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n", UNIX, False
    ),
    Design("password_only", "UsePAM yes\nPubkeyAuthentication no\n", UNIX, False),
    Design("key_and_code", KEY_AND_ASK, OTP, True),
    Design(
        "key_code_nullok", KEY_AND_ASK, OTP.replace("\n", " nullok\nauth required pam_permit.so\n"), False
    ),
    Design("password_and_code", "UsePAM yes\nPubkeyAuthentication no\n", UNIX + OTP, True),
    Design("password_and_code_beside_keys", "UsePAM yes\n", UNIX + OTP, False),
    Design("nullok", "UsePAM yes\nPubkeyAuthentication no\n", UNIX + OTP.replace("\n", " nullok\n"), False),
    Design("without_pam", "UsePAM no\nPubkeyAuthentication no\n", UNIX + OTP, False),
    Design(
        "second_list",
        "UsePAM yes\nAuthenticationMethods publickey,keyboard-interactive keyboard-interactive\n",
        UNIX,
        False,
    ),
    Design(
        "two_good_lists",
        "UsePAM yes\nAuthenticationMethods publickey,password keyboard-interactive\n",
        UNIX + OTP,
        True,
    ),
    Design(
        "match_exempts_a_group",
        KEY_AND_ASK + "Match Group nomfa\nAuthenticationMethods publickey\n",
        UNIX,
        False,
        ("alice", "nina"),
    ),
    Design(
        "match_exempts_an_address",
        KEY_AND_ASK + "Match Address 127.0.0.0/8\nAuthenticationMethods publickey\n",
        UNIX,
        False,
        ("alice",),
    ),
    Design(
        "sufficient_before_the_code",
        "UsePAM yes\nPubkeyAuthentication no\n",
        UNIX.replace("required", "sufficient") + OTP,
        False,
    ),
    Design(
        "jump_past_the_code",
        "UsePAM yes\nPubkeyAuthentication no\n",
        UNIX
        + "auth [success=1 default=ignore] pam_succeed_if.so quiet user ingroup nomfa\n"
        + OTP
        + "auth required pam_permit.so\n",
        False,
        ("alice", "nina"),
    ),
    Design(
        "joined",
        "UsePAM yes\nPubkeyAuthentication no\nKbdInteractiveAuthentication no\n",
        "auth required pam_google_authenticator.so forward_pass\nauth required pam_unix.so nodelay use_first_pass\n",
        True,
    ),
    Design(
        "code_that_cannot_be_asked_for",
        "UsePAM yes\nKbdInteractiveAuthentication no\n",
        UNIX + OTP,
        False,
        ("alice",),
    ),
    Design("denied_user", "UsePAM yes\nDenyUsers carol\nAllowGroups nina carol al*\n", UNIX, False),
)


@pytest.fixture(scope="module")
def logins() -> Iterator[Logins]:
    with Logins() as running:
        yield running


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_ssh(logins: Logins, design: Design) -> None:
    """What lets each user in is what we say lets in, and the path is called strong only where nobody got in by less."""
    logins.write({"pam.d/sshd": design.pam + REST})
    assert logins.ask("sshd", config=design.config)
    observed = logins.enough_for_ssh(design.users, "forward_pass" in design.pam)
    ours = {user: set(logins.ask("ours", user=user)) for user in design.users}
    assert observed == {
        user: {one.replace("publickey", "key") for one in sets} for user, sets in ours.items()
    }
    weak = {one for sets in observed.values() for one in sets if "+" not in one}
    assert design.strong == (not weak)
    for live in (False, True):
        paths = {one["path"]: one for one in logins.collect("login_paths", live)["login_paths.paths"]}
        assert design.strong == (paths["ssh"]["strength"] in STRONG), paths["ssh"]
