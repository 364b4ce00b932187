"""The data that come with the package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import config
from config import canonical, criteria, question, shipped, statement
from config.errors import InputError

PROFILES = ("cis", "nist", "stig")


def test_catalogue() -> None:
    """All of section 4 is there, with ten musts and three shoulds."""
    got = shipped.catalogue()
    levels = [one.level for one in got.criteria.values()]

    assert [f"4.{n}" for n in range(1, 14)] == list(got.criteria)
    assert {"4.4", "4.11", "4.12"} == {one.id for one in got.criteria.values() if one.level == "should"}
    assert (10, 3) == (levels.count("must"), levels.count("should"))
    assert {"4.3", "4.9", "4.10"} == {one.id for one in got.criteria.values() if one.conditional}
    assert len(got.checks) >= 45


def test_profiles() -> None:
    """Three profiles, each named like its file, each with the same thresholds and every origin told."""
    loaded = {name: shipped.profile(name) for name in PROFILES}

    assert {f"{name}.toml" for name in PROFILES} == set(shipped.profile_files())
    assert {name: name for name in PROFILES} == {name: one.name for name, one in loaded.items()}
    assert all(loaded["nist"].thresholds.keys() == one.thresholds.keys() for one in loaded.values())


@pytest.mark.parametrize("name", PROFILES)
def test_profile_fits(name: str) -> None:
    """Every clause finds its threshold in every profile, of the right type."""
    for check in shipped.catalogue().checks.values():
        for clause in (*check.clauses, *check.applies_when):
            question.bind(clause, shipped.profile(name))


def test_thresholds_used() -> None:
    """A profile holds no threshold that nothing asks for."""
    checks = shipped.catalogue().checks.values()
    asked = {clause.parameter for check in checks for clause in check.clauses}

    assert set() == shipped.profile().thresholds.keys() - asked


def test_profile_unknown() -> None:
    """Another name is refused, and the hint has those that exist; no name reaches beyond the folder."""
    for name in ("mine", "../criteria/facts", "", "x" * 100_000):
        with pytest.raises(InputError) as caught:
            shipped.profile(name)

        assert "profile_unknown" == caught.value.code
        assert "There are: cis, nist, stig." == caught.value.hint
        assert len(caught.value.message) < 120


def test_feeds() -> None:
    """The baseline is read, dated, small, canonical, and knows the systems that people run; OSV is too large for it."""
    files, got = shipped.feed_files(), shipped.feeds()

    assert {"kev.json", "eol.json"} == set(files)
    assert sum(map(len, files.values())) < 200_000
    assert got.kev
    assert got.eol
    assert got.osv is None
    assert len(got.kev.data) > 1400
    assert {"debian", "ubuntu", "rhel", "fedora", "sles", "opensuse-leap", "alpine"} <= got.eol.data.keys()
    assert "2028-06-30" == got.eol.data["debian"]["12"]
    for feed in got:
        data = files[f"{feed.name}.json"]
        assert feed.digest == statement.digest(data)
        assert data == canonical.encode(canonical.decode(data))


def test_from_zip(tmp_path: Path) -> None:
    """The data are found when the package is inside a zip application."""
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as app:
        for file in sorted(Path(config.__file__).parent.rglob("*")):
            if file.suffix in (".py", ".toml", ".json"):
                app.write(file, Path("config") / file.relative_to(Path(config.__file__).parent))
    code = "from config import shipped; print(shipped.__file__, shipped.catalogue().digest, shipped.feeds())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(archive)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    told = f"{archive}/config/shipped.py {shipped.catalogue().digest} {shipped.feeds()}"
    assert told == done.stdout.strip()


def test_same_digest() -> None:
    """Loading the same files again gives the same digest."""
    assert shipped.catalogue().digest == criteria.load(shipped.catalogue_files()).digest
