"""The loader of the catalogue: one good document, one small change per refusal."""

import hashlib
import json
import re
from typing import Any

import pytest

from config import criteria
from config.criteria import load_profile
from config.errors import InputError
from config.fact_types import FactType
from tests.config.catalogues import CRITERION, catalogue, check, document, files, profile

ROWS: dict[str, Any] = {
    "fact": "a.rows",
    "quantifier": "every",
    "field": "ok",
    "operator": "equals",
    "expected": True,
}


def refused(code: str, words: str, changed: dict[str, bytes]) -> None:
    """Loading ends in this error, whose message has these words."""
    with pytest.raises(InputError) as caught:
        criteria.load(changed)
    assert f"catalogue_{code}" == caught.value.code, caught.value.message
    assert words in caught.value.message


def without(table: dict[str, Any], key: str) -> dict[str, Any]:
    """The table without a key."""
    return {name: value for name, value in table.items() if name != key}


def test_load() -> None:
    """Criteria, parts and checks hang together, and every clause knows its types."""
    got = catalogue()
    part = got.criteria["4.8"].parts[0]
    clause = got.checks["a.long-enough.v1"].clauses[0]

    assert ("1", "2020-03") == (got.version, got.msc_version)
    assert "must" == part.level
    assert (got.checks["a.long-enough.v1"],) == part.checks == got.criteria["4.8"].checks
    assert (FactType("int"), FactType("int"), "unknown") == (clause.type, clause.target, clause.empty)


def test_digest() -> None:
    """The digest is over every file's name and bytes, and over nothing else."""
    given = files()
    names = {name: hashlib.sha256(data).hexdigest() for name, data in given.items()}
    expected = hashlib.sha256(json.dumps(names, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    assert expected == criteria.load(given).digest == criteria.load(dict(reversed(given.items()))).digest
    assert expected != criteria.load(given | {"retired.toml": b"# none\n"}).digest


def test_order() -> None:
    """Criteria come in the order of their numbers: 4.10 after 4.9."""
    given = files()
    for id_ in ("4.10", "4.9", "10.1"):
        part: dict[str, Any] = {"id": f"{id_}.a", "title": "t", "requirement": "r"}
        part |= {"documents": [{"id": f"d{id_.replace('.', '-')}", "title": "t", "renewal_days": 1}]}
        given[f"{id_}.toml"] = document(without(CRITERION, "checks") | {"id": id_, "parts": [part]})

    assert ["4.8", "4.9", "4.10", "10.1"] == list(criteria.load(given).criteria)


@pytest.mark.parametrize(
    ("changes", "empty"),
    [
        ({}, "unknown"),
        ({"empty": "pass"}, "pass"),
        ({"quantifier": "some"}, "unknown"),
        ({"quantifier": "some", "field": None, "operator": None, "expected": None}, "fail"),
        ({"quantifier": "none", "field": None, "operator": None, "expected": None}, "pass"),
        (
            {"quantifier": "none", "field": None, "operator": None, "expected": None, "empty": "unknown"},
            "unknown",
        ),
    ],
)
def test_empty(changes: dict[str, Any], empty: str) -> None:
    """An empty selection is unknown, unless being selected is all that is asked, or the clause says."""
    clause = {key: value for key, value in (ROWS | changes).items() if value is not None}

    assert empty == catalogue(check(clauses=[clause])).checks["a.long-enough.v1"].clauses[0].empty


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("README.md", b"", "README.md is a stray"),
        ("04.8.toml", b"", "04.8.toml is a stray"),
        ("4.8.toml.toml", b"", "4.8.toml.toml is a stray"),
        ("facts.toml", None, "3 are there, without ['facts.toml']"),
        ("catalogue.toml", None, "3 are there, without ['catalogue.toml']"),
        ("retired.toml", None, "3 are there, without ['retired.toml']"),
    ],
)
def test_files(name: str, data: bytes | None, words: str) -> None:
    """A catalogue has its four kinds of files, and no others."""
    given = {key: value for key, value in (files() | {name: data}).items() if value is not None}
    refused("files", words, given)


