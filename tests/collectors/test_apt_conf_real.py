"""Our reader of apt.conf, for roots, held to `apt-config dump` on generated files."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collectors.doors.root import Root
from collectors.readers import apt_conf

pytestmark = pytest.mark.real("apt-config")

KEYS = ("Aa", "Bb", "cc", "Unattended-Upgrade", "Origins-Pattern", "AA", "Bb::Deep")
VALUES = ('"1"', '"0"', '"x y"', '"a;b"', '"{"', '"//no"', '"o=A,l=B"', '""', "plain", '"/* */"')
SPACE = st.sampled_from([" ", "\n", '  // x "y"\n', " /* z; */ ", "\t", " # w\n"])
SCALAR = st.builds("{}{}{};".format, st.sampled_from(KEYS), SPACE, st.sampled_from(VALUES))
MEMBER = st.builds("{}::{}{};".format, st.sampled_from(KEYS), SPACE, st.sampled_from(VALUES))
BARE = st.builds("{};".format, st.sampled_from(VALUES[:8]))
CLEAR = st.builds("#clear {};\n".format, st.sampled_from(KEYS))


def block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A scope: its members may be bare words, statements and scopes."""
    body = st.lists(inner | BARE, max_size=3).map("\n".join)
    return st.builds("{}{}{{{}}};".format, st.sampled_from(KEYS), SPACE, body)


STATEMENT = st.recursive(SCALAR | MEMBER, block, max_leaves=5)
FILES = st.lists(st.lists(STATEMENT | CLEAR, max_size=5).map("\n".join), min_size=1, max_size=3)


@given(texts=FILES)
@settings(
    max_examples=60, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_generated(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Scopes, lists, comments, `#clear` and the order of files lead to what APT itself has in the end."""
    root = tmp_path_factory.mktemp("conf")
    folder = root / "etc/apt/apt.conf.d"
    folder.mkdir(parents=True)
    for number, text in enumerate(texts[:-1]):
        (folder / f"{9 - number}x").write_text(text)
    (root / "etc/apt/apt.conf").write_text(texts[-1])
    asked, read = apt_conf.parse_dump(_dump(root)), apt_conf.settings(Root(root))
    for names in (KEYS, [f"{one}::{other}" for one in KEYS for other in KEYS]):
        for key in names:
            assert asked.value(key) == read.value(key), key
            assert sorted(asked.items(key)) == sorted(read.items(key)), key


def _dump(root: Path) -> str:
    main = root / "main.conf"
    main.write_text(f'Dir "{root}";\n')
    environment = {"APT_CONFIG": str(main), "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["apt-config", "dump"], text=True, env=environment, capture_output=True, check=True
    ).stdout
