"""The readers of rpm's database held to the real rpm: signed and unsigned packages, damaged databases."""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from collectors.door import Unseen
from collectors.readers import packages, packages_signed
from tests.collectors.rpm_world import ENVIRONMENT, Installroot, Package, install, make_packages, make_root

pytestmark = pytest.mark.real("rpm", "rpmbuild", "rpmsign", "gpg", root=True)

NAMES = ("alpha", "beta", "lib-c", "kernel-core")
KINDS = ("rsa3072", "ed25519", "dsa2048")
OLD, NEW = "0:1.0-1", "1:1.1-1"


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of the same packages for every way in which they may be signed, and its key beside it."""
    folder = tmp_path_factory.mktemp("signed")
    found = {"unsigned": folder / "unsigned"}
    found["unsigned"].mkdir()
    make_packages(found["unsigned"], [Package(name, version) for name in NAMES for version in (OLD, NEW)])
    for kind in KINDS:
        found[kind] = folder / kind
        shutil.copytree(found["unsigned"], found[kind])
        with TemporaryDirectory(dir="/tmp") as home:  # gpg's socket wants a short path
            _sign(home, kind, found[kind])
    return found


def _sign(home: str, kind: str, folder: Path) -> None:
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "test", kind, "sign"], check=True, capture_output=True)
    told = [("_gpg_name", "test"), ("_gpg_path", home), ("__gpg", shutil.which("gpg"))]
    options = [word for name, value in told for word in ("--define", f"{name} {value}")]
    files = [str(path) for path in folder.glob("*.rpm")]
    subprocess.run(["rpmsign", "--addsign", *options, *files], check=True, capture_output=True)
    key = subprocess.check_output([*gpg, "--armor", "--export"])
    folder.with_suffix(".asc").write_bytes(key)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


def test_signed(
    pools: dict[str, Path], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """A package is unsigned if rpm's own check of its file says so, whatever the kind of the key."""
    dice, count = random.Random(7), 0
    for turn in range(6):
        root = make_root(tmp_path / str(turn), [])
        host, expected = Installroot(root), set()
        if turn % 2:
            _rpm(root, "--import", str(pools["rsa3072"].with_suffix(".asc")))
        for name in NAMES:
            versions = [OLD, NEW] if name == "kernel-core" else [dice.choice((OLD, NEW))]
            for version in versions:
                kind = dice.choice((*pools, "unsigned"))
                one = Package(name, version)
                install(pools[kind], root, [one])
                checked = _rpm(root, "-Kv", "--nodigest", str(pools[kind] / one.file), ok=(0, 1))
                if "Signature" not in checked:
                    expected.add(name)
                count += 1
        assert packages_signed.unsigned(host).value == sorted(expected)
        assert {one.name for one in packages.installed(host).by_name.values()} == {*NAMES}
    record_property("compared", count)


@pytest.mark.parametrize("damage", ["flipped", "cut", "none"])
def test_damaged_entry(pools: dict[str, Path], tmp_path: Path, damage: str) -> None:
    """Rpm leaves a damaged entry out and ends with 0: then the packages are not known."""
    root = make_root(tmp_path / "root", [])
    install(pools["rsa3072"], root, [Package(name, OLD) for name in NAMES])
    changes: dict[str, Callable[[bytes], bytes]] = {"flipped": _flipped, "cut": _cut, "none": bytes}
    with sqlite3.connect(root / ".rpmdb/rpmdb.sqlite") as database:
        number, entry = database.execute("select hnum, blob from Packages order by hnum desc").fetchone()
        database.execute("update Packages set blob = ? where hnum = ?", (changes[damage](entry), number))
    database.close()
    done = Installroot(root).run(packages.RPM_QUERY)
    assert done.text.count("\n") == (len(NAMES) if damage == "none" else len(NAMES) - 1)
    if damage == "none":
        assert packages.installed(Installroot(root)).by_name.keys() == {*NAMES}
        return
    with pytest.raises(Unseen, match="malformed"):
        packages.installed(Installroot(root))


def _flipped(entry: bytes) -> bytes:
    return entry.replace(b"made up", b"made uP", 1)


def _cut(entry: bytes) -> bytes:
    return entry[: len(entry) // 2]


def _rpm(root: Path, *argv: str, ok: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        ["rpm", "--root", str(root), *argv], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode in ok, (argv, done.stdout, done.stderr)
    return done.stdout
