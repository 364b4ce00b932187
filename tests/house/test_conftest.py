"""How the suite itself ends: what it skips, what it refuses to skip, and its last line.

Each test runs a small suite of its own under the real conftest and the real settings.
"""

import re

import pytest

from tests.house.tree import read

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow

MISSING = "import pytest\n@pytest.mark.real('no-such-part')\ndef test_part(): pass\n"
PRESENT = "import pytest\n@pytest.mark.real('sh')\ndef test_part(): pass\n"
ROOT_ONLY = "import pytest\n@pytest.mark.real('sh', root=True)\ndef test_part(): pass\n"
SKIPPED = "import pytest\ndef test_part(): pytest.skip('no reason')\n"
# As `script/test` starts it.
TWO = ("-n", "2", "--dist", "loadgroup")


class Suite:
    """A folder with our conftest, our settings and one test module."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makefile(".cfg", setup=read("setup.cfg"))
        pytester.mkpydir("tests")

    def run(self, source: str, *arguments: str, user: int = 0) -> pytest.RunResult:
        conftest = read("tests/conftest.py") + f"\nos.geteuid = lambda: {user}\n"
        (self.pytester.path / "tests/conftest.py").write_text(conftest)
        (self.pytester.path / "tests/test_it.py").write_text(source)
        return self.pytester.runpytest_subprocess("-c", "setup.cfg", "--rootdir", ".", *arguments)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    return Suite(pytester)


def last_line(result: pytest.RunResult) -> str:
    """The runner's closing line, without its ornaments."""
    return re.sub(r" in [0-9.]+s.*", "", result.outlines[-1]).strip("= ")


def test_real_user(suite: Suite) -> None:
    """Whoever is not root skips, and the reason names the part."""
    result = suite.run(MISSING, user=1000)
    assert (0, "1 skipped") == (result.ret, last_line(result))
    result.stdout.fnmatch_lines(["SKIPPED*missing here: no-such-part"])


def test_real_root(suite: Suite) -> None:
    """Root could have installed the part: its absence is a failure, which says how."""
    result = suite.run(MISSING)
    assert (1, "1 error") == (result.ret, last_line(result))
    result.stdout.fnmatch_lines(["*missing here: no-such-part; run script/setup --for test"])


def test_real_root_only(suite: Suite) -> None:
    """What only root can start is skipped for others."""
    assert "1 skipped" == last_line(suite.run(ROOT_ONLY, user=1000))
    assert "1 passed" == last_line(suite.run(ROOT_ONLY))


def test_real_present(suite: Suite) -> None:
    """A part that is there is used, whoever asks."""
    assert "1 passed" == last_line(suite.run(PRESENT, user=1000))


@pytest.mark.parametrize("processes", [(), TWO])
def test_skips_fail(suite: Suite, processes: tuple[str, ...]) -> None:
    """With `--skips-fail` a skip fails the run and says so, and the closing line stays last."""
    result = suite.run(SKIPPED, "--skips-fail", *processes)
    assert (1, "1 skipped") == (result.ret, last_line(result))
    result.stdout.fnmatch_lines(["1 skipped, and --skips-fail allows none"])


@pytest.mark.parametrize("processes", [(), TWO])
def test_skips_pass(suite: Suite, processes: tuple[str, ...]) -> None:
    """Without it, or without a skip, all is well."""
    assert 0 == suite.run(SKIPPED, *processes).ret
    assert 0 == suite.run(PRESENT, "--skips-fail", *processes).ret


@pytest.mark.parametrize(("asked", "code"), [("True", 1), ("False", 1), ("True, False", 0)])
def test_coverage(suite: Suite, asked: str, code: int) -> None:
    """One branch of config/ not taken fails the run, also over two processes; the closing line stays last."""
    suite.pytester.mkpydir("config").joinpath("x.py").write_text(
        "def f(a):\n    if a:\n        a = 0\n    return a\n"
    )
    source = f"from config.x import f\ndef test_part():\n    for a in [{asked}]:\n        f(a)\n"
    result = suite.run(source, "--cov=config", "--cov-branch", "--cov-fail-under=100", *TWO)
    assert (code, "1 passed") == (result.ret, last_line(result))


def test_unknown_marker(suite: Suite) -> None:
    """A misspelt marker is an error, not a mark that marks nothing."""
    result = suite.run("import pytest\n@pytest.mark.slwo\ndef test_part(): pass\n")
    assert 0 != result.ret
    assert "'slwo' not found in `markers`" in result.stdout.str()


def test_warning(suite: Suite) -> None:
    """A warning is a failure."""
    assert 1 == suite.run("import warnings\ndef test_part(): warnings.warn('old', DeprecationWarning)\n").ret
