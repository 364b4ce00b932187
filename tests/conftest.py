"""What every test gets: hypothesis' profile, the `real` marker, and an end to silent skips."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: a slow moment of a busy machine is no finding. The suite takes the same examples each time, so that
# what fails was brought in by a change; HYPOTHESIS_PROFILE=thorough looks for new ones, of which the blob is kept.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# Daemons live where an ordinary user's PATH does not reach.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--skips-fail", action="store_true", help="a skipped test makes the run fail")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.real("sshd", root=True)`: skip where the part is missing, naming it; as root, fail.

    Root can install every part (`script/setup --for test`), so a missing one is a broken set-up.
    """
    is_root = os.geteuid() == 0
    for mark in item.iter_markers("real"):
        missing = [name for name in mark.args if shutil.which(name, path=_PATH) is None]
        if missing and is_root:
            pytest.fail(f"missing here: {', '.join(missing)}; run script/setup --for test", pytrace=False)
        if missing:
            pytest.skip(f"missing here: {', '.join(missing)}")
        if mark.kwargs.get("root") and not is_root:
            pytest.skip("only root can start: " + ", ".join(mark.args))


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not config.getoption("--skips-fail"):
        return 0
    return len(reporter.stats.get("skipped", []))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    # Before the reporter's own turn, so that its closing line already tells of the failure.
    if session.exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = _skipped(config)
    if count:
        terminalreporter.write_line(f"{count} skipped, and --skips-fail allows none", red=True)