def test_files_many() -> None:
    """The number of files is bounded, before any is read."""
    refused(
        "files", "103 are there", files() | {f"{n}.{m}.toml": b"" for n in range(1, 11) for m in range(1, 11)}
    )


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("facts.toml", '"a.count" = "number"', "wrong_type", "a.count: 'number' is no type"),
        ("facts.toml", 'count = "int"', "wrong_value", "facts.toml: 'count'"),
        ("facts.toml", '"a.count" = 1', "wrong_type", "facts.toml, a.count"),
        ("catalogue.toml", 'version = "1"', "missing_key", "catalogue.toml: msc_version"),
        (
            "catalogue.toml",
            'version = "1"\nmsc_version = "1"\nx = 1',
            "unknown_key",
            "catalogue.toml: unknown key 'x'",
        ),
        ("retired.toml", "retired = [{}]", "missing_key", "retired.toml, retired: id"),
        (
            "retired.toml",
            '[[retired]]\nid = "a.b.v1"\non = "soon"\nreason = "r"',
            "wrong_value",
            "on: 'soon'",
        ),
    ],
)
def test_beside(name: str, text: str, code: str, words: str) -> None:
    """The three files beside the criteria are read as strictly."""
    refused(code, words, files() | {name: text.encode()})


def test_retired() -> None:
    """The id of a retired check is never used again."""
    old = '[[retired]]\nid = "a.long-enough.v1"\non = "2026-11-24"\nreason = "r"\n'
    refused("duplicate_id", "check a.long-enough.v1", files() | {"retired.toml": old.encode()})


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"id": "4.9"}, "wrong_value", "4.8.toml: holds criterion 4.9"),
        ({"level": "may"}, "wrong_value", "level: 'may'"),
        ({"functions": ["prevent"]}, "wrong_value", "functions: 'prevent'"),
        ({"link": "http://example.org/"}, "wrong_value", "link: 'http"),
        ({"conditional": True}, "wrong_value", "a conditional criterion"),
        ({"condition": "sometimes"}, "wrong_value", "a conditional criterion"),
        ({"author": "me"}, "unknown_key", "4.8.toml, criterion 4.8: unknown key 'author'"),
        (
            {"parts": [{"id": "4.8.b", "title": "t", "requirement": "r"}]},
            "unknown_part",
            "4.8.a, not in this file",
        ),
        ({"parts": []}, "wrong_value", "has no parts"),
    ],
)
def test_criterion(changes: dict[str, Any], code: str, words: str) -> None:
    """A criterion is refused for any of these."""
    given = files()
    refused(code, words, given | {"4.8.toml": document(CRITERION | changes)})


