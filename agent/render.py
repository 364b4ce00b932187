"""The table of `boltseal scan`, for a terminal or a plain file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from agent import view
from agent.console import Style
from agent.judged import Judged
from agent.view import Block, Line


def render(judged: Judged, style: Style, everything: bool = False) -> str:
    """The whole table, ended by a line feed."""
    return "\n".join(_lines(judged, style, everything)) + "\n"


def _lines(judged: Judged, style: Style, everything: bool) -> Iterator[str]:
    for name, value in view.headings(judged):
        yield f"{style.paint(f'{name:<12}', 'dim')} {value}"
    yield ""
    for level, answers in view.tallies(judged):
        told = "   ".join(f"{style.status(answer)} {count}" for answer, count in answers.items() if count)
        name = f"{level.title()} checks"
        yield f"{style.paint(f'{name:<14}', 'strong')} {told or 'none'}"
    if exploited := view.exploited(judged):
        yield ""
        yield style.paint("EXPLOITED ELSEWHERE, AND OPEN HERE: UPDATE FIRST", "bad")
        yield from _wrapped(" " * 4 + exploited, " " * 4, style)
    for level in ("must", "should"):
        found = view.blocks(judged, level, everything)
        if found:
            yield ""
            yield style.paint(f"{level.upper()}", "strong")
        for block in found:
            yield from _block(block, style, everything)
    yield ""
    for remark in view.remarks(judged):
        yield from textwrap.wrap(remark, style.width)
    yield f"How to fix: boltseal explain {_example(judged)}" + ("" if everything else "   Every check: --all")


def _block(block: Block, style: Style, everything: bool) -> Iterator[str]:
    one = block.criterion
    room = style.width - 24
    title = textwrap.shorten(one.title, room, placeholder="…")
    yield f"{style.status(one.status, 14)}  {one.id:<5} {style.paint(title, 'strong')}"
    indent = " " * 24
    yield from _wrapped(indent + block.tally + _documents(block, everything), indent, style)
    for line in block.lines:
        yield from _line(line, style)
    if block.left:
        yield f"{indent}and {block.left} more (--all)"


def _line(line: Line, style: Style) -> Iterator[str]:
    answer = line.verdict.answer
    yield f"    {style.status(answer, 14)}    {line.level:<9} {line.title}"
    indent = " " * 34
    yield from _wrapped(indent + line.told, indent, style)
    if line.sources:
        for text in _wrapped(indent + line.sources, indent, style):
            yield style.paint(text, "dim")


def _documents(block: Block, everything: bool) -> str:
    if not block.documents:
        return ""
    count = len(block.documents)
    return f"; to attest: {', '.join(block.documents)}" if everything else f"; {count} to attest by document"


def _wrapped(text: str, indent: str, style: Style) -> list[str]:
    return textwrap.wrap(
        text, style.width, initial_indent="", subsequent_indent=indent, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip


def _example(judged: Judged) -> str:
    """The first criterion that needs something, for the hint at the end."""
    worst = [one.id for one in judged.standing.criteria if one.status in ("not_met", "partly")]
    return worst[0] if worst else next(iter(judged.catalogue.criteria), "4.8")
