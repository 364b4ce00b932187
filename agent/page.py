"""The page of `boltseal scan --html`: one file, no script, nothing fetched; it prints well."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Final

from agent import view
from agent.console import Style
from agent.judged import Judged
from agent.view import Block, Line
from config import __version__

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1a1d21; --quiet: #5b636d; --line: #d9dde2; --paper: #fff;
        --good: #14633a; --bad: #a3200d; --doubt: #7a4d00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --quiet: #a2abb5; --line: #3a4048; --paper: #15181c;
          --good: #6fd39b; --bad: #ff9a87; --doubt: #f0c060; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 16px; max-width: 960px; background: var(--paper); color: var(--ink);
       font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 24px; margin: 0 0 16px; } h2 { font-size: 18px; margin: 32px 0 8px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 16px; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
section { border-top: 1px solid var(--line); padding: 8px 0; break-inside: avoid; }
h3 { font-size: 15px; margin: 0; display: grid; grid-template-columns: 9em 3.5em 1fr; gap: 8px; }
p { margin: 0; } ul { margin: 8px 0 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: 9em 6em 1fr; gap: 8px; padding: 4px 0; break-inside: avoid; }
.status { white-space: nowrap; font-weight: 600; } .quiet { color: var(--quiet); font-weight: 400; }
.detail { overflow-wrap: anywhere; }
.met, .pass { color: var(--good); } .not_met, .fail { color: var(--bad); }
.partly, .no_evidence, .stale, .unknown { color: var(--doubt); } .not_applicable { color: var(--quiet); }
@media (max-width: 640px) { li, h3 { grid-template-columns: 1fr; gap: 0; } }
@media print { body { padding: 0; max-width: none; font-size: 10pt; color: #000; background: #fff; } }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def page(judged: Judged) -> str:
    """The whole page; every text of the host is escaped."""
    return "\n".join(_lines(judged)) + "\n"


def _lines(judged: Judged) -> Iterator[str]:
    title = f"Boltseal scan of {judged.scan.subject}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{_text(title)}</h1>\n<dl>"
    for name, value in view.headings(judged):
        yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"
    for level, answers in view.tallies(judged):
        told = " ".join(f"{_status(answer)} {count}" for answer, count in answers.items() if count)
        yield f"<dt>{level.title()} checks</dt><dd>{told or 'none'}</dd>"
    yield "</dl>"
    if exploited := view.exploited(judged):
        yield "<h2>Exploited elsewhere, and open here: update first</h2>"
        yield f'<p class="fail">{_text(exploited)}</p>'
    for level in ("must", "should"):
        found = view.blocks(judged, level, everything=True)
        if found:
            yield f"<h2>{level.title()}</h2>"
        for block in found:
            yield from _block(block)
    yield "<h2>Remarks</h2>"
    for remark in view.remarks(judged):
        yield f"<p>{_text(remark)}</p>"
    made_by = f"Made by boltseal {__version__}. This page is no evidence; a sealed report is."
    yield f'<p class="quiet">{made_by}</p>'
    yield "</body>\n</html>"


def _block(block: Block) -> Iterator[str]:
    one = block.criterion
    yield f"<section><h3>{_status(one.status)}<span>{_text(one.id)}</span>"
    yield f"<span>{_text(one.title)}</span></h3>"
    documents = f"; to attest: {', '.join(block.documents)}" if block.documents else ""
    yield f'<p class="quiet">{_text(block.tally + documents)}</p>'
    if block.lines:
        yield "<ul>"
        for line in block.lines:
            yield _line(line)
        yield "</ul>"
    yield "</section>"


def _line(line: Line) -> str:
    verdict = line.verdict
    source = f'<br><span class="quiet">{_text(line.sources)}</span>' if line.sources else ""
    return (
        f'<li>{_status(verdict.answer)}<span class="quiet">{line.level}</span>'
        f'<span class="detail">{_text(line.title)}<br>'
        f'<span class="quiet">{_text(line.told)}</span>{source}</span></li>'
    )


def _status(word: str) -> str:
    return f'<span class="status {word}">{Style().shape(word)} {word.replace("_", " ")}</span>'


def _text(text: str) -> str:
    return html.escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))
