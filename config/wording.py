"""How values are said in one bounded line, and how much of them a verdict carries."""

from collections.abc import Mapping, Sequence

from config.canonical import Json
from config.settings import NAMED_MAX, OBSERVED_MAX, OBSERVED_MAX_CHARACTERS

_FOUND: Mapping[tuple[str, bool | None], str] = {
    ("every", True): "all {total}",
    ("every", False): "not {count} of {total}: {few}",
    ("some", True): "{count} of {total}: {few}",
    ("some", False): "none of {total}: {few}",
    ("none", True): "none of {total}",
    ("none", False): "{count} of {total}: {few}",
}


def say(value: Json) -> str:
    """A value as a person reads it; of a long list only the first few."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not known"
    if isinstance(value, list):
        return few([say(each) for each in value[:NAMED_MAX]], len(value)) or "none"
    text = str(bounded(value))
    if not text.isprintable():  # a name on a host may hold what would steer somebody's terminal
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text or "(empty)"


def few(names: Sequence[str], count: int) -> str:
    """The first names, and how many there are beside them."""
    return ", ".join(names) + (f" and {count - len(names)} more" if count > len(names) else "")


def bounded(value: Json) -> Json:
    """A value cut to what a verdict carries; says how much was left out."""
    if isinstance(value, list):
        left = len(value) - OBSERVED_MAX
        return [_short(each) for each in value[:OBSERVED_MAX]] + ([f"and {left} more"] if left > 0 else [])
    return _short(value)


def _short(value: Json) -> Json:
    if isinstance(value, list | dict):
        return "…"  # no fact nests so deep: only a broken or hostile host sends this
    if isinstance(value, str) and len(value) > OBSERVED_MAX_CHARACTERS:
        return value[: OBSERVED_MAX_CHARACTERS - 1] + "…"
    return value


def row(element: Json, labels: Sequence[str]) -> str:
    """An element of a list: its labels, then in parentheses what was asked about it."""
    if not isinstance(element, dict):
        return say(element)
    asked = ", ".join(f"{name} {say(value)}" for name, value in element.items() if name not in labels)
    return " ".join(say(element[name]) for name in labels) + (f" ({asked})" if asked else "")


def found(quantifier: str, holds: bool | None, names: Sequence[str], count: int, total: int) -> str:
    """What a question to a list found, naming the first of the `count` elements that the answer rests on."""
    if not count:
        return "none there"
    words = _FOUND.get((quantifier, holds), "not known for {count} of {total}: {few}")
    return words.format(count=count, total=total, few=few(names, count))
