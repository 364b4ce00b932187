"""House style, "Size rules": nothing outgrows its ceiling without a written reason."""

import ast

import pytest

from tests.house.sizes import check_lines, code_lines, function_lines, module_lines
from tests.house.tree import ROOMS, files, python_files, read

MODULE = 250
COLLECTOR = 120
MAIN = 120
FUNCTION = 40
ROOM_README = 120
CRITERION_BLOCK = 30
TRUST_CRITICAL = 1_500
# What an auditor believes is of two kinds, each small enough for one sitting (config/README.md, Decisions): that the
# bytes are what was said and when, and that the verdicts follow from them.
PROVING = (
    "archive bundle bundle_check canonical checked checkpoint envelope errors feed keys merkle replay section"
    " statement"
).split()
JUDGING = (
    "attested criteria criterion deb_version evaluate fact_types feeds operators profile question rejudge schema"
    " standing verdict wording"
).split()
# Imported by no verification: receipts and tiles are the agent's and the server's, the others words and numbers.
BESIDE = "__init__ explain receipt settings shipped tiles".split()

# `path` or `path:function` to the reason. An entry that is no longer needed fails, so the list only shrinks.
LARGER: dict[str, str] = {
    "server/fleet.py": "one place for every number that pages, API and commands show; next to be split along its views",
}


def ceiling(path: str, source: str) -> int:
    """The most lines this module may have."""
    if path.endswith("__main__.py"):
        return MAIN
    if path.startswith("collectors/") and is_collector(source):
        return COLLECTOR
    return MODULE


def is_collector(source: str) -> bool:
    """A module with a top-level `collect`: what discovery takes for a collector."""
    return any(isinstance(n, ast.FunctionDef) and n.name == "collect" for n in ast.parse(source).body)


def too_large(path: str, source: str) -> dict[str, str]:
    """What in this module is over its ceiling: its `path` or `path:function`, and by how much."""
    found = {}
    lines, most = module_lines(source), ceiling(path, source)
    if lines > most:
        found[path] = f"{lines} lines, at most {most}"
    for name, long in function_lines(source).items():
        if long > FUNCTION:
            found[f"{path}:{name}"] = f"{long} lines without its docstring, at most {FUNCTION}"
    return found


def test_modules_and_functions() -> None:
    """Every module and function of the rooms keeps its ceiling, or is on the list with a reason."""
    found: dict[str, str] = {}
    for path in python_files(*ROOMS):
        found |= too_large(path, read(path))
    assert {} == {name: size for name, size in found.items() if name not in LARGER}
    assert [] == [name for name in LARGER if name not in found], "no longer too large: take it off the list"


def test_reasons() -> None:
    """Whoever goes over a ceiling says why in a sentence."""
    assert [] == [name for name, reason in LARGER.items() if len(reason.split()) < 4]


@pytest.mark.parametrize("modules", [PROVING, JUDGING], ids=["proving", "judging"])
def test_trust_critical(modules: list[str]) -> None:
    """What an auditor must read and trust stays small enough to be read."""
    sizes = {name: code_lines(read(f"config/{name}.py")) for name in modules}
    assert sum(sizes.values()) <= TRUST_CRITICAL, sizes


def test_every_module_is_counted() -> None:
    """No module of the trust-critical room escapes the count."""
    names = {path.removeprefix("config/").removesuffix(".py") for path in python_files("config")}
    assert names == {*PROVING, *JUDGING, *BESIDE}


def test_room_readmes() -> None:
    """A room's README is read in one go."""
    sizes = {p: module_lines(read(p)) for p in files() if p in {f"{room}/README.md" for room in ROOMS}}
    assert {} == {path: lines for path, lines in sizes.items() if lines > ROOM_README}


def test_criterion_blocks() -> None:
    """A check is taken in at one look."""
    sizes = {path: max(check_lines(read(path)), default=0) for path in files() if _is_criterion(path)}
    assert sizes
    assert {} == {path: lines for path, lines in sizes.items() if lines > CRITERION_BLOCK}


def _is_criterion(path: str) -> bool:
    return path.startswith("config/criteria/") and path.endswith(".toml")


def test_check_lines() -> None:
    """Each block counts from its header to its first example."""
    example = '[[checks.examples]]\nverdict = "pass"\n'
    criterion = (
        f'id = "9"\n\n[[checks]]\nid = "a"\n{example}{example}\n[[checks]]\nid = "b"\nlevel = "must"\n'
    )
    assert [2, 3] == check_lines(criterion)


@pytest.mark.parametrize(
    ("path", "source", "named"),
    [
        ("server/x.py", "x = 1\n" * 251, "server/x.py"),
        ("agent/__main__.py", "x = 1\n" * 121, "agent/__main__.py"),
        ("collectors/x.py", "def collect(host): ...\n" + "x = 1\n" * 120, "collectors/x.py"),
        ("config/x.py", "def f():\n" + "    x = 1\n" * 40, "config/x.py:f"),
        ("config/x.py", "class A:\n    async def f(self):\n" + "        x = 1\n" * 40, "config/x.py:A.f"),
        ("config/x.py", "if x:\n    def f():\n" + "        x = 1\n" * 40, "config/x.py:f"),
    ],
)
def test_too_large(path: str, source: str, named: str) -> None:
    """The check sees each kind of excess, one line over the ceiling."""
    assert [named] == list(too_large(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("server/x.py", "x = 1\n" * 250),
        ("collectors/door.py", "x = 1\n" * 250),
        ("collectors/x.py", "def collect(host): ...\n" + "x = 1\n" * 119),
        ("config/x.py", 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * 39),
    ],
)
def test_not_too_large(path: str, source: str) -> None:
    """The ceiling itself is allowed, and a docstring costs nothing."""
    assert {} == too_large(path, source)


def test_code_lines() -> None:
    """Docstrings, comments and blank lines are not code; strings that are values are."""
    source = (
        '"""Module.\n\nMore.\n"""\n\n# why\nx = """a\nb\nc"""\n\ndef f():\n    """D."""\n    return x  #\n'
    )
    assert 5 == code_lines(source)
