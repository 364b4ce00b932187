"""The catalogue's own examples are its tests: each is judged, none is written by hand here."""

import tomllib

import pytest

from config import evaluate, fact_types, shipped
from config.criterion import Check, Example
from tests.config.catalogues import MOMENT, seen

DISTRIBUTIONS = ("Debian", "RHEL family", "SUSE")
CHECKS = shipped.catalogue().checks
LINUX_ALONE = set(
    "firewall.no-inner-service-forwarded.v1 os.kernel-current.v1 audit.rules-loaded.v1 audit.rules-persist.v1"
    " audit.immutable.v1 integrity.database-current.v1 integrity.runs-by-itself.v1 listeners.no-x11.v1"
    " privileges.no-hidden-administrator.v1 accounts.locked-without-keys.v1 password.new-hash.v1"
    " accounts.no-weak-hash.v1 accounts.system-without-password.v1 sshd.no-x11-forwarding.v1"
    " listeners.ssh-is-openssh.v1 software.sources-signed.v1 software.unsigned-refused.v1 software.no-foreign.v1"
    " software.no-unsigned-package.v1 software.no-third-party-source.v1".split()
)
"""What other systems have not got."""
NOT_WINDOWS = LINUX_ALONE | set(
    "sshd.log-level.v1 sshd.root-login.v1 sshd.strong-algorithms.v1 sshd.config-valid.v1 sshd.uses-pam.v1"
    " sshd.no-empty-passwords.v1 sshd.no-password-login.v1 sshd.max-tries.v1 sshd.login-grace.v1 sshd.idle.v1"
    " sshd.no-hostbased.v1 sshd.ignores-rhosts.v1 sshd.no-user-environment.v1 sshd.no-weakening-match.v1"
    " accounts.one-superuser.v1 accounts.no-duplicate-ids.v1 accounts.no-empty-password.v1"
    " privileges.sudo-asks-password.v1 privileges.sudo-authenticates.v1 accounts.inactive-disabled.v1".split()
)
NOT_MACOS = LINUX_ALONE - {"accounts.no-weak-hash.v1"} | {
    "firewall.persisted.v1",
    "updates.nothing-held.v1",
    "malware.definitions-current.v1",
}
EXAMPLES = [
    pytest.param(check, example, id=f"{check.id}-{number}-{example.verdict}")
    for check in CHECKS.values()
    for number, example in enumerate(check.examples, 1)
]


@pytest.mark.parametrize(("check", "example"), EXAMPLES)
def test_example(check: Check, example: Example) -> None:
    """The example's facts give the example's verdict."""
    verdicts = evaluate.judge(
        seen(example.facts, example.missing), shipped.catalogue(), shipped.profile(example.profile), MOMENT
    )
    got = next(verdict for verdict in verdicts if verdict.check == check.id)

    assert example.verdict == got.answer, f"{example.why}: {got.reason}: {got.detail}"


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_answers(check: Check) -> None:
    """Every check shows how it passes, fails and is unknown, and where it can, how it does not apply."""
    expected = {"pass", "fail", "unknown"} | ({"not_applicable"} if check.applies_when else set())

    assert expected == {example.verdict for example in check.examples}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_examples_are_about_the_check(check: Check) -> None:
    """An example gives or misses at least one fact that the check asks."""
    asked = {clause.fact for clause in (*check.clauses, *check.applies_when)}

    assert [] == [one for one in check.examples if not asked & {*one.facts, *one.missing}]


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_remediation(check: Check) -> None:
    """Every check says why it is asked, how to fix it on each platform, and what a careless fix breaks."""
    assert check.rationale.strip()
    assert set(check.asks) == check.remediation.keys() == check.caution.keys()
    if "linux" in check.asks:
        remedy = check.remediation["linux"]
        assert "All distributions" in remedy or all(name in remedy for name in DISTRIBUTIONS), remedy
    assert [] == [platform for platform, caution in check.caution.items() if len(caution.split()) <= 3]


@pytest.mark.parametrize(("platform", "without"), [("windows", NOT_WINDOWS), ("macos", NOT_MACOS)])
def test_no_host_is_exempt_for_want_of_a_collector(platform: str, without: set[str]) -> None:
    """What is asked of a Linux host is asked of every other, or unknown there, unless that system has no such thing."""
    linux = {name: check for name, check in CHECKS.items() if "linux" in check.asks}
    left_out = {name for name, check in linux.items() if platform not in (*check.asks, *check.unseen)}
    assert without == left_out
    assert set() == {name for name, check in CHECKS.items() if {*check.asks} & {*check.unseen}}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_traps(check: Check) -> None:
    """Every check shows what is there and yet disabled, narrowed or bypassed, and none passes for it alone."""
    assert any(example.trap for example in check.examples if example.verdict != "pass")


def test_parts() -> None:
    """Every part can be shown by a check or a document."""
    parts = [part for one in shipped.catalogue().criteria.values() for part in one.parts]

    assert [] == [part.id for part in parts if not part.checks and not part.documents]


def test_vocabulary() -> None:
    """facts.toml is sorted, and every line of it is a type."""
    declared = tomllib.loads(shipped.catalogue_files()["facts.toml"].decode())

    assert sorted(declared) == list(declared)
    assert shipped.catalogue().facts == {name: fact_types.parse(text) for name, text in declared.items()}


def test_titles() -> None:
    """A title is one sentence that can be true or false, and no two checks have the same."""
    titles = [check.title for check in CHECKS.values()]

    assert len(titles) == len(set(titles))
    assert [] == [
        title for title in titles if title.endswith((".", "?")) or "\n" in title or len(title) > 120
    ]
