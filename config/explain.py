"""One criterion explained: its demand, the documents, the checks with their thresholds, how to fix."""

import textwrap
from collections.abc import Iterator

from config import question
from config.criterion import Catalogue, Check, Clause, Criterion, Part
from config.errors import InputError
from config.profile import Profile
from config.standing import effective_level

WIDTH = 100
_FRAMEWORKS = {
    "csf": "NIST CSF 2.0",
    "nist_800_53": "NIST SP 800-53",
    "nist_800_171": "NIST SP 800-171",
    "cis": "CIS Controls",
    "iso": "ISO 27001",
    "stig": "DISA STIG",
}


def explain(catalogue: Catalogue, profile: Profile, criterion_id: str, mfa_reading: str = "text") -> str:
    """The criterion as plain text of at most WIDTH columns, ended by a line feed.

    Raises:
        InputError: criterion_unknown, or what config.question.bind raises.
    """
    criterion = catalogue.criteria.get(criterion_id)
    if criterion is None:
        known = ", ".join(catalogue.criteria)
        raise InputError(
            "criterion_unknown", f"no criterion is {criterion_id[:64]!r}", f"There are: {known}."
        )
    return "\n".join(line.rstrip() for line in _criterion(criterion, profile, mfa_reading)) + "\n"


def _criterion(one: Criterion, profile: Profile, mfa_reading: str) -> Iterator[str]:
    yield f"{one.id} {one.title} [{one.level}]"
    yield ""
    yield from _wrap(one.requirement)
    if one.conditional:
        yield from _wrap(f"Conditional: {one.condition}.")
    if one.guidance:
        yield ""
        yield from _wrap(f"Guidance: {one.guidance}")
    yield ""
    yield from _wrap(f"Functions: {', '.join(one.functions)}. CBP's own text: {one.link}")
    yield from _wrap(f"Thresholds: profile {profile.name} ({profile.title}). MFA read as: {mfa_reading}.")
    for part in one.parts:
        yield ""
        yield from _part(part, profile, mfa_reading)


def _part(part: Part, profile: Profile, mfa_reading: str) -> Iterator[str]:
    yield f"{part.id} {part.title} [{part.level}]"
    yield from _wrap(part.requirement, 2)
    for need in part.documents:
        yield from _item("Document", f"{need.title}; renewed every {need.renewal_days} days ({need.id})")
    for check in part.checks:
        yield ""
        yield from _check(check, profile, effective_level(check, mfa_reading))


def _check(check: Check, profile: Profile, level: str) -> Iterator[str]:
    yield f"  [{level}] {check.title}"
    yield f"    {check.id}"
    for clause in check.applies_when:
        yield from _item("Where", _clause(clause, profile))
    for number, clause in enumerate(check.clauses):
        word = "Wants" if number == 0 else ("and" if check.match == "all" else "or")
        yield from _item(word, _clause(clause, profile))
    yield from _item("Why", check.rationale)
    for platform, text in check.remediation.items():
        yield from _item(f"On {platform}", text)
        if platform in check.caution:
            yield from _item("Careful", check.caution[platform])
    references = "; ".join(f"{_FRAMEWORKS[key]} {', '.join(ids)}" for key, ids in check.references.items())
    if references:
        yield from _item("See", references)


def _clause(clause: Clause, profile: Profile) -> str:
    bound = question.bind(clause, profile)
    origin = f" ({bound.origin})" if bound.origin else ""
    return f"{clause.fact}: {bound.wanted}{origin}"


def _item(word: str, text: str) -> Iterator[str]:
    """Such as "    Why       because …", with the following lines under the first."""
    longer = max(len(word) - 9, 0)  # a longer word takes room in the first line
    lines = _wrap("x" * longer + text.strip(), 14)
    yield f"    {word:<9} " + lines[0][14 + longer :]
    yield from lines[1:]


def _wrap(text: str, indent: int = 0) -> list[str]:
    """Lines of at most WIDTH columns. Line feeds stay: a command stands on a line of its own."""
    wrapped = (
        textwrap.wrap(line, WIDTH - indent, break_on_hyphens=False) for line in text.strip().split("\n")
    )
    return [" " * indent + line for lines in wrapped for line in lines]
