"""Generated settings of a password stack: what pam_pwquality, pam_pwhistory, pam_unix and login.defs may say."""

from hypothesis import strategies as st

NUMBERS = {
    "minlen": st.integers(4, 18),
    "minclass": st.integers(0, 5),
    "dcredit": st.integers(-3, 3),
    "ucredit": st.integers(-2, 3),
    "lcredit": st.integers(-2, 4),
    "ocredit": st.integers(-2, 2),
    "maxrepeat": st.sampled_from([0, 3]),
    "maxsequence": st.sampled_from([0, 4]),
    "dictcheck": st.sampled_from([0, 1]),
    "enforcing": st.sampled_from([0, 1, 1, 1]),
    "retry": st.sampled_from([0, 1, 1, 2]),
    "difok": st.sampled_from([0, 2]),
}
WORDS = ("enforce_for_root", "local_users_only")


@st.composite
def quality(draw: st.DrawFn, equals: str, most: int = 4, broken: bool = True) -> list[str]:
    """Settings of pwquality, as a file (" = ") or as a line's arguments ("=") has them."""
    found = []
    for name in draw(st.lists(st.sampled_from(["minlen", *NUMBERS]), max_size=most)):
        told = name.upper() if draw(st.integers(0, 9)) == 0 else name
        found.append(f"{told}{equals}{draw(NUMBERS[name])}")
    if draw(st.integers(0, 4)) == 0:
        found.append(draw(st.sampled_from(WORDS)))
    if broken and draw(st.integers(0, 7)) == 0:
        odd = draw(
            st.sampled_from(["minlen{}many", "minlength{}15", "minlen{}", "minclass{}2x", "minlen{}0x10"])
        )
        found.insert(draw(st.integers(0, len(found))), odd.format(equals))
    return found


def lines(strategy: st.SearchStrategy[list[str]]) -> st.SearchStrategy[str]:
    return strategy.map(lambda found: "".join(f"{one}\n" for one in found))


FLAG = st.sampled_from(
    ["use_authtok", "use_authtok", "use_authtok", "try_first_pass use_authtok", "try_first_pass", ""]
)
CONTROL = st.sampled_from(
    [
        "requisite",
        "requisite",
        "required",
        "optional",
        "sufficient",
        "[success=ok maxtries=ignore default=die]",
    ]
)
HASHES = st.sampled_from(
    ["sha512", "sha512", "sha256", "yescrypt rounds=3", "md5", "", "blowfish rounds=4", "sha512 md5"]
)
REMEMBER = st.sampled_from(["remember=3", "remember=2", "remember=1", "remember=0", "", "remember=x"])
RETRY = st.sampled_from(["", "", "retry=2", "retry=0"])
METHODS = st.sampled_from(
    [
        "ENCRYPT_METHOD SHA512\n",
        "encrypt_method sha256\n",
        "ENCRYPT_METHOD MD5\nENCRYPT_METHOD SHA512\n",
        "ENCRYPT_METHOD DES\n",
        "ENCRYPT_METHOD = YESCRYPT\n",
        "# ENCRYPT_METHOD SHA512\n",
        "ENCRYPT_METHOD\n",
        "ENCRYPT_METHOD SHA512x\n",
        "ENCRYPT_METHOD none\n",
    ]
)


@st.composite
def unix(draw: st.DrawFn) -> str:
    control = draw(st.sampled_from(["[success=1 default=ignore]", "required", "sufficient"]))
    length = draw(st.sampled_from(["", "", "minlen=9", "minlen=3", "minlen=x", "minlen=12"]))
    more = draw(st.sampled_from(["", "obscure", "nullok"]))
    remember = draw(st.sampled_from(["", "", "", "remember=2", "remember=x"]))
    tail = "password requisite pam_deny.so\n" if control != "required" else ""
    end = "password required pam_permit.so\n" if control.startswith("[") else ""
    return f"password {control} pam_unix.so nodelay {draw(HASHES)} {draw(FLAG)} {length} {more} {remember}\n{tail}{end}"


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, str | None]:
    """A password stack with the files that it reads."""
    stack = []
    if draw(st.integers(0, 6)):
        arguments = " ".join(draw(quality("=", 2)))
        stack.append(f"password {draw(CONTROL)} pam_pwquality.so retry=1 {arguments}\n")
    if draw(st.integers(0, 2)) == 0:
        stack.append(
            f"password {draw(CONTROL)} pam_pwhistory.so {draw(REMEMBER)} {draw(FLAG)} {draw(RETRY)}\n"
        )
    jump = draw(st.sampled_from([""] * 6 + ["user ingroup warehouse", "user notingroup warehouse"]))
    if jump:
        stack.insert(0, f"password [success=1 default=ignore] pam_succeed_if.so quiet {jump}\n")
    local = draw(st.integers(0, 7))
    if local == 0:
        stack.insert(0, "password [default=1 ignore=ignore success=ok] pam_localuser.so\n")
    drop_in = st.one_of(st.none(), lines(quality(" = ")))
    return {
        "pam.d/passwd": "".join(stack) + draw(unix()),
        "security/pwquality.conf": draw(drop_in),
        "security/pwquality.conf.d/10-a.conf": draw(drop_in),
        "security/pwquality.conf.d/20-b.conf": draw(lines(quality(" ", broken=False))),
        "security/pwquality.conf.d/30-c.txt": "minlen = 30\n",
        "security/pwhistory.conf": draw(st.sampled_from([None, "remember = 4\n", "remember = 1\n"])),
        "login.defs": f"PASS_MIN_LEN 25\nPASS_MAX_DAYS 99999\n{draw(METHODS)}",
    }
