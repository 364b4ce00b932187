"""What is demanded of a new password held to passwd itself, run by users on generated settings.

Passwords just at and just below what our collector claims of the same files are typed on a terminal: the
least length, the kinds of characters, words of a dictionary, old passwords; and the hash in the shadow file.
"""

import string
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from tests.collectors.passwd_inside import BAIT, USERS, Passwd
from tests.collectors.password_settings import worlds

pytestmark = [
    pytest.mark.real("unshare", "useradd", "passwd", "cracklib-packer", root=True),
    pytest.mark.xdist_group("passwd"),
]
THOROUGH = settings().max_examples > 1000
SOME = settings(
    max_examples=400 if THOROUGH else 12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # made smaller, one example takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CLASSES = ("7394628", "QKZBMRW", "xkdvtwgzbq", "%-!+,?")
"""Digits, capitals, small letters, others: without neighbours, of which runs could be made."""
LONG = 44
WORD = 24
SCHEMES = {
    "$y$": "yescrypt",
    "$gy$": "gost_yescrypt",
    "$6$": "sha512",
    "$5$": "sha256",
    "$1$": "md5",
    "$2b$": "bcrypt",
}


@pytest.fixture(scope="module")
def passwd() -> Iterator[Passwd]:
    with Passwd() as running:
        running.ask("words", words=[word(WORD)])
        running.write({"pam.d/other": "password required pam_deny.so\n"})
        yield running


# --- passwords


def password(counts: tuple[int, ...], seed: int = 0) -> str:
    """So many digits, capitals, small letters and others, mixed; nothing but these numbers speaks against it."""
    random = Random(f"{seed} {counts}")
    while True:
        kinds = [kind for kind, count in enumerate(counts) for _ in range(count)]
        random.shuffle(kinds)
        made = ""
        for kind in kinds:
            made += random.choice([one for one in CLASSES[kind] if one not in made[-2:]])
        low = made.lower()
        steps = sum(abs(ord(a) - ord(b)) < 2 for a, b in pairwise(low))
        if steps < 2 and (len(set(low)) > 4 or len(low) < 6) and (low != low[::-1] or len(low) < 2):
            return made


def word(length: int) -> str:
    """The dictionary's word of a length: nothing else speaks against it."""
    random = Random(length)
    letters = random.sample(string.ascii_lowercase[::2], min(length, 13))
    return "".join((letters * 4)[:length])


def shapes(length: int, kinds: list[int]) -> list[tuple[int, ...]]:
    """Ways to make a password of a length: what is demanded and what is rewarded first, or all kinds alike."""
    demanded = [max(-one, 0) for one in kinds]
    found = []
    for rest, least in ((2, 0), (0, 0), (2, 1)):
        counts = [max(one, least) for one in demanded]
        for kind in sorted(range(4), key=lambda one: -kinds[one]):
            counts[kind] += min(max(kinds[kind] - counts[kind], 0), max(length - sum(counts), 0))
        counts[rest] += max(length - sum(counts), 0)
        found.append(counts)
    alike = list(demanded)
    while sum(alike) < length:
        alike[alike.index(min(alike))] += 1
    found.append(alike)
    return list(dict.fromkeys(tuple(one) for one in found if sum(one) == length))


# --- held to passwd


def anyone(new: str, baits: Iterable[str] = ()) -> list[tuple[str, ...]]:
    """Attempts of each user; also after a bait, which one module takes and a later one refuses."""
    return [(user, *bait, new) for bait in ((), *((one,) for one in baits)) for user in USERS]


def tell(files: dict[str, str | None], told: dict[str, object]) -> str:
    return "\n".join(f"--- {name}\n{text}" for name, text in files.items() if text) + f"\n{told}"


@SOME
@given(files=worlds())
def test_rules(passwd: Passwd, files: dict[str, str | None]) -> None:
    """Length, kinds, words, hash: what we claim is stored when some user asks, and what is less is not."""
    passwd.write(files)
    told = passwd.ask("collect")
    kinds, enough = passwd.ask("credits")
    asking = [
        one
        for one in str(files["pam.d/passwd"]).splitlines()
        if "authtok" not in one and "quality" not in one
    ]
    baits = (
        [BAIT, *map(password, shapes(enough, kinds))]
        if any("unix" in one or "history" in one for one in asking)
        else []
    )
    every = [(LONG // 4,) * 4, tuple(LONG // 4 + 2 * (kind == 0) for kind in range(4))]
    kept = passwd.stored(*(one for counts in every for one in anyone(password(counts))))
    if not kept:
        event("nothing can be stored")
        return
    scheme = next((name for prefix, name in SCHEMES.items() if kept.startswith(prefix)), "des")
    assert told["password.new_hash_scheme"] == scheme, tell(files, told)
    length = max(told["password.min_length"], 1)
    at, below = (
        [one for counts in shapes(number, kinds) for one in anyone(password(counts), baits)]
        for number in (length, length - 1)
    )
    assert passwd.stored(*at), f"{length} is not enough\n" + tell(files, told)
    assert not (below and passwd.stored(*below)), f"{length - 1} is enough\n" + tell(files, told)
    classes = told["password.min_classes"]
    for number in (classes, classes - 1):
        some = (
            [
                tuple(LONG // number * (kind in chosen) for kind in range(4))
                for chosen in combinations(range(4), number)
            ]
            if number > 0
            else []
        )
        tried = [one for counts in some for one in anyone(password(counts), baits)]
        assert not tried or bool(passwd.stored(*tried)) == (number == classes), f"{number} kinds\n" + tell(
            files, told
        )
    dull = passwd.stored(*anyone(password((0, 0, WORD, 0))))
    if dull:
        known = not passwd.stored(*anyone(word(WORD), baits))
        assert known == told["password.dictionary_check"], tell(files, told)


HISTORY = "password requisite pam_pwhistory.so use_authtok"


@pytest.mark.parametrize(
    ("lines", "conf"),
    [
        (f"{HISTORY} remember=3", None),
        (f"{HISTORY} remember=1", None),
        (f"{HISTORY} REMEMBER=2", "remember = 1\n"),
        (f"{HISTORY} remember=many", None),
        (HISTORY, "remember = 2\n"),
        (f"password [default=1 success=ok] pam_localuser.so\n{HISTORY} remember=2", None),
        (f"password [success=1 default=ignore] pam_localuser.so\n{HISTORY} remember=4", None),
        ("unix", None),
    ],
)
def test_history(passwd: Passwd, lines: str, conf: str | None) -> None:
    """The last passwords, as many as we claim, are refused when a user tries them; an older one is not."""
    end = "password required pam_unix.so nodelay sha512 use_authtok"
    lines = end + " remember=2" if lines == "unix" else f"{lines}\n{end}"
    first = "password requisite pam_pwquality.so retry=1 dictcheck=0\n"
    passwd.write({"pam.d/passwd": f"{first}{lines}\n", "security/pwhistory.conf": conf, "login.defs": "\n"})
    claimed = passwd.ask("collect")["password.history"]
    tried = passwd.again(USERS[0], [password((4, 4, 4, 4), seed) for seed in range(claimed + 2)])[::-1]
    refused = tried.index(True)  # the present password is the first
    assert refused == max(claimed, 1) or (refused == claimed + 1 and lines.startswith(end))


@pytest.mark.parametrize(
    "told",
    [
        "PASS_MIN_DAYS 7\nPASS_MAX_DAYS 90\n",
        "PASS_MIN_DAYS 1\nPASS_MIN_DAYS 3\n",
        'PASS_MIN_DAYS\t0x10\nPASS_MAX_DAYS "60"\n',
        "PASS_MIN_DAYS -1\nPASS_MAX_DAYS -1\n",
        "pass_max_days 5\n#PASS_MIN_DAYS 4\n",
        "PASS_MIN_DAYS soon\nPASS_MAX_DAYS 9999\n",
    ],
)
def test_ages(passwd: Passwd, told: str) -> None:
    """A new account's least and greatest age of a password are those that we claim of login.defs."""
    passwd.write({"login.defs": told})
    ours = passwd.ask("collect")
    least, greatest = passwd.ask("new_account", name="boltsealnew")[3:5]
    assert ours["password.min_age_days"] == max(int(least or 0), 0)
    assert ours["password.max_age_days"] == (
        99999 if (number := int(greatest or -1)) < 0 or number > 9998 else number
    )
