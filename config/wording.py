"""How values and findings are said in one bounded line, and how much of them a verdict carries."""

from collections.abc import Mapping, Sequence

from config.canonical import Json

OBSERVED_MAX = 20  # elements of a list that a verdict carries
NAMED_MAX = 3  # elements of a list that one line names
OBSERVED_MAX_CHARACTERS = 120  # of any one string in a verdict


def say(value: Json) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not known"
    if isinstance(value, list):
        return ", ".join(say(element) for element in value) or "none"
    text = str(value)
    if not text.isprintable():  # a name on a host may hold what would steer somebody's terminal
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text or "(empty)"


def brief(value: Json) -> str:
    """The same, but of a long list only the first few."""
    if isinstance(value, list) and len(value) > NAMED_MAX:
        return f"{say(bounded(value[:NAMED_MAX]))} and {len(value) - NAMED_MAX} more"
    return say(bounded(value))


def bounded(value: Json) -> Json:
    """A value cut to what a verdict carries; says how much was left out."""
    if isinstance(value, str) and len(value) > OBSERVED_MAX_CHARACTERS:
        return value[: OBSERVED_MAX_CHARACTERS - 1] + "…"
    if isinstance(value, list):
        shown = [bounded(element) for element in value[:OBSERVED_MAX]]
        left = len(value) - OBSERVED_MAX
        return [*shown, f"and {left} more"] if left > 0 else shown
    return value


def row(record: Json, labels: Sequence[str]) -> str:
    """An element of a list: its labels, then in parentheses what was asked about it."""
    if not isinstance(record, dict):
        return say(record)
    asked = ", ".join(f"{name} {say(value)}" for name, value in record.items() if name not in labels)
    return " ".join(say(record[name]) for name in labels) + (f" ({asked})" if asked else "")


def found(quantifier: str, holds: bool | None, names: Sequence[str], left: int, total: int) -> str:
    """What a question to a list found.

    Args:
        quantifier: every, some or none.
        holds: the answer.
        names: the elements it rests on, at most a few.
        left: how many more there are of these.
        total: how many elements were asked.
    """
    if not names:
        return "none there"
    if holds is not None and holds is (quantifier != "some"):
        return f"all {total}" if quantifier == "every" else f"none of {total}"
    few = ", ".join(names) + (f" and {left} more" if left else "")
    kind = "not known" if holds is None else _RESTS_ON[quantifier, holds]
    return f"{kind} {len(names) + left} of {total}: {few}"


_RESTS_ON: Mapping[tuple[str, bool], str] = {
    ("every", False): "not so for",
    ("some", True): "found",
    ("some", False): "not so for",
    ("none", False): "found",
}
