"""Discovery: what lies in the folder is a collector that declares its facts and comes with cases."""

import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import collectors
from collectors import PLATFORMS, Collector, discover, every, look
from collectors.door import REASONS
from collectors.findings import Fact, record_fields
from collectors.vocabulary import DOCUMENT, TOML, document, toml
from config import feeds
from tests.collectors.cases import FIXTURES, cases, twin
from tests.collectors.sources import sources

CHECKOUT = Path(__file__).parents[2]
ALL = list(every().values())
SCALARS = {"bool", "int", "str", "time", "date", "list[str]", "list[int]"}


@pytest.mark.parametrize("collector", ALL, ids=lambda one: one.name)
def test_collector_comes_with_test_and_cases(collector: Collector) -> None:
    """A collector dropped in without its test module or its fixture file fails at once."""
    assert (Path(__file__).parent / f"test_{collector.name}.py").is_file()
    assert len(cases(collector.name)) >= 3, "a good host, a failure, one without the subject"
    offline = [case for case in cases(collector.name) if case.data.get("offline")]
    assert offline or collector.platform != "linux", "at least one case goes through the root door"


@pytest.mark.parametrize("collector", ALL, ids=lambda one: one.name)
def test_facts_are_declared_well(collector: Collector) -> None:
    """Names are `subject.property`, types are of the closed list, meanings end without a full stop."""
    for name, fact in collector.facts.items():
        subject, _, rest = name.partition(".")
        assert (subject, rest.replace("_", "").isalnum(), name) == (collector.subject, True, name.lower())
        kinds = [fact.type]
        if fact.type.startswith("records{"):
            kinds = [kind.removesuffix("?") for kind in record_fields(fact.type).values()]
        assert set(kinds) <= SCALARS, fact.type
        assert fact.meaning, name
        assert not fact.meaning.endswith("."), name
    assert isinstance(collector.version, int), "VERSION is the version of the facts' meaning"
    module = importlib.import_module(collector.collect.__module__)
    assert module.__doc__, "the docstring says what is asked, and why that way"


def test_no_case_without_collector() -> None:
    """A fixture file belongs to a collector."""
    assert {path.stem for path in FIXTURES.glob("*.toml")} <= set(every())


def test_written_vocabulary_is_current() -> None:
    """facts.toml and docs/facts.md are what `./script/facts` would write."""
    written = (CHECKOUT / TOML).read_text("utf-8")
    derived = {name: Fact(one.type, one.meaning) for name, one in feeds.FACTS.items()}
    assert toml(every(), derived, written) == written, "run ./script/facts"
    assert document(every(), derived, sources()) == (CHECKOUT / DOCUMENT).read_text("utf-8"), (
        "run ./script/facts"
    )


def test_every_fact_is_shown_by_a_fixture() -> None:
    """So docs/facts.md can say of each where it is read."""
    assert set() == {name for one in ALL for name in one.facts} - sources().keys()


def test_derived_facts_are_nobody_elses() -> None:
    """What judging joins from feeds is reported by no collector, and rests on what collectors report."""
    reported = {name for one in ALL for name in one.facts}
    assert set() == reported & feeds.FACTS.keys()
    assert set() == {name for one in feeds.FACTS.values() for name in one.inputs} - reported


def test_a_fact_has_one_type() -> None:
    """What several platforms tell of has the same type and meaning on each, or a check could not ask it of all."""
    told: dict[str, Fact] = {}
    for collector in ALL:
        for name, fact in collector.facts.items():
            assert fact == told.setdefault(name, fact), f"{name} in {collector.name}"


def test_platforms_are_those_of_config() -> None:
    """A report's platform and the checks' `asks` speak the collectors' words."""
    assert PLATFORMS == importlib.import_module("config.criterion").PLATFORMS


def test_reasons_are_those_of_config() -> None:
    """The door and the section speak the same words."""
    assert set(REASONS) == set(importlib.import_module("config.section").REASONS)


def test_discovery_works_from_a_zip(tmp_path: Path) -> None:
    """The folder listing works where the package is a zip file, as in a single-file application."""
    packed = tmp_path / "app.zip"
    folder = Path(collectors.__file__).parent
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.rglob("*.py"):
            archive.write(path, f"collectors/{path.relative_to(folder)}")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import collectors; print(*collectors.discover())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, packed], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == list(discover())


def test_a_collector_that_sees_nothing_fails_with_its_reason() -> None:
    """`Unseen` out of collect() is a failed section, each fact missing with that reason."""
    host = twin(cases("os")[-1])
    collector = Collector("gone", 1, discover()["os"].facts, lambda host: host.text("/gone") and None)  # type: ignore[arg-type,return-value]
    findings, cpu_ms = look.look_with(collector, host)
    assert ("failed", "not_found") == (findings.outcome, findings.reason)
    assert set(findings.missing) == set(collector.facts)
    assert cpu_ms >= 0


def test_look_yields_what_was_asked_for() -> None:
    """Collectors run by name, in order."""
    host = twin(cases("os")[0])
    assert ["host", "os"] == [name for name, _, _ in look.look(host, {"os", "host"})]