@pytest.mark.parametrize(
    ("part", "code", "words"),
    [
        ({"id": "4.7.a"}, "wrong_value", "4.7.a is no part of it"),
        ({"id": "4.8.aa"}, "wrong_value", "4.8.aa is no part of it"),
        ({"documents": []}, "empty_part", "part 4.8.b has nothing"),
        ({"checks": []}, "unknown_key", "part 4.8.b: unknown key 'checks'"),
        ({"level": "guidance"}, "wrong_value", "level: 'guidance'"),
        ({"id": "4.8.a"}, "duplicate_id", "part 4.8.a"),
        (
            {"documents": [{"id": "policy", "title": "t", "renewal_days": 1}]},
            "duplicate_id",
            "document policy",
        ),
        ({"documents": [{"id": "Policy", "title": "t", "renewal_days": 1}]}, "wrong_value", "Policy"),
        (
            {"documents": [{"id": "policy", "title": "t", "renewal_days": 0}]},
            "wrong_value",
            "renewal_days: '0'",
        ),
    ],
)
def test_part(part: dict[str, Any], code: str, words: str) -> None:
    """A second part is refused for any of these."""
    good: dict[str, Any] = {"id": "4.8.b", "title": "t", "requirement": "r"}
    good |= {"documents": [{"id": "other", "title": "t", "renewal_days": 1}]}
    refused(code, words, files(parts=[*CRITERION["parts"], good | part]))


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"id": "a.long-enough"}, "wrong_value", "a.long-enough"),
        ({"id": "a.long-enough.v0"}, "wrong_value", "a.long-enough.v0"),
        ({"id": "v1"}, "wrong_value", "v1"),
        ({"level": "may"}, "wrong_value", "check a.long-enough.v1, level"),
        ({"severity": "high"}, "unknown_key", "check a.long-enough.v1: unknown key 'severity'"),
        ({"mfa": 1}, "wrong_type", "mfa"),
        ({"match": "most"}, "wrong_value", "match: 'most'"),
        ({"clauses": []}, "wrong_value", "check a.long-enough.v1: has no clauses"),
        ({"references": {"pci": ["1"]}}, "wrong_value", "'pci'"),
        ({"references": {"csf": ["Identity management"]}}, "wrong_value", "'Identity management'"),
        ({"references": {"csf": "PR.AA-01"}}, "wrong_type", "csf"),
        ({"remediation": {"amiga": "x"}}, "wrong_value", "'amiga'"),
        ({"remediation": {"linux": ""}}, "wrong_type", "linux"),
        ({"examples": [{"verdict": "maybe"}]}, "wrong_value", "example maybe"),
        (
            {"examples": [{"verdict": "pass", "facts": {"a.cuont": 1}}]},
            "unknown_fact",
            "a.long-enough.v1: no fact is named 'a.cuont'",
        ),
        ({"examples": [{"verdict": "pass", "missing": {"a.cuont": "timeout"}}]}, "unknown_fact", "'a.cuont'"),
        ({"examples": [{"verdict": "pass", "facts": {"a.count": "1"}}]}, "wrong_type", "example's a.count"),
        (
            {"examples": [{"verdict": "unknown", "missing": {"a.count": "tired"}}]},
            "wrong_value",
            "example's reason",
        ),
        ({"examples": [{"verdict": "pass", "profile": 1}]}, "wrong_type", "profile"),
    ],
)
def test_check(changes: dict[str, Any], code: str, words: str) -> None:
    """A check is refused for any of these, by its id."""
    refused(code, words, files(check(**changes)))


def test_check_twice() -> None:
    """Two checks never share an id."""
    refused("duplicate_id", "check a.long-enough.v1", files(check(), check()))


@pytest.mark.parametrize(
    ("clause", "code", "words"),
    [
        ({"fact": "a.cuont", "operator": "equals", "expected": 1}, "unknown_fact", "'a.cuont'"),
        ({"fact": "a.count", "operator": "is", "expected": 1}, "unknown_operator", "'is'"),
        ({"fact": "a.count", "operator": "equals", "expect": 1}, "unknown_key", "'expect'"),
        ({"fact": "a.count"}, "operator_misfit", "without a quantifier"),
        ({"fact": "a.count", "operator": "equals"}, "wrong_type", "equals cannot take None"),
        ({"fact": "a.count", "operator": "equals", "expected": "1"}, "wrong_type", "equals cannot take '1'"),
        (
            {"fact": "a.count", "operator": "contains", "expected": 1},
            "operator_misfit",
            "contains does not read int",
        ),
        (
            {"fact": "a.word", "operator": "at_least", "parameter": "count_min"},
            "operator_misfit",
            "does not read str",
        ),
        (
            {"fact": "a.count", "operator": "equals", "expected": 1, "parameter": "count_min"},
            "operator_misfit",
            "in place of",
        ),
        (
            {"fact": "a.names", "operator": "is_empty", "parameter": "count_min"},
            "operator_misfit",
            "in place of",
        ),
        ({"fact": "a.names", "operator": "is_empty", "expected": 1}, "wrong_type", "is_empty cannot take 1"),
        (
            {"fact": "a.when", "operator": "within_days", "expected": -1},
            "wrong_type",
            "within_days cannot take -1",
        ),
        ({"fact": "a.rows", "operator": "is_empty"}, "operator_misfit", "is_empty does not read records"),
        (
            {"fact": "a.count", "operator": "equals", "expected": 1, "field": "x"},
            "operator_misfit",
            "without a quantifier",
        ),
        (
            {"fact": "a.count", "operator": "equals", "expected": 1, "empty": "pass"},
            "operator_misfit",
            "without a quant",
        ),
        (
            {"fact": "a.rows", "where": [{"field": "ok", "operator": "equals", "expected": True}]},
            "operator_misfit",
            "without",
        ),
        (
            {"fact": "a.count", "operator": "equals", "expected": 1, "quantifier": "every"},
            "operator_misfit",
            "needs a list",
        ),
        (ROWS | {"quantifier": "most"}, "wrong_value", "'most'"),
        (ROWS | {"empty": "maybe"}, "wrong_value", "'maybe'"),
        (ROWS | {"otherwise": "pass"}, "wrong_value", "'pass'"),
        (ROWS | {"field": "okay"}, "unknown_field", "'okay'"),
        (ROWS | {"expected": 1}, "wrong_type", "equals cannot take 1"),
        (without(ROWS, "field"), "operator_misfit", "reads a field"),
        ({"fact": "a.rows", "quantifier": "every"}, "operator_misfit", "only some and none"),
        ({"fact": "a.rows", "quantifier": "none", "field": "ok"}, "operator_misfit", "only some and none"),
        ({"fact": "a.rows", "quantifier": "none", "expected": True}, "operator_misfit", "only some and none"),
        (
            {"fact": "a.names", "quantifier": "some", "operator": "equals", "expected": "x", "field": "y"},
            "operator_misfit",
            "elements",
        ),
        (
            {"fact": "a.names", "quantifier": "some", "operator": "equals", "expected": 1},
            "wrong_type",
            "cannot take 1",
        ),
        (
            {"fact": "a.names", "quantifier": "some", "where": [{"field": "x", "operator": "not_empty"}]},
            "unknown_field",
            "'x'",
        ),
        (
            ROWS | {"where": [{"field": "kind", "operator": "equals", "expected": "x"}]},
            "unknown_field",
            "'kind'",
        ),
        (
            ROWS | {"where": [{"field": "role", "operator": "like", "expected": "x"}]},
            "unknown_operator",
            "'like'",
        ),
        (
            ROWS | {"where": [{"field": "role", "operator": "equals", "expected": 1}]},
            "wrong_type",
            "cannot take 1",
        ),
        (
            ROWS | {"where": [{"field": "role", "operator": "equals", "parameter": "x"}]},
            "unknown_key",
            "'parameter'",
        ),
    ],
)
def test_clause(clause: dict[str, Any], code: str, words: str) -> None:
    """A clause that could not be judged is refused, as a clause or in applies_when, by its check's id."""
    refused(code, words, files(check(clauses=[clause])))
    refused(code, words, files(check(applies_when=[clause])))
    with pytest.raises(InputError, match=re.escape("4.8.toml") + r".*check a\.long-enough\.v1"):
        criteria.load(files(check(clauses=[clause])))


def test_profile() -> None:
    """A profile is its thresholds with their origins, known by the digest of its file."""
    got = profile()

    assert (15, "a standard") == (got.thresholds["count_min"].value, got.thresholds["count_min"].origin)
    assert hashlib.sha256(got.data).hexdigest() == got.digest


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('name = "x"', "missing_key"),
        ('name = "X"\ntitle = "t"\nthresholds = {}', "wrong_value"),
        ('name = "x"\ntitle = "t"\nthresholds = { A = { value = 1, origin = "o" } }', "wrong_value"),
        ('name = "x"\ntitle = "t"\nthresholds = { a = { value = 1 } }', "missing_key"),
        ('name = "x"\ntitle = "t"\nthresholds = { a = { value = 1.5, origin = "o" } }', "wrong_type"),
        ('name = "x"\ntitle = "t"\nthresholds = { a = { value = 1, origin = "" } }', "wrong_type"),
        ('name = "x"\ntitle = "t"\nthresholds = { a = 1 }', "wrong_type"),
        ('name = "x"\ntitle = "t"\nthresholds = {}\ndata = "x"', "unknown_key"),
        ("name", "malformed"),
    ],
)
def test_profile_refused(text: str, code: str) -> None:
    """A threshold without origin, or anything else that is not declared, is refused."""
    with pytest.raises(InputError) as caught:
        load_profile(text.encode())

    assert f"profile_{code}" == caught.value.code
